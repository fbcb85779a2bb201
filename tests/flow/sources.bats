#!/usr/bin/env bats
# `ingest run`: the sources of the configuration, each with its own files and ways; and the note that every run leaves.
load lib

setup_file() {
    make_template
}

sources() {
    cat >my.ini
}

runs() {
    run --separate-stderr "$INGEST" --client-key none -c my.ini run "$@"
}

rows() {
    sql "SELECT name, version, count FROM stats WHERE version IS NOT NULL ORDER BY 1, 2"
}

# What each payload was counted as.
payloads() {
    sql "SELECT coalesce(source, '-') || ' ' || dataset || ' ' || format || ' ' || lines_read FROM ingest.payloads ORDER BY id"
}

@test "all sources in the order of the file, or those that are named, each with its own format, rules, dataset and node" {
    fresh
    sql "INSERT INTO nodes (name) VALUES ('gfz')" || sql "INSERT INTO nodes (name, contact) VALUES ('gfz', '')"
    mkdir a b c
    lines 3 >a/1.log
    printf '192.0.2.7 2024-01-05T12:00:00+00:00 GET /pool/x/1.0 200 7\n' >b/1.log
    cp "$LOGS/logs/fdsnws-2024.log.gz" c/
    sources <<'END'
[source web]
files = a/*.log
rules = crates
[source own]
files = b/*.log
format = mine
rules = own
[source quakes]
files = c
format = fdsnws
dataset = dataselect_stats
node = gfz
[format mine]
log_format = $remote_addr $time_iso8601 $request_method $uri $status $body_bytes_sent
[rules own]
base = crates
route = /pool/{name}/{version}
END
    runs own
    status_is 0
    silent
    is "$(payloads)" "own stats custom 1"
    is "$(rows)" "x|1.0|1"
    runs web own web
    status_is 0
    is "$(payloads)" $'own stats custom 1\nweb stats combined 3'
    runs --json
    status_is 0
    is "$(python3 -c 'import json, sys
for line in sys.argv[1].splitlines():
    s = json.loads(line)
    print(s["source"], s["files"]["read"], s["files"]["known"])' "$output")" $'web 0 1\nown 0 1\nquakes 1 0'
    is "$(sql "SELECT count(*) FROM dataselect_stats d JOIN nodes n ON n.id = d.node_id WHERE n.name = 'gfz'")" "$(n_rows dataselect_stats)"
    is "$(sql "SELECT source FROM ingest.payloads WHERE dataset = 'dataselect_stats'")" quakes
    books_balance
    runs -v web
    says "source   web" "everything is known"
}

@test "a file that two sources name is counted once, for the first" {
    fresh
    lines 4 >1.log
    sources <<'END'
[source one]
files = *.log
[source two]
files = 1.log
END
    runs -n -v
    status_is 0
    runs
    status_is 0
    is "$(payloads)" "one stats combined 4"
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 4
    gzip -c 1.log >again.log
    runs two one
    is "$(n_rows ingest.payloads)" 1
}

@test "patterns: sorted, a pattern that finds nothing is no failure, a file that is missing is one, temporary names stay" {
    fresh
    mkdir logs
    for i in 3 1 2; do lines $i "n$i" >"logs/$i.log"; done
    printf 'x' >'logs/odd [name].log'
    sources <<'END'
[source web]
files = "logs/[0-9].log" nothing/here/*.log
END
    runs -v
    status_is 0
    says "[source web]: no file is named so: nothing/here/*.log"
    is "$(payloads | sort)" $'web stats combined 1\nweb stats combined 2\nweb stats combined 3'
    says "logs/1.log: format" "logs/2.log: format" "logs/3.log: format"
    runs
    status_is 0
    silent
    sources <<'END'
[source web]
files = logs/4.log logs/1.log
END
    runs
    status_is 1
    says "logs/4.log" "No such file"
    sources <<'END'
[source web]
files = none*
END
    runs --json
    status_is 0
    silent
    is "$(summary 's["files"]["read"]')" 0
    # A log that somebody has just written to, and its turn.
    lines 9 fresh >logs/9.log
    sources <<'END'
[source web]
files = logs/9*
END
    runs --min-age 3000 --json
    is "$(summary 's["files"]["skipped"]')" 1
    is "$(n_rows ingest.payloads "lines_read = 9")" 0
}

@test "a directory that cannot be read is named, and the other files are counted" {
    fresh
    ln -s loop loop # which not even root can read
    lines 1 >1.log
    sources <<'END'
[source web]
files = loop/*.log 1.log
END
    runs
    status_is 1
    says "loop/*.log" "symbolic links" "[source web]"
    is "$(n_rows ingest.payloads)" 1
}

@test "a source that fails does not stop the next, and the highest exit status wins" {
    fresh
    lines 2 >good.log
    lines 2 other | gzip | head -c 60 >cut.gz
    echo 'bot/' >robots
    sources <<'END'
[source cut]
files = cut.gz
[source nobody]
files = good.log
dataset = dataselect_stats
node = nobody
format = fdsnws
[source lists]
files = good.log
rules = lists
[rules lists]
robots_file = robots
[source good]
files = good.log
END
    runs
    status_is 2
    says "cut.gz" "[source nobody]" 'no node "nobody"' "[source lists]" "all classes count"
    is "$(payloads)" "good stats combined 2"
    runs cut good
    status_is 1
    is "$(sql "SELECT string_agg(coalesce(source, '-') || status, ' ' ORDER BY id) FROM ingest.runs WHERE source IS NOT NULL")" \
        "cut1 nobody2 good0 cut1 good0"
}

@test "an unknown name: exit 2 with the nearest, and nothing is touched" {
    fresh
    sources <<'END'
[source edge]
files = x
END
    runs egde
    status_is 2
    says "cannot run the sources" '"egde"' "did you mean edge?"
    runs edge nginx
    status_is 2
    says '"nginx"' "there are edge"
    : >my.ini
    runs
    status_is 2
    says "my.ini names none" "[source NAME]"
    run --separate-stderr "$INGEST" run
    status_is 2
    says "there is no configuration file"
    is "$(n_rows ingest.runs "source IS NOT NULL")" 0
}

@test "options of the command line hold for all, and win over what a source says" {
    fresh
    lines 2 >1.log
    lines 3 two >2.log
    sources <<'END'
[ingest]
log_format = $remote_addr $request_uri
rules = hex
[source a]
files = 1.log
format = combined
rules = crates
[source b]
files = 2.log
format = combined
rules = crates
END
    runs --since 2024-01-06
    status_is 0
    is "$(sql "SELECT sum(lines_counted) FROM ingest.payloads")" 0
    fresh _b
    runs -f cloudfront
    status_is 1
    runs --done done.list
    status_is 0
    is "$(tr '\0' ' ' <done.list)" "" # too young to be sure of
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 5
    runs -o rows.jsonl
    status_is 2
    says "several sources" "ingest run a -o"
    runs a -o rows.jsonl
    status_is 0
    is "$(grep -c serde rows.jsonl)" 3
    runs a --files-from list
    status_is 2
    says "--files-from"
    runs a --queue q
    status_is 2
}

@test "--done and --rejects hold the files of all sources" {
    fresh
    { lines 2; echo rubbish; } >1.log
    { lines 3 two; echo rubbish two; } >2.log
    touch -d '1 minute ago' 1.log 2.log
    sleep 2.1
    sources <<'END'
[source a]
files = 1.log
[source b]
files = 2.log
END
    runs --done done.list --rejects rejects.jsonl
    status_is 0
    is "$(tr '\0' ' ' <done.list)" "1.log 2.log "
    is "$(grep -c rubbish rejects.jsonl)" 2
}

# ---- notes ----

@test "every run that counts leaves one note: when, where, with which end; a dry one leaves none" {
    fresh
    before=$(n_rows ingest.runs)
    { lines 5; echo rubbish; } >1.log
    lines 2 b | gzip | head -c 50 >cut.gz
    count -n 1.log
    count -o x.jsonl 1.log
    is "$(n_rows ingest.runs)" "$before"
    count 1.log cut.gz
    status_is 1
    count --strict --recheck 1.log
    count -q 1.log
    is "$(sql "SELECT status, read, known, refused, lines, counted, source IS NULL, failure IS NULL, host = '$(hostname)', version
                 FROM ingest.runs WHERE id > $before ORDER BY id")" \
        "$(printf '%s|t|t|t|0.1.0\n' '1|2|0|1|6|5' '0|0|1|0|0|0' '0|0|1|0|0|0' | sed 's/^1|2/1|1/')"
    is "$(n_rows ingest.runs "ended_at < started_at OR ended_at > now() OR started_at < now() - interval '1 hour'")" 0
    # One that fails says why.
    count --node nobody --dataset dataselect_stats 1.log
    status_is 2
    is "$(sql "SELECT status || ' ' || failure FROM ingest.runs ORDER BY id DESC LIMIT 1")" \
        '2 cannot count for a node: there is no node "nobody"'
}

@test "a ledger without the table, and a role that may not write to it, go without notes" {
    fresh
    lines 1 >1.log
    sql "DROP ROLE IF EXISTS noter"
    sql "CREATE ROLE noter LOGIN"
    sql "GRANT USAGE ON SCHEMA ingest TO noter; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest TO noter;
         GRANT SELECT, INSERT, UPDATE ON stats, dataselect_stats, networks, payloads TO noter; GRANT SELECT ON nodes TO noter;
         REVOKE INSERT ON ingest.runs FROM noter"
    PGUSER=noter count 1.log
    status_is 0
    silent
    lines 2 b >2.log
    sql "DROP TABLE ingest.runs"
    count 2.log
    status_is 0
    silent
    is "$(n_rows ingest.payloads)" 2
}

@test "workers leave notes, too" {
    fresh
    lines 1 >1.log
    before=$(n_rows ingest.runs)
    "$INGEST" migrate up pictrs -q 2>/dev/null || true
    "$INGEST" enqueue -q 1.log
    run --separate-stderr "$INGEST" --client-key none work
    status_is 0
    is "$(sql "SELECT count(*) || ' ' || min(read) FROM ingest.runs WHERE id > $before")" "1 1"
}
