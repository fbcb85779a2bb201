#!/usr/bin/env bats
# `ingest status`: what is covered, by source, day and hour; what may still change; who is late. The rows are made, and lie some days
# before the server's today: far enough from every boundary that midnight may come meanwhile.
load lib

setup_file() {
    make_template
}

# A ledger without a payload and without a run.
empty() {
    fresh
    sql "TRUNCATE ingest.runs"
    : >my.ini
    N=0
}

# ago N: the day N days before the server's today.
ago() {
    sql "SELECT (now() AT TIME ZONE 'UTC')::date - $1"
}

# payload SOURCE FORMAT COUNTED [PARTIAL [EXTENDS]]: its number is its id. COUNTED is SQL; `t` is the beginning of today.
payload() {
    N=$((N + 1))
    sql "INSERT INTO ingest.payloads (id, scope, dataset, hash, length, head, integrity, format, source, rules_id, lines_read, lines_counted,
             records_read, records_counted, counted_at, partial, extends) OVERRIDING SYSTEM VALUE
         SELECT $N, 0, '${DATASET:-stats}', decode(md5('$N'), 'hex'), 1, decode(md5('$N'), 'hex'), 'verified', '$2', nullif('$1', ''),
                decode(md5('r'), 'hex'), 10, 9, 10, 9, $3, ${4:-false}, ${5:-NULL}
           FROM date_trunc('day', now(), 'UTC') AS t"
}

# day PAYLOAD DAYS_AGO [HOURS [STATE]]
day() {
    sql "INSERT INTO ingest.payload_days (payload, dataset, day, state, rules_id, lines, count, bytes, hours)
         SELECT $1, '${DATASET:-stats}', (now() AT TIME ZONE 'UTC')::date - $2, '${4:-counted}', decode(md5('r'), 'hex'), 10, 9, 90, ${3:-16777215}"
}

status() {
    run --separate-stderr "$INGEST" -c my.ini status "$@"
}

# of SOURCE EXPRESSION: Python, with what --json says of the source as s and days by how long they are ago.
of() {
    python3 -c 'import datetime, json, sys
status = json.loads(sys.argv[3])
s = [s for s in status["sources"] if (s["source"] or "") == sys.argv[1]][0]
today = datetime.date.fromisoformat(sys.argv[4])
ago = lambda text: (today - datetime.date.fromisoformat(text)).days
days = {ago(d["day"]): d for d in s["days"]}
gaps = [(ago(g["first_day"]), ago(g["last_day"]), g["hours"]) for g in s["gaps"]]
print(eval(sys.argv[2]))' "$1" "$2" "$output" "$(ago 0)"
}

coverage() {
    sed -n '/^coverage$/,/^refused$/{/^refused$/!p}' <<<"$output"
}

@test "gaps: whole days, hours inside days, and what lies before the first and behind the last line is none" {
    empty
    payload web combined "t - interval '2 days'"
    day 1 9 $((0xffff00))     # begins at eight
    day 1 8
    day 1 4 $((0xffffff & ~0x70))
    day 1 3 $((0xffffff & ~0x1))
    day 1 2 $((0x00ffff))     # ends at sixteen
    status
    status_is 0
    is "$(coverage)" "coverage
  stats, source web: 1 payload
    5 of 8 days from $(ago 9) to $(ago 2), 3 gaps
    gap      $(ago 7) to $(ago 5)
    gap      $(ago 4) hours 04-06
    gap      $(ago 3) hour 00
    settled  $(ago 9) hours 08-23
    settled  $(ago 8)
    settled  $(ago 4) hours 00-03, 07-23
    settled  $(ago 3) hours 01-23
    settled  $(ago 2) hours 00-15
  with -v all days and gaps"
    status --json
    is "$(of web 'gaps')" "[(7, 5, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]), (4, 4, [4, 5, 6]), (3, 3, [0])]"
    is "$(of web 's["counted"], days[8]["hours"] == list(range(24)), days[2]["hours"][-1], sorted(days)')" "(45, True, 15, [2, 3, 4, 8, 9])"
}

@test "a day is open until its source's time is over: 26 hours for CloudFront, 72 for S3, two for others, or what is said" {
    empty
    cat >my.ini <<'END'
[source slow]
files = x
settle = 5d
[source quick]
files = x
settle = 1m
END
    for source in cloudfront s3 combined slow quick; do
        format=$source
        [[ $source != slow && $source != quick ]] || format=cloudfront
        payload "$source" "$format" "t - interval '20 days'"
        for d in 0 1 2 3 5 7; do
            day $N $d
        done
    done
    status --json
    status_is 0
    # Not asked about: days that end or begin to be settled today.
    is "$(of cloudfront '[days[d]["state"] for d in (0, 1, 3, 5)]')" "['open', 'open', 'settled', 'settled']"
    is "$(of s3 '[days[d]["state"] for d in (0, 1, 2, 5, 7)]')" "['open', 'open', 'open', 'settled', 'settled']"
    is "$(of combined '[days[d]["state"] for d in (0, 2, 3)]')" "['open', 'settled', 'settled']"
    is "$(of slow '[days[d]["state"] for d in (0, 1, 3, 7)]')" "['open', 'open', 'open', 'settled']"
    is "$(of quick '[days[d]["state"] for d in (0, 2, 3)]')" "['open', 'settled', 'settled']"
    # What is missing of them is a gap once it is no longer open.
    for d in 10 9 7; do
        day 4 $((d + 1)) 1
    done
    sql "UPDATE ingest.payload_days SET hours = 1 WHERE payload = 4"
    is "$(status --json; of slow '[(g[0], g[1], len(g[2])) for g in gaps if g[1] > 6]')" "[(11, 10, 23), (9, 9, 24), (8, 7, 23)]"
    is "$(status --json; of slow '[g for g in gaps if g[0] < 5]')" "[]"
}

@test "revised: a payload was counted after the day was settled; years of logs that are counted at last are not" {
    empty
    # In time, and one that came days later.
    payload a combined "t - interval '9 days' + interval '1 hour'"
    day 1 10
    day 1 9 1
    payload a combined "t - interval '5 days'"
    day 2 10
    # Both late, one soon after the other.
    payload b combined "t - interval '3 days'"
    day 3 100
    payload b combined "t - interval '3 days' + interval '90 minutes'"
    day 4 100
    # Both late, and far from each other.
    payload c combined "t - interval '3 days'"
    day 5 100
    payload c combined "t - interval '2 days'"
    day 6 100
    # Late, but what it replaces is gone: the other one is alone.
    payload d combined "t - interval '9 days' + interval '1 hour'"
    day 7 10 16777215 replaced
    payload d combined "t - interval '5 days'"
    day 8 10
    status --json
    status_is 0
    is "$(of a 'days[10]["state"], days[10]["late"], days[10]["payloads"], days[9]["state"]')" "('revised', 1, 2, 'settled')"
    is "$(of b 'days[100]["state"], days[100]["late"]')" "('settled', 2)"
    is "$(of c 'days[100]["state"], days[100]["late"]')" "('revised', 2)"
    is "$(of d 'days[10]["state"], s["replaced"], s["live"], s["payloads"]')" "('settled', 1, 1, 2)"
    status
    [[ "$(coverage)" == *"2 of 2 days from $(ago 10) to $(ago 9), 1 revised"* ]]
    [[ "$(status -v; coverage)" == *"    revised  $(ago 10), 1 came after it was settled"* ]]
    # And hits of one that found their key by now.
    sql "INSERT INTO ingest.unresolved (payload, dataset, path, day, count, bytes, healed_at)
         SELECT 1, 'stats', 'p', (now() AT TIME ZONE 'UTC')::date - 9, 1, 0, now()"
    is "$(status --json; of a 'days[9]["state"], days[9]["late"]')" "('revised', 1)"
}

@test "payloads by what they are: partial, extending others, replaced, retracted, adopted; by dataset and source" {
    empty
    payload web combined "t - interval '2 days'"
    day 1 2 1
    payload web combined "t - interval '2 days'" true
    day 2 2 2
    payload web combined "t - interval '2 days'" false 2
    day 3 2 4
    payload web combined "t - interval '2 days'"
    day 4 2 8 replaced
    day 4 3 8
    payload web combined "t - interval '2 days'"
    day 5 4 8 retracted
    payload web combined "t - interval '2 days'"
    day 6 2 16 adopted
    payload web none "t" # an empty log
    DATASET=dataselect_stats payload "" fdsnws "t - interval '2 days'"
    DATASET=dataselect_stats day 8 2 0
    status --json
    status_is 0
    is "$(of web '[s[k] for k in ("payloads", "live", "partial", "extending", "replaced", "retracted", "adopted", "lines", "counted")]')" \
        "[7, 6, 1, 1, 1, 1, 1, 70, 45]"
    is "$(of web '[(a, days[a]["hours"], days[a]["partial"], days[a]["payloads"]) for a in sorted(days)]')" "[(2, [0, 1, 2, 4], 1, 4), (3, [3], 0, 1)]"
    is "$(of web gaps)" "[(3, 3, [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]), (2, 2, [3])]"
    is "$(of "" 's["dataset"], gaps, days[2]["hours"]')" "('dataselect_stats', [], [])"
    status
    [[ "$output" == *"stats, source web: 7 payloads, 1 partial, 1 extending others, 1 replaced, 1 retracted, 1 adopted"$'\n'* ]]
    [[ "$output" == *"dataselect_stats, (no source): 1 payload"$'\n'* ]]
    [[ "$output" == *"settled  $(ago 2) hours 00-02, 04, 1 partial"$'\n'* ]]
}

@test "a source that is expected and late: named, exit status 1; also one that never came; in time: 0" {
    empty
    cat >my.ini <<'END'
[source edge]
files = x
expected = 36h
[source web]
files = x
[source never]
files = x
expected = 7d
END
    payload edge combined "now() - interval '37 hours'"
    payload web combined "now() - interval '300 days'"
    status
    status_is 1
    silent
    [[ "$output" == "late
  edge: a payload is expected every 36 hours, the last was counted 37 hours ago, at "*" UTC
  never: a payload is expected every 7 days, and none has ever come
counted"* ]]
    [[ "$output" == *"source never: nothing yet"* ]]
    status --json
    status_is 1
    is "$(summary '[(e["source"], e["late"], e["expected_seconds"]) for e in s["expected"]]')" "[('edge', True, 129600), ('never', True, 604800)]"
    is "$(summary '132000 < s["expected"][0]["seconds_since"] < 134000, s["expected"][1]["last_counted_at"]')" "(True, None)"
    payload edge combined "now() - interval '35 hours'"
    payload never combined "now() - interval '1 day'"
    status
    status_is 0
    [[ "$output" != *late* ]]
    # Whoever has no configuration expects nobody.
    sql "TRUNCATE ingest.payloads CASCADE"
    status
    status_is 1
    : >my.ini
    status
    status_is 0
}

@test "it fits a screen, says what it leaves out, and -v leaves nothing out" {
    empty
    for source in a b c d e f g h i j k l; do
        payload $source combined "t - interval '2 days'"
        sql "INSERT INTO ingest.payload_days (payload, dataset, day, rules_id, lines, count, bytes, hours)
             SELECT $N, 'stats', (now() AT TIME ZONE 'UTC')::date - 2 - 2 * n, decode(md5('r'), 'hex'), 1, 1, 1, 16777215 & ~(1 << (n % 24))
               FROM generate_series(0, 200) n"
    done
    sql "INSERT INTO ingest.runs (started_at, host, version, source, status, read, known, known_otherwise, grown, partial, refused, skipped, lines, counted)
         SELECT now(), 'h', '1', 's' || n % 20, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1 FROM generate_series(1, 200) n"
    status
    status_is 0
    [ "$(wc -l <<<"$output")" -le 32 ]
    [[ "$output" == *"201 of 401 days from $(ago 402) to $(ago 2), 401 gaps"* ]]
    [[ "$output" == *"with -v the others too, and all days and gaps"* ]]
    [[ "$output" == *"and those of 17 more sources: -v"* ]]
    status -v
    [ "$(grep -c '^    settled' <<<"$output")" -eq $((12 * 201)) ]
    [ "$(grep -c 'source s' <<<"$output")" -eq 20 ]
    [[ "$output" != *"-v"* ]]
    sql "DELETE FROM ingest.payload_days WHERE payload > 1; DELETE FROM ingest.payloads WHERE id > 1"
    status
    [ "$(wc -l <<<"$output")" -le 32 ]
}

@test "names from the ledger are shown escaped, in text and in JSON" {
    empty
    payload $'\e[31m"' combined "t - interval '2 days'"
    day 1 2
    sql "INSERT INTO ingest.runs (started_at, ended_at, host, version, source, status, read, known, known_otherwise, grown, partial, refused, skipped, lines, counted, failure)
         VALUES (now() - interval '90 seconds', now(), E'h\\u202e', '1', E'\\u001b]0;x\\u0007', 3, 1, 2, 3, 4, 5, 6, 7, 1000, 999, E'it\\nfailed \\u009b31m')"
    status
    status_is 0
    [[ "$output" == *'source \x1b[31m"'* && "$output" == *'on h\xe2\x80\xae, source \x1b]0;x\x07: 90.000 s, exit status 3; files 1 read, 2 known, 3 known under other rules, 4 grown, 5 partial, 6 refused, 7 skipped; 1,000 lines, 999 counted'* ]]
    [[ "$output" == *'    it\x0afailed \xc2\x9b31m'* ]]
    [[ "$output" != *$'\e'* ]]
    status --json
    [[ "$output" != *$'\e'* ]]
    is "$(summary '"%a %a %a" % (s["sources"][0]["source"], s["runs"][0]["failure"], s["runs"][0]["seconds"])')" \
        "'\\x1b[31m\"' 'it\\nfailed \\x9b31m' 90.0"
}

@test "the newest run of each source, the newest first; who may not read the notes sees all else" {
    empty
    lines 3 >1.log
    cat >my.ini <<'END'
[source one]
files = 1.log
[source two]
files = *.log
END
    run --separate-stderr "$INGEST" --client-key none -c my.ini run
    run --separate-stderr "$INGEST" --client-key none -c my.ini run two
    status
    status_is 0
    is "$(sed -n '/^last run/,$p' <<<"$output" | sed -E 's/^  .* UTC on [^ ,]*/  T/; s/[0-9.]+ s,/S,/')" "last runs
  T, source two: S, exit status 0; files 1 known
  T, source one: S, exit status 0; files 1 read; 3 lines, 3 counted"
    is "$(coverage | sed -n 2,4p)" "  stats, source one: 1 payload
    1 of 1 day from 2024-01-05 to 2024-01-05
    settled  2024-01-05 hour 12"
    status --json
    is "$(summary '[(r["source"], r["read"], r["known"], r["failure"]) for r in s["runs"]]')" "[('two', 0, 1, None), ('one', 1, 0, None)]"
    role=looker_${PGDATABASE//[^a-z0-9]/_}
    sql "CREATE ROLE $role LOGIN; GRANT USAGE ON SCHEMA ingest TO $role; GRANT SELECT ON ALL TABLES IN SCHEMA ingest TO $role;
         REVOKE SELECT ON ingest.runs FROM $role"
    PGUSER=$role status
    status_is 0
    [[ "$output" == *coverage* && "$output" != *"last run"* ]]
    sql "DROP OWNED BY $role; DROP ROLE $role"
}

@test "one hit of one path" {
    empty
    payload web combined "t - interval '2 days'"
    sql "INSERT INTO ingest.unresolved (payload, dataset, path, day, count, bytes) VALUES (1, 'stats', 'p', '2024-01-05', 1, 0)"
    status
    [[ "$output" == *"stats: 1 hit of 1 path, the oldest of 2024-01-05"* ]]
}
