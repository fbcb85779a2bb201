"""One log of any format and size, damaged as much as one likes."""

import gzip

from . import clf, cloudfront, fastly, fdsnws, servers
from .mutate import mutate

# Behind a dash: a shape of that format.
FORMATS = ("cloudfront", "combined", "common", "fastly", "fdsnws", *servers.WRITERS)


def lines(rng, format_name, n, ecosystem="crates", damage=0.0):
    """The lines, without LF. Half of the damage is of known kinds, half random bytes; headers of CloudFront stay."""
    if format_name == "cloudfront":
        pairs = cloudfront.generate(rng, n, damage / 2, ecosystem)
    elif format_name == "fastly":
        pairs = fastly.generate(rng, n, damage / 2, ecosystem)
    elif format_name == "fdsnws":
        pairs = fdsnws.generate(rng, n, damage / 2)
    elif format_name in servers.WRITERS:
        pairs = servers.generate(rng, n, format_name, damage / 2, ecosystem)
    else:
        pairs = clf.generate(rng, n, damage / 2, ecosystem, agents=format_name == "combined")
    for line, _ in pairs:
        yield mutate(rng, line) if rng.random() < damage / 2 and not line.startswith(b"#") else line


def write(path, rng, format_name, n, ecosystem, damage, plain):
    with open(path, "wb") as stored:
        out = stored if plain else gzip.GzipFile(filename="", mode="wb", compresslevel=6,
                                                 fileobj=stored, mtime=0)
        for line in lines(rng, format_name, n, ecosystem, damage):
            out.write(line + b"\n")
        if not plain:
            out.close()
