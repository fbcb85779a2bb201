#!/usr/bin/env bats
# libingest as somebody else meets it: its example, whose rows are those of `ingest -o`, and what is installed.
load ../flow/lib

# same_as_ingest FILE...: the example gives their rows, byte for byte; and the same as pieces of a stream.
same_as_ingest() {
    "$INGEST" -o want --client-key none "$@" || return 1
    "$EXAMPLE" "$@" >got
    cmp want got
}

@test "rows of all logs are those of ingest -o" {
    for log in "$LOGS"/logs/*.gz "$LOGS"/other/*.gz; do
        same_as_ingest "$log"
        "$EXAMPLE" - <"$log" >got
        cmp want got
    done
}
