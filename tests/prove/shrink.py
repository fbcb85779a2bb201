"""Delta debugging: the smallest input that still fails, as far as leaving out can get; first whole lines, then bytes.

`fails` says of an input whether it still does. Halves are left out first, then quarters, and so on (Zeller and Hildebrandt,
"Simplifying and Isolating Failure-Inducing Input", 2002, without the steps that keep the halves alone).
"""


def without(items, fails, most):
    """A subsequence of the list that still fails; `most` tries at most."""
    size, tries = max(1, len(items) // 2), 0
    while items:
        at, less = 0, False
        while at < len(items) and tries < most:
            fewer = items[:at] + items[at + size:]
            tries += 1
            if fails(fewer):
                items, less = fewer, True
            else:
                at += size
        if tries >= most or (size == 1 and not less):
            break
        size = max(1, size // 2)
    return items


def text(data, fails, most=600):
    """Of a text: lines, which keep their line feeds, then the bytes of what is left."""
    def of(pieces):
        return fails(b"".join(pieces))

    lines = without(data.splitlines(keepends=True), of, most)
    if len(lines) > 20:
        return b"".join(lines)
    for n, line in enumerate(lines):
        body, end = line.rstrip(b"\n"), line[len(line.rstrip(b"\n")):]
        kept = without([body[i:i + 1] for i in range(len(body))], lambda b, n=n, end=end: of([*lines[:n], b"".join(b) + end, *lines[n + 1:]]), most)
        lines[n] = b"".join(kept) + end
    return b"".join(lines)
