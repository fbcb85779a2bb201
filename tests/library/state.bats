#!/usr/bin/env bats
# libingest has no state but in its handles. In release builds: sanitizers keep counts and names of what they watch.
load ../flow/lib

@test "the archive has nothing that can be written" {
    readelf -SW "$BUILD/libingest.a" >sections
    grep -qw '\.text' sections
    # Name, type, address, offset, size. What is relocated once, and constant then, is no state.
    sed -n 's/^ *\[[ 0-9]*\] //p' sections | awk '$1 ~ /^\.t?(data|bss)/ && $1 !~ /^\.data\.rel\.ro/ && $5 !~ /^0+$/' >state
    [ ! -s state ] || {
        cat state
        return 1
    }
}
