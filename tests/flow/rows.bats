#!/usr/bin/env bats
# The logs of testdata/ become the rows beside them, whatever shape they come in and however they are read.
load lib

ALL="logs/cloudfront-crates-2024-01 logs/combined-crates-mirror logs/fdsnws-2024 other/fastly-crates other/hex-combined other/rubygems-common"

# same_rows LOG ARGUMENT...: the rows of LOG come out, byte for byte.
same_rows() {
    local log=$1

    shift
    "$INGEST" -o rows.jsonl --client-key none "$@" || return 1
    cmp rows.jsonl "$EXPECTED/${log##*/}.jsonl" || {
        echo "$log: $*"
        return 1
    }
}

@test "rows are the expected ones, on stdout" {
    for log in $ALL; do
        "$INGEST" -o - --client-key none "$LOGS/$log.log.gz" >rows.jsonl
        same_file rows.jsonl "$EXPECTED/${log##*/}.jsonl"
    done
}

@test "rows are the expected ones, in a file" {
    for log in $ALL; do
        same_rows "$log" "$LOGS/$log.log.gz"
    done
}

@test "tallies of --json are the expected ones" {
    for log in $ALL; do
        count -n --json "$LOGS/$log.log.gz"
        status_is 0
        is "$(summary '[s["lines"], s["records"]] == [json.load(open("'"$EXPECTED/${log##*/}"'.tallies.json"))[k] for k in ("lines", "records")]')" True
    done
}

@test "the number of workers changes nothing" {
    for log in $ALL; do
        for jobs in 1 2 4; do
            same_rows "$log" -j "$jobs" "$LOGS/$log.log.gz"
        done
    done
}

@test "the ceiling of memory changes nothing" {
    for log in $ALL; do
        same_rows "$log" --memory 16M -j 4 "$LOGS/$log.log.gz"
    done
}

@test "compression changes nothing: plain, gzip -1, gzip -9, members with padding" {
    for log in $ALL; do
        shape text "$LOGS/$log.log.gz" >text
        [ -z "$(tail -c 1 text)" ] || echo >>text # a plain file's last line counts once it is closed
        same_rows "$log" text
        gzip -1 <text >fast.gz
        gzip -9 <text >best.gz
        shape gzip 6 7 <text >members.gz
        for file in fast.gz best.gz members.gz; do
            same_rows "$log" "$file"
        done
    done
}

@test "a pipe changes nothing: packed, plain, in dribs and drabs" {
    for log in $ALL; do
        shape text "$LOGS/$log.log.gz" >text
        same_rows "$log" <"$LOGS/$log.log.gz"
        cat "$LOGS/$log.log.gz" | same_rows "$log"
        same_rows "$log" - <text
        dd if=text bs=4099 status=none | same_rows "$log" -
    done
}

@test "pieces give the same rows, in order and shuffled behind the first" {
    for log in $ALL; do
        mkdir -p pieces
        shape pieces "$LOGS/$log.log.gz" 7 pieces >names
        mapfile -t names <names
        same_rows "$log" -j 2 pieces
        same_rows "$log" -j 3 "${names[@]}"
        same_rows "$log" -j 4 "${names[0]}" "${names[6]}" "${names[3]}" "${names[1]}" "${names[5]}" "${names[2]}" "${names[4]}"
        rm -r pieces
    done
}

@test "pieces laid end to end are one log again" {
    for log in $ALL; do
        mkdir -p pieces
        shape pieces "$LOGS/$log.log.gz" 5 pieces >names
        xargs cat <names >whole.gz
        same_rows "$log" whole.gz
        xargs cat <names | same_rows "$log" -
        rm -r pieces
    done
}

@test "several logs in one call: any order of those of one ecosystem gives the same rows" {
    a=$LOGS/logs/cloudfront-crates-2024-01.log.gz b=$LOGS/logs/combined-crates-mirror.log.gz c=$LOGS/logs/fdsnws-2024.log.gz
    "$INGEST" -o first --client-key none "$a" "$b" "$c"
    for order in "$a $c $b" "$b $a $c" "$b $c $a" "$c $a $b" "$c $b $a"; do
        # shellcheck disable=SC2086
        "$INGEST" -o next --client-key none -j 3 $order
        same_file next first
    done
}

@test "the same log twice in one call is one payload" {
    log=logs/combined-crates-mirror
    shape text "$LOGS/$log.log.gz" | gzip -1 >again.gz
    same_rows "$log" -j 1 "$LOGS/$log.log.gz" again.gz "$LOGS/$log.log.gz"
    same_rows "$log" -j 3 "$LOGS/$log.log.gz" again.gz "$LOGS/$log.log.gz"
}

@test "options may stand behind the files" {
    log=other/hex-combined
    "$INGEST" "$LOGS/$log.log.gz" --client-key=none -o rows.jsonl
    same_file rows.jsonl "$EXPECTED/hex-combined.jsonl"
}
