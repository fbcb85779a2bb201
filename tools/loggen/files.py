"""Lines into files, with the same bytes on every run: gzip without time or name."""

import io
import gzip


def gzip_member(data):
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as f:
        f.write(data)
    return out.getvalue()


def gzip_members(rng, data, n):
    """n members cut anywhere, with zero padding of any length between and behind them."""
    cuts = [0, *sorted(rng.randrange(len(data) + 1) for _ in range(n - 1)), len(data)]
    return b"".join(gzip_member(data[begin:end]) + bytes(rng.choice([0, 1, 512]))
                    for begin, end in zip(cuts, cuts[1:]))


def join(pairs):
    """The bytes and the events of a stream of (line, event)."""
    lines, events = [], []
    for line, event in pairs:
        lines.append(line)
        events.append(event)
    return b"".join(line + b"\n" for line in lines), events
