# Downloads and bytes by name and version; prints how many keys, downloads and bytes there are. No distinct clients.
BEGIN { FS = "\t" }
$6 == "GET" && $9 == "200" && index($8, "/crates/") == 1 {
    n = split($8, part, "/")
    if (n == 5 && part[5] == "download")
        key = part[3] "\t" part[4]
    else if (n == 4 && part[4] ~ /\.crate$/)
        key = part[3] "\t" substr(part[4], length(part[3]) + 2, length(part[4]) - length(part[3]) - 7)
    else
        next
    count[key]++
    bytes[key] += $4
}
END {
    for (key in count) {
        keys++
        counted += count[key]
        sent += bytes[key]
    }
    printf "{\"keys\": %.0f, \"counted\": %.0f, \"bytes\": %.0f}\n", keys, counted, sent
}
