#!/usr/bin/env bats
# `ingest report`: every figure against SQL of another wording, each form against a reader of its own, names that would harm one.
load lib

setup_file() {
    make_template
}

report() {
    run --separate-stderr "$INGEST" report "$@"
}

# doc EXPRESSION: Python, with the document of the last `report --json` as d, and its tables by name as t.
doc() {
    python3 -c 'import json, sys
d = json.load(sys.stdin)
t = {x["table"]: x for x in d["tables"]}
spark = lambda s: [int(v) if v else None for v in s.split(",")]
print(eval(sys.argv[1]))' "$1" <<<"$output"
}

# payload SOURCE FORMAT COUNTED DAY...: covers these days as a whole.
payload() {
    sql "WITH p AS (INSERT INTO ingest.payloads (scope, dataset, hash, length, head, integrity, format, source, rules_id, lines_read, lines_counted,
              records_read, records_counted, counted_at)
              SELECT 0, '${DATASET:-stats}', decode(md5(random()::text), 'hex'), 1, decode(md5('x'), 'hex'), 'verified', '$2', nullif('$1', ''),
                     decode(md5('r'), 'hex'), 1, 1, 1, 1, '$3' RETURNING id)
         INSERT INTO ingest.payload_days (payload, dataset, day, rules_id, lines, count, bytes, hours)
         SELECT id, '${DATASET:-stats}', day::date, decode(md5('r'), 'hex'), 1, 1, 1, ${HOURS:-16777215} FROM p, unnest(string_to_array('${*:4}', ' ')) day"
}

# Two names and their versions on the days of a week of which one is not covered; the week before has one name.
small() {
    fresh
    sql "INSERT INTO stats (name, version, dldate, count, bytes, clients)
         SELECT name, version, day::date, n, bytes, (SELECT hll_add_agg(hll_hash_text(name || i), 11, 5) FROM generate_series(1, clients) i)
           FROM (VALUES ('b', NULL, 10, 1000, 200), ('b', '1.0', 7, 700, 100), ('b', '2.0', 3, 300, 100)) AS v(name, version, n, bytes, clients),
                unnest(ARRAY['2024-02-01', '2024-02-02', '2024-02-03', '2024-02-05', '2024-02-06', '2024-02-07']) day
         UNION ALL SELECT 'a', version, day::date, n, bytes, (SELECT hll_add_agg(hll_hash_text('a' || i), 11, 5) FROM generate_series(1, clients) i)
           FROM (VALUES (NULL, '2024-02-02', 5, 55, 3), ('0.1', '2024-02-02', 5, 55, 3), (NULL, '2024-01-30', 4, 44, 2)) AS v(version, day, n, bytes, clients)"
    payload edge combined 2024-02-08 2024-01-30 2024-02-01 2024-02-02 2024-02-03 2024-02-05 2024-02-06 2024-02-07
}
WEEK="--since 2024-02-01 --until 2024-02-08"

@test "figures: totals, days, names and versions are what SQL says" {
    small
    report --json $WEEK
    status_is 0
    silent
    is "$(doc 't["public.stats"]["totals"]')" "{'downloads': 65, 'bytes': 6055, 'names': 2, 'versions': 3}"
    is "$(doc 't["public.stats"]["before"]')" "{'downloads': 4, 'bytes': 44, 'names': 1, 'versions': 0}"
    is "$(doc 't["public.stats"]["series"]["downloads"]')" "[10, 15, 10, None, 10, 10, 10]"
    is "$(doc 't["public.stats"]["series"]["state"]')" "sssgsss"
    is "$(doc 't["public.stats"]["series"]["before"]')" "[None, None, None, None, None, 4, None]"
    is "$(doc '[t["public.stats"]["lists"][0][k] for k in ("name", "downloads", "bytes", "before", "total")]')" \
        "[['b', 'a'], [60, 5], [6000, 55], [0, 4], 2]"
    is "$(doc '[spark(s) for s in t["public.stats"]["lists"][0]["series"]]')" "[[10, 10, 10, None, 10, 10, 10], [0, 5, 0, None, 0, 0, 0]]"
    is "$(doc 't["public.stats"]["lists"][0]["versions"]')" \
        "[{'version': ['1.0', '2.0'], 'downloads': [42, 18], 'bytes': [4200, 1800]}, {'version': ['0.1'], 'downloads': [5], 'bytes': [55]}]"
    is "$(doc '(d["period"], d["previous"])')" "({'since': '2024-02-01', 'until': '2024-02-08'}, {'since': '2024-01-25', 'until': '2024-02-01'})"
    is "$(doc 't["public.stats"]["first_day"] + " " + t["public.stats"]["last_day"]')" "2024-01-30 2024-02-07"
}

@test "clients: the union of all days, as the server estimates it, and never their sum" {
    small
    report --json $WEEK
    is "$(doc 't["public.stats"]["clients"]["estimate"]')" \
        "$(sql "SELECT round(hll_cardinality(hll_union_agg(clients))) FROM stats WHERE version IS NULL AND dldate >= '2024-02-01'")"
    is "$(doc 't["public.stats"]["clients"]["error"]')" \
        "$(sql "SELECT round(hll_cardinality(hll_union_agg(clients)) * 1.04 / sqrt(2048)) FROM stats WHERE version IS NULL AND dldate >= '2024-02-01'")"
    is "$(doc 't["public.stats"]["clients"]["before"]')" "{'estimate': 2, 'error': 0, 'are': 'estimate'}"
    is "$(doc 't["public.stats"]["lists"][0]["clients"][1]')" "[3, 0]"
    is "$(doc 't["public.stats"]["lists"][0]["clients"][0][0]')" \
        "$(sql "SELECT round(hll_cardinality(hll_union_agg(clients))) FROM stats WHERE name = 'b' AND version IS NULL")"
    is "$(doc '[m[0] for m in t["public.stats"]["clients"]["months"]]')" "['2024-02']"
}

@test "a saturated sketch and a damaged one: no figure, and a word why; never NaN" {
    small
    sql "UPDATE stats SET clients = ('\x148b7f' || repeat('ff', 1280))::hll WHERE name = 'a' AND dldate = '2024-02-02' AND version IS NULL"
    report --json $WEEK
    status_is 0
    is "$(doc '(t["public.stats"]["clients"]["estimate"], t["public.stats"]["clients"]["why"])')" "(None, 'a sketch is saturated')"
    is "$(doc 't["public.stats"]["lists"][0]["clients"][1]')" None
    [[ "$output" != *[nN]a[nN]* && "$output" != *[Ii]nf* ]]
    report --csv $WEEK
    [[ "$output" != *nan* && "$output" != *NaN* ]]
    report $WEEK
    [[ "$output" == *"clients "*"not known: a sketch is saturated"* ]]
    sql "ALTER TABLE stats DROP COLUMN clients CASCADE"
    report --json $WEEK
    is "$(doc '(t["public.stats"]["clients"]["estimate"], t["public.stats"]["clients"]["why"])')" "(None, 'the table keeps no sketches of clients')"
}

@test "of unlike many days the means are compared, and not the sums; estimates within their errors are the same" {
    small # the week before has one day, 2024-01-30
    payload edge combined 2024-02-08 2024-01-30
    COLUMNS=80 report $WEEK
    status_is 0
    is "$(grep -E '^  (downloads|a day|clients) ' <<<"$output")" "  downloads                       65    before               4
  a day                           11    before               4    +171 %
  clients                   207 +- 5    before               2"
    [[ "$output" == *"6 of 7 days have a figure, 1 of the 7 before: changes are by day"* ]]
    [[ "$(grep -E '^  a  +5 ' <<<"$output")" == *" -79 % "* ]] # 5/6 a day, and 4 before

    sql "INSERT INTO stats SELECT name, version, dldate - 7, count * 2, bytes, clients FROM stats WHERE dldate >= '2024-02-01'"
    sql "DELETE FROM stats WHERE dldate = '2024-01-30' AND count = 4"
    payload edge combined 2024-02-08 2024-01-25 2024-01-26 2024-01-27 2024-01-29 2024-01-31
    COLUMNS=80 report $WEEK
    is "$(grep -E '^  (downloads|clients) ' <<<"$output")" "  downloads                       65    before             130     -50 %
  clients                   207 +- 5    before             207"
    [[ "$output" != *"changes are by"* ]]
}

@test "rows of which no client is known are not rows of nobody" {
    fresh
    sql "INSERT INTO stats (name, version, dldate, count, bytes) VALUES ('a', NULL, '2024-02-01', 5, 50)"
    report --json $WEEK
    is "$(doc 't["public.stats"]["clients"]["estimate"], t["public.stats"]["clients"]["why"], t["public.stats"]["lists"][0]["clients"]')" "(None, 'no client is known of the rows', [None])"
    is "$(doc 't["public.stats"]["clients"]["before"]["estimate"]')" 0
}

@test "twenty years: a bar a year, fewer names with figures by day, which is said; a hundred and one are refused" {
    fresh
    sql "INSERT INTO stats (name, version, dldate, count, bytes) SELECT 'n' || n, NULL, d::date, 1, 1 FROM generate_series(1, 70) n, generate_series(date '2004-01-01', '2023-12-31', '30 days') d"
    report --json --since 2004-01-01 --until 2024-01-01
    status_is 0
    is "$(doc 'len(t["public.stats"]["series"]["downloads"]), len(t["public.stats"]["lists"][0]["series"]), len(t["public.stats"]["lists"][0]["name"])')" "(7305, 50, 70)"
    is "$(doc 'd["notes"][-1]')" "of more than ten years the first 50 names have figures by day"
    COLUMNS=60 report --since 2004-01-01 --until 2024-01-01
    status_is 0
    is "$(grep -cE '^  20[0-9]{2}  ' <<<"$output")" 20
    [ "$(wc -l <<<"$output")" -lt 60 ]
    report --since 1970-01-01 --until 2071-01-01
    status_is 2
    says "too long" "at most 36600 days"
}

@test "states: before, gap, revised, open, after, future, and what the ledger does not know" {
    local today
    small
    payload edge combined 2024-03-01 2024-02-06 # long after it was settled
    report --json --since 2024-01-28 --until 2024-02-10
    is "$(doc 't["public.stats"]["series"]["state"]')" "bbsgsssgsrsaa"
    is "$(doc 't["public.stats"]["series"]["downloads"]')" "[None, None, 4, None, 10, 15, 10, None, 10, 10, 10, None, None]"
    is "$(doc '[s["states"] for s in d["coverage"]["sources"]]')" "['bbsgsssgsrsaa']"
    is "$(doc 'd["coverage"]["sources"][0]["gaps"][-1]["first_day"]')" 2024-02-04

    today=$(sql "SELECT (now() AT TIME ZONE 'UTC')::date")
    payload edge combined "$today" "$today"
    report --json --since "$today" --until "$(sql "SELECT date '$today' + 3")" # midnight may come meanwhile
    is "$(doc 't["public.stats"]["series"]["state"][0] + t["public.stats"]["series"]["state"][2]')" of

    sql "DELETE FROM ingest.payload_days WHERE day = '2024-02-07'"
    report --json $WEEK # the row is there: its figure is shown, as one that is not accounted for
    is "$(doc '(t["public.stats"]["series"]["state"], t["public.stats"]["series"]["downloads"][-1])')" "('sssgsru', 10)"
}

@test "two sources, of which one lacks hours or a day: part of it is covered" {
    small
    HOURS=255 payload other combined 2024-02-08 2024-02-02
    payload other combined 2024-02-08 2024-02-01 2024-02-03 2024-02-06
    report --json $WEEK
    is "$(doc 't["public.stats"]["series"]["state"]')" "spsgpss"
    is "$(doc 't["public.stats"]["series"]["downloads"]')" "[10, 15, 10, None, 10, 10, 10]"
}

@test "a role that may read the tables and not the ledger: a report, and coverage unknown, said once" {
    small
    sql "DROP ROLE IF EXISTS looker; CREATE ROLE looker LOGIN; GRANT SELECT ON stats TO looker"
    PGUSER=looker report --json $WEEK
    status_is 0
    silent
    is "$(doc 't["public.stats"]["series"]["downloads"]')" "[10, 15, 10, None, 10, 10, 10]"
    is "$(doc 't["public.stats"]["series"]["state"]')" "uuuuuuu"
    is "$(doc 'list(d["coverage"])')" "['unknown']"
    is "$(doc '("runs" in d, "rules" in d, "ecosystem" in t["public.stats"])')" "(False, False, False)"
    is "$(doc 'sum("covered" in n for n in d["notes"]), sum("dataselect_stats" in n for n in d["notes"])')" "(1, 1)"
    sql "REVOKE ALL ON stats FROM looker"
    PGUSER=looker report
    status_is 3
    says "may not read" "GRANT SELECT ON"
    sql "DROP ROLE looker"
}

@test "nothing is counted, no table, an empty period, a bad one" {
    fresh
    report
    status_is 0
    [[ "${output//$'\n'/}" == *"nothing is counted yet"* ]]
    report --json
    status_is 0
    says "nothing is counted yet"
    is "$(doc '[x["totals"][x["measures"][0]] for x in d["tables"]]')" "[0, 0]"
    small
    report --since 2023-01-01 --until 2023-02-01
    status_is 0
    [[ "$(tr -s ' \n' ' ' <<<"$output")" == *"there is nothing in this period; the tables have rows from 2024-01-30 to 2024-02-07"* ]]
    report --since 2024-02-01 --until 2024-02-01
    status_is 2
    says "it has no day"
    report --since 1970-01-01 --until 2170-01-01
    status_is 2
    says "too long"
    report --since 2024-02-30
    status_is 2
    PGDATABASE=postgres report
    status_is 3
    says "there is no table" "ingest migrate up"
}

@test "words and options that do not go together" {
    fresh
    for words in "x" "--json --csv" "--badge a --json" "--badge a --name b" "--top 0" "--top 1001" "--dataset nosuch"; do
        # shellcheck disable=SC2086
        report $words
        status_is 2
    done
    run --separate-stderr "$INGEST" --csv nosuchfile
    status_is 2
    says "ingest report"
}

@test "the period unless it is said: to the newest row of old logs, from the first one on" {
    local before
    small
    report --json
    is "$(doc 'd["period"]')" "{'since': '2024-01-30', 'until': '2024-02-08'}"
    sql "INSERT INTO stats (name, dldate, count, bytes) VALUES ('a', (now() AT TIME ZONE 'UTC')::date - 10, 1, 1)"
    before=$(sql "SELECT (now() AT TIME ZONE 'UTC')::date + 1")
    report --json
    is "$(doc "d['period']['until'] in ('$before', '$(sql "SELECT (now() AT TIME ZONE 'UTC')::date + 1")')")" True
    is "$(doc 'len(t["public.stats"]["series"]["state"])')" 365

    fresh # a month's row stands on its first day, and is of all its days
    sql "INSERT INTO dataselect_stats (node_id, date, network, station, location, channel, country, nb_reqs) VALUES (1, '2024-01-01', 'GE', '', '', '', '', 1)"
    report --json
    is "$(doc 'd["period"]')" "{'since': '2024-01-01', 'until': '2024-02-01'}"
    DATASET=dataselect_stats payload edge fdsnws 2024-01-20 2024-01-03 2024-01-17
    report --json
    is "$(doc 'd["period"]')" "{'since': '2024-01-01', 'until': '2024-01-18'}"
}

@test "names: * and ? are wild, everything else is itself" {
    fresh
    sql "INSERT INTO stats (name, version, dldate, count, bytes) SELECT n, NULL, '2024-02-01', 1, 1
         FROM unnest(ARRAY['serde', 'serde_json', 'serdeXjson', 'a%b', 'axb', 'a*b', E'a\\\\b', 'Serde']) n"
    names() {
        report --json --name "$1"
        status_is 0
        doc 't["public.stats"]["lists"][0]["name"]'
    }
    is "$(names 'serde*')" "['serde', 'serdeXjson', 'serde_json']"
    is "$(names 'serde_json')" "['serde_json']"
    is "$(names 'serde?json')" "['serdeXjson', 'serde_json']"
    is "$(names 'a%b')" "['a%b']"
    is "$(names 'a?b')" "['a%b', 'a*b', 'a\\\\b', 'axb']"
    is "$(names 'a\*b')" "['a*b']"
    is "$(names 'a\\b')" "['a\\\\b']"
    report --name "x'; DROP TABLE stats; --"
    status_is 0
    [[ "$(tr -s ' \n' ' ' <<<"$output")" == *"no name fits the pattern"* ]]
    is "$(n_rows stats)" 8
}

@test "more names than stand in the list, more versions than stand beside a name: what is left is summed" {
    fresh
    sql "INSERT INTO stats (name, version, dldate, count, bytes, clients) SELECT 'n' || lpad(i::text, 6, '0'), NULL, '2024-02-01', 20000 - i, 1, hll_empty(11, 5)
           FROM generate_series(1, 10050) i"
    sql "INSERT INTO stats (name, version, dldate, count, bytes, clients) SELECT 'n000001', '1.' || i, '2024-02-01', i, 2, hll_empty(11, 5) FROM generate_series(1, 60) i"
    report --json --top 2
    status_is 0
    is "$(doc '[len(t["public.stats"]["lists"][0][k]) for k in ("name", "downloads", "series", "clients", "versions")]')" "[10000, 10000, 2, 2, 2]"
    is "$(doc 't["public.stats"]["lists"][0]["total"]')" 10050
    is "$(doc 't["public.stats"]["lists"][0]["others"]["downloads"]')" "$(sql "SELECT sum(20000 - i) FROM generate_series(10001, 10050) i")"
    is "$(doc 'sum(t["public.stats"]["lists"][0]["downloads"]) + t["public.stats"]["lists"][0]["others"]["downloads"] == t["public.stats"]["totals"]["downloads"]')" True
    is "$(doc '(len(t["public.stats"]["lists"][0]["versions"][0]["version"]), t["public.stats"]["lists"][0]["versions"][0]["others"])')" "(50, {'n': 10, 'downloads': 55})"
    is "$(doc 't["public.stats"]["totals"]["versions"]')" 60
}

@test "dataselect_stats: months, networks, stations, countries, nodes, failures" {
    fresh
    sql "INSERT INTO nodes (name) VALUES ('<i>gfz</i>')"
    sql "INSERT INTO dataselect_stats (node_id, date, network, station, location, channel, country, bytes, nb_reqs, nb_successful_reqs, nb_failed_reqs, clients)
         SELECT n.id, m::date, net, 'S' || net, '', 'BHZ', c, 100, 10, 10, 0, hll_add(hll_empty(11, 5), hll_hash_text(c))
           FROM nodes n, generate_series(timestamp '2024-01-01', '2024-03-01', '1 month') m, unnest(ARRAY['GE', 'FR']) net, unnest(ARRAY['DE', '']) c
         UNION ALL SELECT 1, '2024-02-01', '', '', '--', '', 'DE', 0, 7, 0, 7, hll_empty(11, 5)"
    report --json --since 2024-02-10 --until 2024-03-05
    status_is 0
    T='t["public.dataselect_stats"]'
    is "$(doc "$T['period'], $T['previous'], $T['step']")" "({'since': '2024-02-01', 'until': '2024-04-01'}, {'since': '2023-12-01', 'until': '2024-02-01'}, 'month')"
    is "$(doc "$T['totals']")" "{'requests': 167, 'successful': 160, 'failed': 7, 'bytes': 1600, 'networks': 2, 'stations': 2, 'countries': 1}"
    is "$(doc "$T['series']['requests'], $T['series']['failed'], $T['series']['before']")" "([87, 80], [7, 0], [None, 80])"
    is "$(doc "[(l['of'], [l[k] for k in l['keys']], l['requests'], l['before']) for l in $T['lists']]")" \
        "[('network', [['FR', 'GE']], [80, 80], [40, 40]), ('station', [['FR', 'GE'], ['SFR', 'SGE']], [80, 80], [40, 40]), ('country', [['DE', '']], [87, 80], [40, 40]), ('node', [['local', '<i>gfz</i>']], [87, 80], [40, 40])]"
    is "$(doc "[l['clients'] for l in $T['lists']]")" "[[[2, 0], [2, 0]], [[2, 0], [2, 0]], [[1, 0], [1, 0]], [[2, 0], [2, 0]]]"
    is "$(doc "[spark(s) for s in $T['lists'][0]['series']]")" "[[40, 40], [40, 40]]"
    [[ "$output" != *"<i>"* ]]
    report --json --name 'GE.*' --since 2024-02-10 --until 2024-03-05
    is "$(doc "$T['totals']['requests'], $T['lists'][1]['station']")" "(80, ['SGE'])"
}

@test "the tables of Zeco, builds.rs and 7TV: auth, crates and files, ULIDs and leaderboards" {
    fresh
    "$INGEST" -q migrate up zeco buildsrs seventv
    sql "INSERT INTO zeco.stats (name, version, dldate, count, auth, bytes) VALUES ('JSON::Fast', NULL, '2024-02-01', 5, 'zef:a', 1), ('JSON::Fast', '1', '2024-02-01', 5, 'zef:a', 1),
         ('JSON::Fast', NULL, '2024-02-01', 2, 'zef:b', 1), ('JSON::Fast', '1', '2024-02-01', 2, 'zef:b', 1)"
    sql "INSERT INTO buildsrs.pubkeys VALUES (1, 'k'); INSERT INTO buildsrs.builders (id, uuid, pubkey) VALUES (1, gen_random_uuid(), 1); INSERT INTO buildsrs.targets (id, name) VALUES (1, 't');
         INSERT INTO buildsrs.crates (id, name) VALUES (1, '=rg'); INSERT INTO buildsrs.crate_versions VALUES (1, 1, '1.0', 'c', false);
         INSERT INTO buildsrs.jobs (id, uuid, builder, target, crate_version, stage) VALUES (1, gen_random_uuid(), 1, 1, 1, 1);
         INSERT INTO buildsrs.job_artifacts (id, job, name, hash, size, signature) VALUES (7, 1, 'rg.tar.gz', 'h', 1, 's');
         INSERT INTO buildsrs.job_artifact_downloads VALUES (7, extract(epoch FROM timestamp '2024-02-01'), 9)"
    sql "INSERT INTO seventv.emote_stats VALUES ('00000000-0000-0000-0000-000000000001', '2024-02-01', -3), ('ffffffff-ffff-ffff-ffff-ffffffffffff', '2024-02-02', 4)"
    "$INGEST" -q leaderboard
    report --json
    status_is 0
    is "$(doc '[x["table"] for x in d["tables"]]')" \
        "['public.stats', 'zeco.stats', 'buildsrs.job_artifact_downloads', 'public.dataselect_stats', 'seventv.emote_stats']"
    is "$(doc 't["zeco.stats"]["totals"], t["zeco.stats"]["lists"][0]["versions"]')" \
        "({'downloads': 7, 'bytes': 2, 'names': 1, 'versions': 1}, [{'version': ['1', '1'], 'downloads': [5, 2], 'bytes': [1, 1], 'auth': ['zef:a', 'zef:b']}])"
    is "$(doc 't["buildsrs.job_artifact_downloads"]["lists"][0]["name"], t["buildsrs.job_artifact_downloads"]["lists"][0]["versions"], t["buildsrs.job_artifact_downloads"]["series"]["downloads"]')" \
        "(['=rg'], [{'version': ['rg.tar.gz'], 'downloads': [9]}], [9, None])"
    is "$(doc 't["seventv.emote_stats"]["lists"][0]["emote"], t["seventv.emote_stats"]["lists"][0]["channels"], t["seventv.emote_stats"]["totals"]')" \
        "(['7ZZZZZZZZZZZZZZZZZZZZZZZZZ', '00000000000000000000000001'], [4, -3], {'channels': 1, 'emotes': 2})"
    is "$(doc 't["seventv.emote_stats"]["boards"]["lists"]["top_all_time"]')" "[['7ZZZZZZZZZZZZZZZZZZZZZZZZZ', 4], ['00000000000000000000000001', -3]]"
    is "$(doc '"clients" in t["seventv.emote_stats"]')" False
    for columns in 40 80; do
        LC_ALL=C.UTF-8 COLUMNS=$columns report
        [ "$(LC_ALL=C.UTF-8 wc -L <<<"$output")" -le $columns ]
    done
    [[ "$output" == *"top_all_time, as of "*"    1  7ZZZZZZZZZZZZZZZZZZZZZZZZZ           4"* ]]

    # Who may not read what leads to the crates gets numbers.
    sql "DROP ROLE IF EXISTS looker; CREATE ROLE looker LOGIN; GRANT USAGE ON SCHEMA buildsrs TO looker; GRANT SELECT ON buildsrs.job_artifact_downloads TO looker"
    PGUSER=looker report --json --dataset job_artifact_downloads
    status_is 0
    is "$(doc 't["buildsrs.job_artifact_downloads"]["lists"][0]["name"]')" "['artifact 7']"
    sql "DROP OWNED BY looker; DROP ROLE looker"
}

# Names that are something else to each of the forms.
hostile() {
    fresh
    sql "INSERT INTO stats (name, version, dldate, count, bytes, clients) SELECT n, v, '2024-02-01', 1, 1, hll_empty(11, 5) FROM
         unnest(ARRAY['<script>alert(1)</script>', '</script><b>', '</noscript></pre><svg onload=alert(1)>', '\"><img src=x onerror=alert(1)>', '&lt;', '=cmd|'' /C calc''!A0', '-1+1', '@x', '+1',
                      E'\tt', E'\rr', 'a,b', E'l\nf', 'q\"q', E'esc\u001b[31m', E'bidi\u202eevil', E'c1\u009b', E'sep\u2028x', ']]>', '__proto__', 'ünï', repeat('x', 300)]) n,
         unnest(ARRAY[NULL, '<v>']) v"
}

@test "hostile names: JSON and page carry them, and none acts" {
    hostile
    report --json --top 50
    status_is 0
    is "$(doc 'len(t["public.stats"]["lists"][0]["name"])')" 22
    sql "SELECT json_agg(name ORDER BY name COLLATE \"C\") FROM stats WHERE version IS NULL" >names
    is "$(doc 'sorted(t["public.stats"]["lists"][0]["name"], key=lambda s: s.encode()) == json.load(open("names"))')" True
    if grep -qP '[\x00-\x09\x0b-\x1f\x7f<>&]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' <<<"$output"; then
        echo "raw: $output"
        return 1
    fi
    report -o page.html --top 50
    status_is 0
    silent
    python3 - "$output" <<'PY'
import html.parser, json
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.where, self.document, self.text = [], None, "", ""
    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        self.tags.append((tag, a))
        self.where = "report" if a.get("id") == "report" else tag
    def handle_endtag(self, tag):
        self.where = None
    def handle_data(self, data):
        if self.where == "report": self.document += data
        if self.where == "pre": self.text += data
page = Page()
text = open("page.html", encoding="utf-8").read()
page.feed(text)
assert not [t for t in page.tags if t[0] in ("img", "b") or t[0] == "svg" and "onload" in t[1] or "onerror" in t[1]], page.tags
d = json.loads(page.document)
assert len(d["tables"][0]["lists"][0]["name"]) == 22
assert "alert(1)" in page.text and "<script>" in page.text, page.text[:3000]
PY
}

@test "hostile names: CSV for a spreadsheet, text for a terminal" {
    hostile
    report --csv
    status_is 0
    python3 - <<PY
import csv, io
rows = list(csv.DictReader(io.StringIO("""$(sed 's/\\/\\\\/g; s/"""/\\"\\"\\"/g' <<<"$output")""")))
names = {r["which"] for r in rows if r["of"] == "name"}
assert len(names) == 22, names
assert not [n for n in names if n[:1] in "=+-@\t\r"], names
assert "'=cmd|' /C calc'!A0" in names and 'q"q' in names and "a,b" in names and "l\\\\x0af" in names, names
assert all(set(r) == {"table", "of", "which", "detail", "day", "measure", "value", "state"} for r in rows)
PY
    for locale in C C.UTF-8; do
        LC_ALL=$locale COLUMNS=70 report --top 30
        status_is 0
        if grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' <<<"$output"; then
            echo "raw: $output"
            return 1
        fi
        [[ "$output" == *'esc\x1b[31m'* ]]
        run bash -c "COLUMNS=45 LC_ALL=$locale '$INGEST' report | LC_ALL=C.UTF-8 wc -L"
        [ "$output" -le 45 ]
        LC_ALL=$locale COLUMNS=70 report --top 30
        [ "$locale" = C.UTF-8 ] || ! grep -qP '[^\x00-\x7f]' <<<"$output"
        [ "$(LC_ALL=C.UTF-8 wc -L <<<"$output")" -le 70 ]
    done
    [[ "$output" == *"ünï"* && "$output" == *"█"* ]]
}

@test "badge: SVG that a parser takes, of one name and of none" {
    hostile
    sql "UPDATE stats SET count = 1234567 WHERE name = 'ünï' AND version IS NULL"
    for name in 'ünï' '<script>alert(1)</script>' $'bidi\xe2\x80\xaeevil' $'esc\e[31m' ']]>' '"><img src=x onerror=alert(1)>'; do
        report --badge "$name" --since 2024-02-01 --until 2024-02-02
        status_is 0
        xmllint --noout --nonet - <<<"$output"
        is "$(xmllint --xpath 'count(//*[local-name()="script" or local-name()="img"])' - <<<"$output")" 0
    done
    report --badge 'ünï' --since 2024-02-01 --until 2024-02-03
    [[ "$output" == *">1.2M in 2 days<"* && "$output" == *"ünï: 1,234,567 downloads from 2024-02-01 to 2024-02-02"* ]]
    report --badge 'ün*'
    status_is 1
    says "nothing was ever counted under this name"
    report --badge a,b -o badge.svg # long ago: nothing in the last 30 days, and that is a figure
    status_is 0
    [[ "$(cat badge.svg)" == *">0 in 30 days<"* ]]
}

@test "files: a directory, a page, standard output; in place of what was there, with its mode" {
    small
    umask 027
    report -o out
    status_is 0
    silent
    is "$(stat -c %a out/index.html)" 640
    is "$(ls -A out)" index.html
    chmod 604 out/index.html
    echo old >out/index.html
    report -o out
    is "$(stat -c %a out/index.html)" 604
    [ "$(wc -c <out/index.html)" -gt 1000 ]
    report -o a.html
    cmp <(sed 's/[0-9:]* UTC//; s/"at":"[^"]*"//' a.html) <(sed 's/[0-9:]* UTC//; s/"at":"[^"]*"//' out/index.html)
    report -o a.json --json
    python3 -m json.tool a.json >/dev/null
    report -o -
    [[ "${output,,}" == "<!doctype html>"* ]]
    echo keep >notes.txt
    report -o notes.txt
    status_is 2
    says "no page"
    is "$(cat notes.txt)" keep
    report -o no/such/dir
    status_is 2
    PGDATABASE=nosuch report -o out
    status_is 3
    is "$(ls -A . | sort | tr '\n' ' ')" "a.html a.json notes.txt out "
}

@test "a year of 10,000 names: under a megabyte, and under the time that one has" {
    fresh
    sql "INSERT INTO stats (name, version, dldate, count, bytes, clients)
         SELECT 'crate-with-a-name-' || n, NULL, date '2023-01-01' + d, 1 + (n * 7919 + d * 104729) % (1 + 100000 / n), 10, hll_empty(11, 5)
           FROM generate_series(1, 10000) n, generate_series(0, 364) d WHERE n <= 100 OR d % 73 = 0"
    report -o page.html --since 2023-01-01 --until 2024-01-01
    status_is 0
    [ "$(wc -c <page.html)" -lt 1000000 ]
    python3 - <<'PY'
import json, re
d = json.loads(re.search(r'id="report">(.*?)</script>', open("page.html", encoding="utf-8").read(), re.S).group(1))
l = d["tables"][0]["lists"][0]
assert len(l["name"]) == 10000 and len(l["series"]) == 100 and len(l["series"][0].split(",")) == 365
PY
}

@test "the example of the documentation is what this version says" {
    local expected
    fresh stats
    "$INGEST" -q --client-key none "$LOGS/logs"
    LC_ALL=C.UTF-8 COLUMNS=80 report --dataset stats --since 2024-01-29 --until 2024-03-03 --top 5
    status_is 0
    expected=$(sed -n '/^```text report$/,/^```$/{/^```/d;p}' "$ROOT/docs/REPORT.md")
    is "$(sed -E 's/(read ).*( UTC)/\1...\2/; s/^downloads in [^,]*/downloads in stats/; s/^  [0-9-]+ [0-9:]+ on .*/  .../; s/^    refused$/DROP/; /DROP/d' <<<"$output" | sed '/^  \.\.\.$/q')" "$expected"
}

# live FILE: a database of its own, with the tables that a system makes itself, and no ledger.
live() {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS live_$1"
    PGDATABASE=postgres sql "CREATE DATABASE live_$1"
    export PGDATABASE=live_$1
    "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/$1.sql" >/dev/null
}

@test "tables that the systems made themselves: no bytes, no sketches, NULLs, doubled totals, no ledger" {
    live zeco
    sql "INSERT INTO stats (name, version, dldate, count, auth) VALUES ('A::B', NULL, '2024-02-01', 2, 'zef:a'), ('A::B', NULL, '2024-02-01', 3, 'zef:a'), ('A::B', '1', '2024-02-01', 5, 'zef:a')"
    report --json
    status_is 0
    is "$(doc 't["public.stats"]["measures"], t["public.stats"]["totals"], t["public.stats"]["lists"][0]["versions"]')" \
        "(['downloads'], {'downloads': 5, 'names': 1, 'versions': 1}, [{'version': ['1'], 'downloads': [5], 'auth': ['zef:a']}])"
    is "$(doc 'd["coverage"], d["notes"]')" "({'unknown': 'this database has no ledger'}, ['which days are covered is not known: this database has no ledger'])"

    live eida
    sql "INSERT INTO nodes (name) VALUES ('gfz'), ('gfz')"
    sql "INSERT INTO dataselect_stats (node_id, date, network, station, country, bytes, nb_reqs, nb_successful_reqs, nb_failed_reqs)
         VALUES (1, '2024-02-01', 'GE', 'EIL', NULL, 10, 1, 1, NULL), (2, '2024-02-01', 'GE', NULL, 'DE', NULL, 2, 2, 0)"
    report --json
    status_is 0
    is "$(doc 't["public.dataselect_stats"]["totals"]')" "{'requests': 3, 'successful': 3, 'failed': 0, 'bytes': 10, 'networks': 1, 'stations': 2, 'countries': 1}"
    is "$(doc '[(l["of"], l[l["keys"][-1]]) for l in t["public.dataselect_stats"]["lists"]]')" "[('network', ['GE']), ('station', ['', 'EIL']), ('country', ['DE', '']), ('node', ['gfz'])]"
    is "$(doc 't["public.dataselect_stats"]["clients"]["estimate"], t["public.dataselect_stats"]["clients"]["why"]')" "(None, 'rows have no sketch')"

    live buildsrs_head
    sql "INSERT INTO pubkeys (encoded) VALUES ('k'); INSERT INTO builders (uuid, pubkey) VALUES (gen_random_uuid(), 1); INSERT INTO crates (name) VALUES ('rg');
         INSERT INTO crate_versions (crate, version, checksum, yanked) VALUES (1, '1.0', 'c', false); INSERT INTO tasks (kind, crate_version, triple) VALUES (1, 1, 1);
         INSERT INTO jobs (uuid, builder, task, stage) VALUES (gen_random_uuid(), 1, 1, 1); INSERT INTO job_artifacts (job, name, hash, size, signature) VALUES (1, 'rg.deb', 'h', 1, 's');
         INSERT INTO job_artifact_downloads VALUES (1, 1706745600, 9), (1, 1706832000, NULL)"
    report --json
    status_is 0
    is "$(doc 't["public.job_artifact_downloads"]["lists"][0]["name"], t["public.job_artifact_downloads"]["series"]["downloads"]')" "(['rg'], [9, 0])"

    live seventv
    sql "INSERT INTO emote_stats VALUES ('00000000-0000-0000-0000-000000000001', '2024-02-01', 2147483647), ('00000000-0000-0000-0000-000000000002', '2024-02-01', 2147483647)"
    report --json
    status_is 0
    is "$(doc 't["public.emote_stats"]["totals"], "boards" in t["public.emote_stats"]')" "({'channels': 4294967294, 'emotes': 2}, False)"
}

@test "a schema whose name is hostile, and hll in a schema of its own" {
    fresh
    sql "DROP EXTENSION hll CASCADE; CREATE SCHEMA away; CREATE EXTENSION hll SCHEMA away; CREATE SCHEMA \"x\"\"; DROP TABLE stats; <b>\";
         CREATE TABLE \"x\"\"; DROP TABLE stats; <b>\".stats (name text, version text, dldate date, count bigint, bytes bigint, clients away.hll(11,5));
         COMMENT ON TABLE \"x\"\"; DROP TABLE stats; <b>\".stats IS 'made by ingest';
         INSERT INTO \"x\"\"; DROP TABLE stats; <b>\".stats VALUES ('a', NULL, '2024-02-01', 1, 1, away.hll_add(away.hll_empty(11, 5), away.hll_hash_text('a')))"
    report --json
    status_is 0
    is "$(doc '[(x["table"], x["totals"]["downloads"], x["clients"]["estimate"]) for x in d["tables"] if x["dataset"] == "stats"]')" \
        "[('public.stats', 0, None), ('x\"; DROP TABLE stats; <b>.stats', 1, 1)]"
    [[ "$output" != *"<b>"* ]]
}

@test "clients that are upper bounds say so, days under two keys have no number, and what happened on a day stands beside" {
    small
    sql "INSERT INTO ingest.upper_bounds VALUES ('stats', 0, '2024-02-02', 'a'), ('stats', 0, '2024-01-26', 'b'), ('access', 0, '2024-02-02', 'b');
         INSERT INTO ingest.annotations (dataset, day, text) VALUES ('stats', '2024-02-03', 'pack <b>crates</b> 2 ' || chr(27) || '[2J'), ('stats', '2024-01-27', 'before'),
             ('stats', '2023-01-01', 'long ago'), ('access', '2024-02-03', 'of another')"
    report --json $WEEK
    status_is 0
    is "$(doc '(t["public.stats"]["clients"]["are"], t["public.stats"]["clients"]["before"]["are"], t["public.stats"]["clients"]["months_are"])')" "('upper bound', 'upper bound', ['upper bound'])"
    is "$(doc 't["public.stats"]["lists"][0]["clients_are"]')" "['estimate', 'upper bound']"
    is "$(doc '[(x["day"], x["text"]) for x in t["public.stats"]["annotations"]]')" "[('2024-01-27', 'before'), ('2024-02-03', 'pack <b>crates</b> 2 \\x1b[2J')]"
    [[ "$output" != *"<b>"* && "$output" != *$'\e'* ]]
    report $WEEK
    [[ "$output" == *"clients  "*"≤ "* || "$output" == *"clients  "*"<= "* ]]
    [[ "$output" == *"clients: an upper bound, those of what was retracted are in it"* ]]
    [[ "$output" == *"2024-02-03  pack <b>crates</b> 2 \\x1b[2J"* && "$output" == *"2024-01-27  before"* && "$output" != *"long ago"* && "$output" != *"of another"* ]]
    report --csv $WEEK
    [[ "$output" == *',annotation,"pack <b>crates</b> 2 \x1b[2J",,2024-02-03,,,'* && "$output" == *'"public.stats",name,"a",,,clients,3,upper bound'* ]]
    [[ "$output" == *'"public.stats",name,"b",,,clients,'*','$'\n'* ]]
    # b has days on both sides, a does not.
    sql "DELETE FROM ingest.upper_bounds; DELETE FROM ingest.annotations; DELETE FROM ingest.key_epochs;
         INSERT INTO ingest.key_epochs (at_table, from_day, key_id) VALUES ('public.stats', '-infinity', '\\x0011223344556677'), ('public.stats', '2024-02-03', '\\x0022222244556677')"
    report --json $WEEK
    is "$(doc '(t["public.stats"]["clients"]["estimate"], t["public.stats"]["clients"]["are"], t["public.stats"]["clients"]["before"]["are"], t["public.stats"]["clients"]["months"])')" "(None, 'two keys', 'estimate', [['2024-02', None, None]])"
    is "$(doc '(t["public.stats"]["lists"][0]["clients_are"], t["public.stats"]["lists"][0]["clients"], t["public.stats"]["keys"], "annotations" in t["public.stats"])')" \
        "(['two keys', 'estimate'], [None, [3, 0]], ['2024-02-03'], False)"
    report $WEEK
    [[ "$output" == *"clients     not known: days under two client keys cannot be added up"* && "$output" == *"2024-02-03  another client key"* ]]
    report --csv $WEEK
    [[ "$output" == *'"public.stats",total,,,,clients,,two keys'* && "$output" == *',annotation,"another client key",,2024-02-03,,,'* ]]
    for days in "--since 2024-02-03 --until 2024-02-08" "--since 2024-02-01 --until 2024-02-03"; do
        # shellcheck disable=SC2086
        report --json $days
        is "$(doc 't["public.stats"]["clients"]["are"]')" estimate
    done
    # Whoever may not read the ledger is told by the views beside the table.
    role=onlooker_${PGDATABASE//[^a-z0-9]/_}
    sql "CREATE ROLE $role LOGIN; GRANT SELECT ON stats, stats_keys, stats_upper_bounds, stats_annotations TO $role;
         INSERT INTO ingest.upper_bounds VALUES ('stats', 0, '2024-02-02', 'a'); INSERT INTO ingest.annotations (dataset, day, text) VALUES ('stats', '2024-02-03', 'seen')"
    PGUSER=$role report --json --dataset stats $WEEK
    status_is 0
    is "$(doc '(t["public.stats"]["clients"]["are"], t["public.stats"]["lists"][0]["clients_are"], t["public.stats"]["annotations"])')" "('two keys', ['two keys', 'upper bound'], [{'day': '2024-02-03', 'text': 'seen'}])"
    # An older ledger, with older views, has none of it.
    sql "DROP OWNED BY $role; DROP ROLE $role; $(cat "$ROOT"/schema/stats/1795760000-corrections.down.sql) DROP TABLE ingest.upper_bounds, ingest.annotations, ingest.key_epochs CASCADE"
    report --json $WEEK
    status_is 0
    is "$(doc '(t["public.stats"]["clients"]["are"], "annotations" in t["public.stats"])')" "('estimate', False)"
}
