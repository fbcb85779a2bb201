// The question of the benchmark, asked of ClickHouse: ask_chdb.mjs LOG THREADS same|lean [ROWS.tsv]
// Prints {version, rows, counted, bytes}; with a fourth argument the rows go there, version \\N for the total of a name.
// lean: does not look whether a version is one.
import { writeFileSync } from "node:fs";
import { Session } from "chdb";
import { columns, quoted, semver } from "./question.mjs";

const [log, threads, kind, rows] = process.argv.slice(2);
const types = columns.map((c) => `${c} ${c === "sc_bytes" ? "UInt64" : "String"}`).join(", ");
const is_version = kind === "lean" ? "1" : `match(version, ${quoted(`^${semver}$`.replaceAll("\\", "\\\\"))})`;
const question = `
  SELECT name, if(grouping(version) = 1, NULL, version) AS version_or_total, count() AS n, sum(sc_bytes) AS bytes,
         uniqHLL12(c_ip) AS clients
  FROM (SELECT date AS day, splitByChar('/', path)[3] AS name,
         if(endsWith(path, '/download'), splitByChar('/', path)[4],
            substring(path, 2 * length(name) + 11, length(path) - 2 * length(name) - 16)) AS version, sc_bytes, c_ip
  FROM (SELECT date, cs_uri_stem AS path, sc_bytes, c_ip
        FROM file(${quoted(log)}, 'TabSeparatedRaw', ${quoted(types)}, 'gzip')
        WHERE cs_method = 'GET' AND sc_status = '200' AND startsWith(path, '/crates/')
          AND (endsWith(path, '.crate') OR endsWith(path, '/download'))))
  WHERE ${is_version}
  GROUP BY GROUPING SETS ((day, name, version), (day, name))
  SETTINGS max_threads = ${threads}, input_format_tsv_skip_first_lines = 2`;

const db = new Session();
db.query("CREATE DATABASE bench ENGINE = Memory");
db.query("CREATE TABLE bench.answer (name String, version Nullable(String), n UInt64, bytes UInt64, clients UInt64) ENGINE = Memory");
db.query(`INSERT INTO bench.answer ${question}`);
process.stdout.write(db.query(`SELECT version() AS version, count() AS rows,
                               sumIf(n, isNotNull(bench.answer.version)) AS counted,
                               sumIf(bytes, isNotNull(bench.answer.version)) AS bytes FROM bench.answer
                               SETTINGS output_format_json_quote_64bit_integers = 0`, "JSONEachRow"));
if (rows) writeFileSync(rows, db.query("SELECT * FROM bench.answer", "TabSeparated"));
db.cleanup();
