#!/usr/bin/env bats
# Which files are read, and which are left: directories, lists, ages, temporary names, containers.
load lib

setup_file() {
    no_database
}

# rows ARG...: how many downloads are counted, into $n; the status and the messages as `run` has them.
rows() {
    count -o rows "$@"
    n=$(python3 -c 'import json; print(sum(r["count"] for r in map(json.loads, open("rows")) if r.get("version")))' 2>/dev/null || echo none)
}

@test "every container that the build reads, in one directory" {
    mkdir logs
    lines 1 gzip | gzip >logs/a
    lines 2 zstd | zstd -q >logs/b
    lines 4 bzip2 | bzip2 >logs/c
    lines 8 xz | xz >logs/d
    lines 16 plain >logs/e
    { lines 32 many | gzip; head -c 1000 /dev/zero; lines 64 many2 | gzip; } >logs/f
    rows logs
    status_is 0
    silent
    is "$n" 127
}

@test "the 10 bytes that stand for an empty log" {
    printf '\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff' >empty.gz
    lines 3 >log
    count -n --json empty.gz log
    status_is 0
    is "$(summary 's["files"]["read"], s["files"]["refused"], s["lines"]["read"]')" "(2, 0, 3)"
    count -n --require-integrity empty.gz
    status_is 1
    says "a gzip header alone has no checksum"
}

@test "a large window is refused, and the memory that would do does" {
    lines 2000 | zstd -q --long=28 >wide.zst
    count -n wide.zst
    status_is 1
    says "wide.zst" "257 MiB of memory" "zstd -dc"
    memory=$(sed -n 's/.*--memory \([0-9]*M\).*/\1/p' <<<"$stderr")
    count -n --memory "$memory" wide.zst
    status_is 0
    rows --memory "$memory" wide.zst
    is "$n" 2000
    lines 2000 | xz -9 >wide.xz
    count -n --memory 16M wide.xz
    status_is 1
    says "wide.xz" "65 MiB of memory" "xz -dc"
    count -n wide.xz
    status_is 0
}

@test "what the usual levels make needs no more than the least memory" {
    lines 100 >log
    head -c 10000000 /dev/zero | tr '\0' '\n' >>log
    zstd -q -19 -c log >log.zst
    bzip2 -9 -c log >log.bz2
    xz -6 -c log >log.xz
    for file in log.zst log.bz2 log.xz; do
        rows --memory 16M -j 8 "$file"
        status_is 0
        is "$n" 100
    done
}

@test "many decoders share the memory, none of them is refused" {
    mkdir logs
    for i in 1 2 3 4 5 6; do
        { lines 3 "name$i"; head -c 3000000 /dev/zero | tr '\0' '\n'; } | xz -6 >"logs/$i.xz"
        { lines 3 "other$i"; head -c 9000000 /dev/zero | tr '\0' '\n'; } | zstd -q -19 >"logs/$i.zst"
    done
    rows --memory 16M -j 8 logs
    status_is 0
    is "$n" 36
}

@test "--require-integrity: containers without a checksum are refused by name" {
    lines 1 a | zstd -q --no-check >a.zst
    lines 2 b | zstd -q --check >b.zst
    lines 4 c | xz --check=none >c.xz
    lines 8 d | gzip >d.gz
    lines 16 e >e.log
    rows a.zst b.zst c.xz d.gz e.log
    status_is 0
    is "$n" 31
    rows --require-integrity a.zst b.zst c.xz d.gz e.log
    status_is 1
    says "error: a.zst" "a zstd frame has no checksum" "error: c.xz" "an xz stream has no checksum"
    is "$n" 26
}

@test "a list of names, one a line: files, directories, names that are not there" {
    mkdir dir
    lines 1 a >a
    lines 2 b >dir/b
    lines 4 c >dir/.hidden
    lines 8 d >.named
    printf 'a\n\ndir\n.named\n' >list
    rows --files-from list
    status_is 0
    is "$n" 11
    printf 'a\ngone\ndir' >list
    rows --files-from list
    status_is 1
    says "error: gone" "No such file"
    is "$n" 3
    lines 16 e >e
    rows e --files-from list
    status_is 1
    is "$n" 19
}

@test "a list whose names end in NUL, from find" {
    mkdir dir
    lines 1 a >'dir/with
newline'
    lines 2 b >'dir/ blank '
    lines 4 c >$'dir/\e[31mred'
    lines 8 d >$'dir/\xff'
    find dir -type f -print0 >list
    rows -0 --files-from list
    status_is 0
    is "$n" 15
    find dir -type f -print0 | rows --null --files-from -
    rows --null --files-from - <list
    status_is 0
    is "$n" 15
    rows --files-from list
    status_is 2
    says "NUL byte" "say -0"
    printf '%s\0' $'dir/\e[32mgreen' >list
    rows -0 --files-from list
    status_is 1
    says '\x1b[32mgreen'
    [[ "$stderr" != *$'\e'* ]]
}

@test "an empty list counts nothing, and is no reason to read standard input" {
    lines 3 >log
    : >list
    count -n --json --files-from list <log
    status_is 0
    is "$(summary 's["files"]["read"], s["lines"]["read"]')" "(0, 0)"
    find . -name nothing -print0 >list
    count -n -0 --files-from list
    status_is 0
    silent
}

@test "lists that make no sense" {
    lines 1 >log
    count -n --files-from gone
    status_is 2
    says "gone" "cannot read the list of files"
    count -n --files-from .
    status_is 2
    count -n --files-from log --files-from log
    status_is 2
    says "--files-from is said twice"
    count -n -0 log
    status_is 2
    says "--files-from"
    count -n --files-from - - <log
    status_is 2
    says "both want standard input"
    count -n --files-from
    status_is 2
}

@test "temporary names are left out of a walk" {
    mkdir logs
    for name in a.gz.tmp a.gz.part a.gz.partial a.gz.6ef65e6d.partial a.log~ .a.gz.Xk2q9Z a.gz.6eF65e6d; do
        lines 1 "temp" >"logs/$name"
    done
    lines 2 rotated >logs/access.log.20240105
    lines 4 packed | gzip >logs/access.log.gz.20240105
    rows logs
    status_is 0
    is "$n" 6
    rows logs/a.gz.tmp # what is named is wanted
    is "$n" 1
}

@test "--min-age leaves what was written to since, and says so" {
    mkdir logs
    lines 1 old >logs/old
    lines 2 young >logs/young
    lines 4 future >logs/future
    touch -d '2 hours ago' logs/old
    touch -d 'tomorrow' logs/future
    count -n --json -v --min-age 3600 logs
    status_is 0
    is "$(summary 's["files"]["read"], s["files"]["skipped"], s["lines"]["counted"]')" "(1, 2, 1)"
    says "logs/young: skipped, younger than --min-age" "logs/future: skipped"
    count -n --json --min-age 3600 --files-from <(ls -d logs/*)
    is "$(summary 's["files"]["read"], s["files"]["skipped"]')" "(1, 2)"
    silent
    count -n --json --min-age 3600 logs/young logs/future # what is named is wanted
    is "$(summary 's["files"]["read"], s["files"]["skipped"]')" "(2, 0)"
    count -n --json --min-age 0 logs
    is "$(summary 's["files"]["read"]')" 3
    for age in x -1 1.5 1m '' 99999999999999999999; do
        count -n --min-age "$age" logs
        status_is 2
    done
}

@test "what a walk finds and nobody knows is skipped; what is named is refused" {
    mkdir logs
    lines 3 >logs/log
    echo "Dear diary," >logs/README
    printf '%%PDF-1.7\n%%\xe2\xe3\n' >logs/report.pdf
    cp "$INGEST" logs/program
    cp "$INGEST" program
    gzip -c logs/README >logs/README.gz
    count -n --json -v logs
    status_is 0
    is "$(summary 's["files"]["read"], s["files"]["skipped"], s["files"]["refused"], s["lines"]["counted"]')" "(1, 4, 0, 3)"
    says "logs/README: skipped, of no known format" "logs/report.pdf: skipped" "logs/program: skipped"
    count -n --json logs logs/README logs/report.pdf
    status_is 1
    is "$(summary 's["files"]["skipped"], s["files"]["refused"]')" "(4, 2)"
    count -n --json --files-from <(echo logs/README)
    status_is 1
}

@test "a walk is not silent about what may be a log" {
    mkdir logs
    lines 3 >log
    gzip -c log | head -c 60 >logs/cut.gz
    tar -czf logs/old.tar.gz log
    python3 -m zipfile -c logs/old.zip log
    count -n --json logs
    status_is 1
    says "logs/cut.gz" "logs/old.tar.gz" "logs/old.zip"
    is "$(summary 's["files"]["skipped"], s["files"]["refused"]')" "(0, 3)"
}

@test "links in a circle, and a directory that is its own grandchild" {
    mkdir -p logs/a/b
    lines 3 >logs/a/b/log
    ln -s .. logs/a/up
    ln -s ../../.. logs/a/b/top
    ln -s loop logs/loop
    ln -s b/log logs/a/link
    rows logs
    status_is 1
    says "logs/loop"
    is "$n" 3 # the link and its file are one payload
}

@test "thirty thousand files" {
    python3 - <<'PY'
import os
for d in range(100):
    os.makedirs("logs/%02d" % d)
    for f in range(300):
        with open("logs/%02d/%03d" % (d, f), "w") as out:
            if f % 100 == 7:
                out.write('192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /crates/a/a-1.%d.%d.crate HTTP/1.1" 200 9 "-" "cargo/1"\n' % (d, f))
PY
    count -n --json logs
    status_is 0
    is "$(summary 's["lines"]["counted"], s["files"]["read"] + s["files"]["known"]')" "(300, 30000)"
    find logs -type f -print0 >list
    count -n --json -0 --files-from list
    is "$(summary 's["lines"]["counted"], s["files"]["read"] + s["files"]["known"]')" "(300, 30000)"
}

@test "what we take, the tools take too; and they give the same text" {
    for tool in gzip zstd bzip2 xz; do
        { lines 5 one | "$tool" -c; lines 5 two | "$tool" -c; } >good
        cp good file
        for ((at = 13; at < $(stat -c %s good); at += 19)); do
            cp good file
            printf '\x5a' | dd of=file bs=1 seek="$at" conv=notrunc status=none
            rows file
            [ "$status" -eq 0 ] || continue
            "$tool" -dc <file >text
            is "$(wc -l <text)" "$n"
        done
    done
}

@test "a found log that begins with a very long line or with zeros is refused, not passed over" {
    no_database
    mkdir logs
    { head -c 70000 /dev/zero; lines 9; } >logs/hole.log
    { head -c 70000 /dev/zero | tr '\0' A; echo; lines 9; } >logs/long.log
    echo hello >logs/note
    count --json -n -v logs
    status_is 1
    says "logs/hole.log:1" "logs/long.log:1" "longer than 65536 bytes" "logs/note: skipped"
    is "$(summary 's["files"]["refused"], s["files"]["skipped"]')" "(2, 1)"
    count --json -n -f combined logs/long.log
    is "$(summary 's["lines"]["read"]')" 10
}
