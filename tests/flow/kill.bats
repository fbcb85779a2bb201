#!/usr/bin/env bats
# SIGKILL at any moment: what is in the database is whole payloads, and one clean run later it is as if nothing had
# happened, to the last byte.
load lib
export INGEST_AUDIT=all

MOMENTS=${MOMENTS:-30}
FILES="$BATS_FILE_TMPDIR/logs"

setup_file() {
    make_template
    python3 - "$BATS_FILE_TMPDIR/logs" <<'PY'
import gzip, os, random, sys
where = sys.argv[1]
os.mkdir(where)
r = random.Random(20)
for n in range(20):
    lines = []
    for _ in range(3000):
        name = "c%d" % int(r.paretovariate(0.6) % 20000)
        lines.append('10.%d.%d.%d - - [%02d/Jan/2024:12:00:00 +0000] "GET /crates/%s/%s-1.%d.0.crate HTTP/1.1" 200 %d "-" "cargo/1.7"\n'
                     % (r.randrange(9), r.randrange(250), r.randrange(250), r.randrange(1, 9), name, name, r.randrange(5), r.randrange(10**6)))
    with open("%s/%02d.log.gz" % (where, n), "wb") as f:
        f.write(gzip.compress("".join(lines).encode(), 6))
PY
    # Four calls, so that there are four transactions to be killed in and between.
    cat >"$BATS_FILE_TMPDIR/run" <<'SCRIPT'
cd "$1" || exit
for ten in 0 1; do
    "$INGEST" -j 2 --client-key none $ten[0-4].log.gz || exit
    "$INGEST" -j 2 --client-key none $ten[5-9].log.gz || exit
done
SCRIPT
    fresh _whole
    bash "$BATS_FILE_TMPDIR/run" "$BATS_FILE_TMPDIR/logs"
    dump_counted >"$BATS_FILE_TMPDIR/whole"
}

# Until the server has noticed that the client is dead.
settled() {
    local tries=200

    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ingest'")" = 0 ]; do
        ((tries-- > 0)) || return 1
        sleep 0.02
    done
}

@test "killed at $MOMENTS random moments, then one clean run: the rows and the ledger of an undisturbed one" {
    fresh _time
    start=${EPOCHREALTIME/./}
    bash "$BATS_FILE_TMPDIR/run" "$FILES"
    took=$((${EPOCHREALTIME/./} - start))
    killed=0 between=0
    RANDOM=7
    for ((moment = 0; moment < MOMENTS; moment++)); do
        # A database for each kill would show one kill; here they also add up.
        ((moment % 3 != 0)) || fresh
        delay=$((took * (RANDOM % 1000) / 1000 / (1 + moment % 3)))
        code=0
        timeout -s KILL "$(printf '%d.%06d' $((delay / 1000000)) $((delay % 1000000)))" \
            bash "$BATS_FILE_TMPDIR/run" "$FILES" 2>/dev/null || code=$?
        settled
        n=$(n_rows ingest.payloads)
        [ $code -eq 137 ] || [ $code -eq 0 ]
        [ $code -ne 137 ] || killed=$((killed + 1))
        [ $((n % 5)) -eq 0 ]
        [ "$n" -eq 0 ] || [ "$n" -eq 20 ] || between=$((between + 1))
        books_balance
        if ((moment % 3 == 2)); then
            count "$FILES" # all at once: batches leave no trace in the rows
            status_is 0
            dump_counted >this
            same_file this "$BATS_FILE_TMPDIR/whole"
        fi
    done
    say "$killed of $MOMENTS runs were killed, $between between two transactions"
    [ $killed -ge $((MOMENTS / 2)) ]
}

@test "killed backends: retried, the rows of an undisturbed run" {
    ended=0
    for round in 1 2 3 4 5 6; do
        fresh _$round
        "$INGEST" -j 2 --client-key none "$FILES" 2>err 3>&- &
        run=$!
        mine=0
        while kill -0 $run 2>/dev/null && [ $mine -lt 2 ]; do
            sleep "0.0$round"
            mine=$((mine + $(sql "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                                  WHERE application_name = 'ingest' AND xact_start IS NOT NULL) x")))
        done
        wait $run || { cat err; false; }
        ended=$((ended + mine))
        dump_counted >this
        same_file this "$BATS_FILE_TMPDIR/whole"
        books_balance
    done
    say "$ended sessions were ended"
    [ $ended -ge 3 ]
}

@test "killed at syscalls around the transaction: all of a batch or nothing" {
    command -v strace || skip "no strace"
    n=0
    for call in sendto recvfrom; do
        for nth in 1 2 4 7 10 13 16 19 22; do
            fresh
            code=0
            strace -f -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$nth" \
                "$INGEST" -j 1 --client-key none "$FILES/00.log.gz" "$FILES/01.log.gz" 2>/dev/null || code=$?
            settled
            [ $code -ne 137 ] || n=$((n + 1))
            payloads=$(n_rows ingest.payloads)
            [ "$payloads" -eq 0 ] || [ "$payloads" -eq 2 ]
            books_balance
            count "$FILES/00.log.gz" "$FILES/01.log.gz"
            status_is 0
            is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 6000
            books_balance
        done
    done
    say "$n runs were killed at a syscall"
    [ $n -ge 10 ]
}
