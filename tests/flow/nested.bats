#!/usr/bin/env bats
# JSON that is deep, wide, long, or says one key again and again: it costs its own line, in time and memory that a line may take.
load lib

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    no_database
}

# What it takes is in the summary: of 24 MB of such lines less than a line of them is held at any time.
within_memory() {
    [ "$(summary 's["peak_rss_bytes"]')" -le $((100 << 20)) ]
}

@test "a line of a million brackets, keys or members is rejected for what it is, or counted, as those beside it are" {
    for format in json fastly fdsnws seventv; do
        python3 "$HERE/nested.py" $format $format.log >expected
        count -j 1 -f $format --max-reject 100 --route '/h/{name}/{version}' --json --rejects rejects.jsonl -o rows $format.log
        status_is 0
        is "$(summary '"\n".join(sorted(["counted %d" % s["lines"]["counted"]] + ["%s %d" % (r, n) for r, n in s["lines"]["rejected"].items()]))')" "$(cat expected)"
        within_memory
        # As samples they are cut, and stay JSON.
        [ "$(wc -c <rejects.jsonl)" -le $((7 * 10000)) ]
        python3 "$HERE/hostile.py" json rejects.jsonl
    done
    # Explained, the same lines are no longer than a screen takes.
    for n in 2 4 6 8 10 12; do
        "$INGEST" explain -f json --route '/h/{name}/{version}' json.log:$n >explained
        [ "$(wc -c <explained)" -le 20000 ]
    done
}

@test "a document of such values is refused with its reason, or counted, and the one beside it is" {
    python3 "$HERE/nested.py" eida documents
    for file in documents/refused/*; do
        count -j 1 -f eida --max-reject 100 --json -o rows "$file" documents/counted/5.json
        status_is 1
        says "$file:" "cannot read this payload" " as decoded"
        is "$(summary 's["files"]["read"], s["files"]["refused"], s["lines"]["counted"]')" "(1, 1, 1)"
        within_memory
    done
    for file in documents/counted/*; do
        count -j 1 -f eida --max-reject 100 --json -o rows "$file"
        status_is 0
        is "$(summary 's["lines"]["counted"]')" 1
        within_memory
    done
}
