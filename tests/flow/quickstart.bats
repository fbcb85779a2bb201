#!/usr/bin/env bats
# tools/quickstart, the first command of README.md, and what it says to type next. The tree is built already, and nothing is
# missing: what it does on a bare machine is tried by hand.
load lib

setup_file() {
    no_database
}

@test "the first command of README.md counts the example logs, shows rows, and does it once" {
    [ "$INGEST" = "$ROOT/build/release/ingest" ] || skip "only where build/release is what is tested"
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data
    chmod 711 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
    run "$ROOT/tools/quickstart"
    status_is 0
    [[ "$output" == *"lines    9,810 read = 8,218 counted"* && "$output" == *"The most wanted of the busiest day:"*"serde"* ]]
    [[ "$output" == *"done; look around: build/release/ingest psql"* ]]
    run "$ROOT/tools/quickstart"
    status_is 0
    [[ "$output" == *"files    0 read, 3 known"* && "$output" == *"serde"* ]]
}
