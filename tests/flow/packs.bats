#!/usr/bin/env bats
# Every pack that comes with the program: a log with a line for each of its worries, and the rows and reasons that it becomes, which
# were written by hand from docs/RULES.md. No database is near.
load lib

# became: the rows (but the totals of a name that has versions), then the reasons, as text.
became() {
    python3 - rows summary <<'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
for r in rows:
    if r["version"] or not any(other["name"] == r["name"] and other["version"] for other in rows):
        print("row", r["name"], r["version"] or "-", r["count"], r["bytes"])
lines = json.load(open(sys.argv[2]))["lines"]
for kind in "filtered", "rejected":
    for reason, n in sorted(lines[kind].items()):
        print(kind, reason, n)
END
}

@test "each pack counts what its registry counts" {
    for pack in default crates hex rubygems zeco; do
        "$INGEST" --rules $pack --client-key none -o rows --json "$LOGS/packs/$pack.log" >summary
        became >got
        diff "$LOGS/packs/$pack.expected" got
    done
}

@test "every pack of the program has its log" {
    for pack in $("$INGEST" --help | sed -n '/^rules/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
        [ -f "$LOGS/packs/$pack.expected" ] || { echo "$pack"; false; }
        found=yes
    done
    is "$found" yes
}

@test "the oracle says the same" {
    for pack in default crates hex rubygems zeco; do
        "$INGEST" --rules $pack --client-key none -o rows "$LOGS/packs/$pack.log"
        python3 "$ROOT/tests/oracle/oracle.py" --rules $pack "$LOGS/packs/$pack.log" >theirs
        same_file rows theirs
    done
}
