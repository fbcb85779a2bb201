// The question of the benchmark, asked of DuckDB: ask_duckdb.mjs LOG THREADS same|lean [ROWS.tsv]
// Prints {version, rows, counted, bytes}; with a fourth argument the rows go there, version \\N for the total of a name.
// lean: does not look whether a version is one.
import { DuckDBInstance } from "@duckdb/node-api";
import { columns, quoted, semver } from "./question.mjs";

const [log, threads, kind, rows] = process.argv.slice(2);
const types = columns.map((c) => `'${c}': '${c === "sc_bytes" ? "BIGINT" : "VARCHAR"}'`).join(", ");
const is_version = kind === "lean" ? "true" : `regexp_full_match(version, '${semver}')`;
const question = `
  SELECT name, version, count(*) AS n, sum(bytes) AS bytes, approx_count_distinct(ip) AS clients
  FROM (SELECT day, split_part(path, '/', 3) AS name,
               CASE WHEN path LIKE '%/download' THEN split_part(path, '/', 4)
                    ELSE path[2 * length(split_part(path, '/', 3)) + 11 : -7] END AS version, bytes, ip
        FROM (SELECT date AS day, cs_uri_stem AS path, sc_bytes AS bytes, c_ip AS ip
              FROM read_csv(${quoted(log)}, columns = {${types}}, auto_detect = false, header = false, skip = 2,
                            delim = '\\t', quote = '', escape = '', compression = 'gzip')
              WHERE cs_method = 'GET' AND sc_status = '200' AND path LIKE '/crates/%'
                AND (path LIKE '%.crate' OR path LIKE '%/download')))
  WHERE ${is_version}
  GROUP BY GROUPING SETS ((day, name, version), (day, name))`;

const db = await (await DuckDBInstance.create(":memory:", { threads })).connect();
const ask = async (sql) => (await db.runAndReadAll(sql)).getRowObjects();
await db.run(`CREATE TEMP TABLE answer AS ${question}`);
const [total] = await ask(`SELECT version() AS version, count(*) AS rows,
                                  (sum(n) FILTER (version IS NOT NULL))::BIGINT AS counted,
                                  (sum(bytes) FILTER (version IS NOT NULL))::BIGINT AS bytes FROM answer`);
if (rows) await db.run(`COPY answer TO ${quoted(rows)} (DELIMITER '\\t', HEADER false, NULLSTR '\\N')`);
console.log(JSON.stringify(total, (_, v) => (typeof v === "bigint" ? Number(v) : v)));
