#!/usr/bin/env bats
# `ingest config`: what holds and where it was said, and what is wrong with it; and what was meant by a name that there is not.
load lib

a_configuration() {
    no_database
    cat >my.ini <<'END'
[ingest]
database = postgresql://me:se%40cret@db.example.org:5433/stats?sslmode=require
jobs = 2
fdsn_networks = networks.json
route = /a/{name}
log_format = '$remote_addr [$time_local] "$request" $status ; $body_bytes_sent'

[rules theirs]
statuses = 200
methods = GET
[rules mine]
base = theirs
methods = GET HEAD

[source edge]
files = logs/*.gz, "with blank/x"
format = combined
rules = mine
settle = 5m
END
    chmod 600 my.ini
}

config() {
    run --separate-stderr "$INGEST" -c my.ini config "$@"
}

shows() {
    local words

    for words in "$@"; do
        if ! tr -s ' ' <<<"$output" | grep -qxF -- "$words"; then
            echo "not shown: $words"
            echo "$output"
            return 1
        fi
    done
}

@test "every value with the place where it was said, and no password" {
    a_configuration
    INGEST_TOKEN=tokentokentoken config --memory 1G --rules hex
    status_is 0
    silent
    [[ "$output" != *cret* && "$output" != *tokentoken* ]]
    shows "; the configuration is my.ini" \
        "database = user='me' dbname='stats' host='db.example.org' port='5433' sslmode='require' password=*** ; my.ini:2" \
        "jobs = 2 ; my.ini:3" "fdsn-networks = networks.json ; my.ini:4" "memory = 1G ; --memory" "rules = hex ; --rules" \
        "max-reject = 50 ; default" "node = local ; default" "client-key = $HOME/.config/ingest/client.key ; default" \
        "token-file = ; \$INGEST_TOKEN, the token itself, which is not shown" "[rules mine]" "base = theirs ; my.ini:12" \
        "methods = GET HEAD ; my.ini:13" "statuses = 200 ; my.ini:9, by its base" "[source edge]" \
        'files = logs/*.gz, "with blank/x" ; my.ini:16' "format = combined ; my.ini:17" "settle = 5m ; my.ini:19"
    # The command line has set aside what the source says.
    is "$(grep -c "; my.ini:18" <<<"$output")" 0
    INGEST_DATABASE=postgresql:///other config
    shows "database = postgresql:///other ; \$INGEST_DATABASE" "rules = mine ; my.ini:18"
    PGHOST=/run/somewhere INGEST_DATABASE='not an = address with password x' config
    shows "database = *** ; \$INGEST_DATABASE"
    # One letter too few, and libpq takes none of it for a password.
    for address in postgresq://me:cretcret@h/db POSTGRESQL://me:cretcret@h/db //me:cretcret@h me:cretcret@h/db \
        postgresql://me:cretcret@[::1/db postgresql://me:cretcret/h/db "host=h pass word=cretcret"; do
        INGEST_DATABASE=$address config
        shows "database = *** ; \$INGEST_DATABASE"
        INGEST_DATABASE=$address config --json
        [[ "$output" == *'"value":"***"'* && "$output" != *cretcret* ]]
    done
    run --separate-stderr env PGHOST=/run/somewhere "$INGEST" config
    status_is 0
    shows "; there is no configuration file: neither ~/.config/ingest/ingest.ini nor /etc/ingest/ingest.ini" \
        "; PGHOST = /run/somewhere"
}

@test "what it shows is a configuration that says the same" {
    local first round

    a_configuration
    sed -i 2d my.ini
    config
    first=$(sed 's/ *; [^;]*$//; /^\[rules/,$d; /^;/d' <<<"$output")
    for round in 2 3; do
        printf '%s\n' "$output" >"round$round.ini"
        run --separate-stderr "$INGEST" -c "round$round.ini" config
        status_is 0
        is "$(sed 's/ *; [^;]*$//; /^\[rules/,$d; /^;/d' <<<"$output")" "$first"
        sed -i "s/ *; [^;]*$//" "round$round.ini"
    done
    # What a source takes over from [ingest] it says by itself from then on.
    is "$(sed 's/ *; [^;]*$//' <<<"$output")" "$(cat round3.ini)"
}

@test "as JSON, hostile values too" {
    a_configuration
    config --json --node $'no\nde\e[31m"' --rules hex
    status_is 0
    python3 - "$output" <<'END'
import json, sys
c = json.loads(sys.argv[1])
assert c["file"] == "my.ini"
sections = {(s["section"], s.get("name")): s["values"] for s in c["sections"]}
assert list(sections) == [("ingest", None), ("rules", "theirs"), ("rules", "mine"), ("source", "edge")], list(sections)
own = {v["key"]: v for v in sections["ingest", None]}
assert own["node"] == {"key": "node", "value": 'no\nde\x1b[31m"', "from": "option"}, own["node"]
assert own["jobs"] == {"key": "jobs", "value": "2", "from": "file", "file": "my.ini", "line": 3}
assert own["log-format"]["value"].endswith("$status ; $body_bytes_sent")
assert own["memory"] == {"key": "memory", "value": "256M", "from": "default"}
assert "cret" not in sys.argv[1]
edge = {v["key"]: v for v in sections["source", "edge"]}
assert edge["rules"] == {"key": "rules", "value": "hex", "from": "option"}
END
    [[ "$output" != *$'\e'* ]]
    config --node $'no\e[31mde'
    [[ "$output" != *$'\e'* && "$output" == *'no\x1b[31mde'* ]]
}

@test "--check finds all that is wrong, each with its line and what was meant" {
    no_database
    cat >my.ini <<'END'
[ingest]
databse = x
jobs = 0
format = combind
since = 2024-13-01
deadline = soon
[sorce x]
a = b
[source y]
formt = x
files = /nonexistent/file
rules = crats
dataset = stat
[rules r]
window = 99d
garbage
[unclosed
x = y
[format f]
log_format = $remote_adr
END
    config --check
    status_is 2
    is "$output" ""
    says "my.ini:2:" '"databse"' "did you mean database?" "my.ini:3: bad value for --jobs" "my.ini:4: bad value for --format" \
        "did you mean combined?" "my.ini:5: bad value for --since" "my.ini:6: bad value for --deadline" \
        "my.ini:7:" "did you mean source?" "my.ini:10:" "did you mean format?" 'no rule pack "crats"' "did you mean crates?" \
        'no such dataset: "stat"' "did you mean stats?" "my.ini:15:" "my.ini:16:" "my.ini:17:" "my.ini:20:" \
        "did you mean \$remote_addr?" "/nonexistent/file: No such file"
    is "$(grep -c "^ingest: error:" <<<"$stderr")" 14
    config --check --json
    status_is 2
    is "$(summary 'len(s["problems"]), s["n"], s["problems"][0]["line"], s["problems"][0]["hint"]')" \
        "(14, 14, 2, 'did you mean database?')"
    # Without --check the first ends it, as it ends any command.
    config
    status_is 2
    is "$(grep -c "^ingest: error:" <<<"$stderr")" 1
    printf '[ingest]\nformat = fdsnws\ndataset = stats\n' >my.ini
    config --check
    status_is 2
    says "format fdsnws feeds dataset"
}

@test "--check looks at the files that are named, and who may read them" {
    no_database
    mkdir logs
    lines 1 >logs/a.log
    printf '1970-01-01 00112233445566778899aabbccddeeff\n' >key
    echo atokenofsomebody >token
    chmod 644 key token
    printf '[ingest]\nclient-key = key\ntoken-file = token\ndone = nowhere/list\ndatabase = postgresql://a:b@c/d\n[source a]\nfiles = logs/*.log\n' >my.ini
    chmod 644 my.ini
    config --check
    status_is 2
    says "key: " "token: " "chmod 600" "nowhere/list: No such file" "cannot use the password of the configuration"
    [[ "$stderr" != *atoken* ]]
    chmod 600 key token my.ini
    sed -i 's/^done.*/done = list/' my.ini
    config --check
    status_is 0
    is "$output" "my.ini: nothing is wrong"
    silent
    config --check --json
    is "$output" '{"problems":[],"n":0}'
    config --check -q
    is "$output" ""
    # A slip in a pattern is no fault that a machine can tell.
    sed -i 's/\*.log/*.lgo/' my.ini
    config --check
    status_is 0
    says "[source a]: no file is named so now: logs/*.lgo"
    rm my.ini
    config --check
    status_is 2
    says "my.ini" "No such file"
    run --separate-stderr "$INGEST" config --check
    status_is 0
    is "$output" "no configuration file: nothing is wrong"
    run --separate-stderr "$INGEST" config my.ini
    status_is 2
    says "ingest -c FILE config"
}

@test "did you mean: commands, options, formats, datasets, packs, sources" {
    local case words

    no_database
    lines 1 >log
    printf '[source edge]\nfiles = log\n[format mylog]\nlog_format = $remote_addr [$time_local] "$request" $status\n' >my.ini
    while IFS='|' read -r case words; do
        eval "run --separate-stderr \"\$INGEST\" $case"
        status_is 2
        says "$words"
        is "$output" ""
    done <<'END'
stauts|did you mean `ingest status`?
knwon log|did you mean `ingest known`?
rnu edge|did you mean `ingest run`?
migrat up|did you mean `ingest migrate`?
-n --fromat combined log|did you mean --format?
-n -f combind log|did you mean combined?
-n -c my.ini -f mylgo log|did you mean mylog?
-n --dataset stast log|did you mean stats?
-n --rules creats log|did you mean crates?
-c my.ini -n run egde|did you mean edge?
END
    # What is there is a file, whatever it is called; and far from all commands, a file that is missing.
    cp log stauts
    count -n stauts
    status_is 0
    count -n runner42
    status_is 1
    count -n ./stats
    status_is 1
}
