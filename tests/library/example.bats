#!/usr/bin/env bats
# libingest as somebody else meets it: its example, whose rows are those of `ingest -o`, and what is installed.
load ../flow/lib

# same_as_ingest FILE...: the example gives their rows, byte for byte; and the same as pieces of a stream.
same_as_ingest() {
    "$INGEST" -o want --client-key none "$@" || return 1
    "$EXAMPLE" "$@" >got
    cmp want got
}

# installed: the library in ./usr, and pkg-config that knows it.
installed() {
    "$CMAKE" --install "$BUILD" --prefix "$PWD/usr" --component library >installed.log
    export PKG_CONFIG_PATH=$PWD/usr/$LIBDIR/pkgconfig
}

@test "rows of all logs are those of ingest -o" {
    for log in "$LOGS"/logs/*.gz "$LOGS"/other/*.gz; do
        same_as_ingest "$log"
        "$EXAMPLE" - <"$log" >got
        cmp want got
    done
}

@test "rows of several logs, of which one comes twice and one is damaged" {
    head -c 3000 "$LOGS/logs/cloudfront-crates-2024-01.log.gz" >cut.gz
    "$INGEST" -o want --client-key none "$LOGS/logs/fdsnws-2024.log.gz" "$LOGS/other/fastly-crates.log.gz"
    cp "$LOGS/other/fastly-crates.log.gz" again.gz
    run --separate-stderr "$EXAMPLE" "$LOGS/logs/fdsnws-2024.log.gz" cut.gz "$LOGS/other/fastly-crates.log.gz" again.gz
    status_is 1
    says "cut.gz:" "cannot decode gzip member"
    echo "$output" | cmp want -
}

@test "the archive defines ingest_ alone, and wants no libpq" {
    nm -g --defined-only "$BUILD/libingest.a" | awk 'NF == 3 { print $3 }' >names
    [ -s names ]
    run ! grep -v '^ingest_' names
    sed -n 's/^INGEST_API .*\(ingest_[a-z_]*\)(.*/\1/p' "$ROOT/include/ingest.h" | sort >declared
    sort -u names | cmp declared -
    nm -u "$BUILD/libingest.a" >wanted
    run ! grep -E ' (PQ|pg_)' wanted
    run ! grep -E ' (_?exit|abort|signal|sigaction|raise|setlocale|setenv|putenv|unsetenv|chdir|umask|fork|exec[a-z]*|system|printf|puts|perror)$' wanted
}

@test "the shared library shows ingest_ alone" {
    nm -D --defined-only "$BUILD/libingest.so" | awk '$2 ~ /[A-Z]/ && $2 != "A" { sub(/@.*/, "", $3); print $3 }' >names
    grep -qx ingest_open names
    run ! grep -v '^ingest_' names
    readelf -d "$BUILD/libingest.so" >dynamic
    grep -q 'SONAME.*\[libingest\.so\.0\]' dynamic
    run ! grep -q 'NEEDED.*libpq' dynamic
}

@test "installed, found by pkg-config, linked, run" {
    installed
    [ "$(pkg-config --modversion ingest)" = "$("$INGEST" --version | awk '{ print $2; exit }')" ]
    # Once more, moved away from where it was installed.
    for place in usr moved; do
        [ -d "$place" ] || mv usr "$place"
        export PKG_CONFIG_PATH=$PWD/$place/$LIBDIR/pkgconfig
        # shellcheck disable=SC2046,SC2086
        "$CC" $FLAGS -Wall -Wextra -Werror -o example "$ROOT/tests/library/example.c" $(pkg-config --cflags --libs ingest)
        "$INGEST" -o want --client-key none "$LOGS/logs/fdsnws-2024.log.gz"
        ./example "$LOGS/logs/fdsnws-2024.log.gz" >got
        cmp want got
    done
    # Nothing but the one header, the archive and what pkg-config reads.
    (cd moved && find . -type f -o -type l) | sort >files
    printf '%s\n' ./include/ingest.h "./$LIBDIR/libingest.a" "./$LIBDIR/pkgconfig/ingest.pc" | grep -vF libingest.so | sort >expected
    grep -v 'libingest\.so' files | cmp expected -
}

# fence NAME: the text of that file in the page.
fence() {
    awk -v name="$1" '$1 ~ /^```/ { on = $2 == name; next } on' "$ROOT/docs/LIBRARY.md"
}

@test "the program of LIBRARY.md, built as it says" {
    installed
    fence count.c >count.c
    command=$(grep '^cc -o count ' "$ROOT/docs/LIBRARY.md")
    eval "${command/#cc/$CC $FLAGS -Wall -Wextra -Werror -std=c99}"
    head -c 3000 "$LOGS/logs/cloudfront-crates-2024-01.log.gz" >cut.gz
    run --separate-stderr ./count "$LOGS/other/fastly-crates.log.gz" cut.gz
    status_is 0
    says "cut.gz:" "lines"
    "$INGEST" -o - --rules crates --client-key none "$LOGS/other/fastly-crates.log.gz" |
        python3 -c 'import json, sys
for row in map(json.loads, sys.stdin):
    if row["version"] is None: print(row["dldate"], row["count"], row["name"])' >want
    echo "$output" | cmp want -
}

@test "the header alone is enough, for every C since C99 and for C++" {
    printf '#include <ingest.h>\nint main(void) { return ingest_version()[0] == 0; }\n' >alone.c
    for standard in c99 c11 c17; do
        "$CC" -std=$standard -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$ROOT/include" alone.c
    done
    [ -n "$CXX" ] || skip "no compiler of C++"
    for standard in c++98 c++11 c++17; do
        "$CXX" -x c++ -std=$standard -Wall -Wextra -Werror -fsyntax-only -I"$ROOT/include" alone.c
    done
    # The example is C++ as well; nothing of it wants that language's own library (as sanitizers would).
    installed
    # shellcheck disable=SC2046,SC2086
    {
        "$CXX" -x c++ -Wall -Wextra -Werror -c -o example.o "$ROOT/tests/library/example.c" $(pkg-config --cflags ingest)
        "$CC" $FLAGS -o example example.o $(pkg-config --libs ingest)
    }
    "$INGEST" -o want --client-key none "$LOGS/logs/fdsnws-2024.log.gz"
    ./example "$LOGS/logs/fdsnws-2024.log.gz" >got
    cmp want got
}
