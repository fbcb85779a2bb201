"""
Built-in routes that are no templates, and names as registries compare them: docs/COUNTING.md, "Routes", read once more.
"""

import ipaddress
import re

SEMVER = re.compile(
    rb"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    rb"(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    rb"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?")

# PEP 440, appendix B, without blanks around it
PEP440 = re.compile(
    rb"v?([0-9]+!)?[0-9]+(\.[0-9]+)*([-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]+)?)?"
    rb"((-[0-9]+)|([-_.]?(post|rev|r)[-_.]?([0-9]+)?))?([-_.]?dev[-_.]?([0-9]+)?)?"
    rb"(\+[a-z0-9]+([-_.][a-z0-9]+)*)?", re.IGNORECASE)


def pep503(name):
    return re.sub(rb"[-_.]+", b"-", name).lower()


def lower_ascii(name):
    return bytes(c | 0x20 if 0x41 <= c <= 0x5a else c for c in name)


NORMAL = {
    "crates": lambda name: lower_ascii(name).replace(b"-", b"_"),
    "pypi": pep503,
}


class Matcher:
    def __init__(self, ecosystem, match):
        self.ecosystem = ecosystem
        self.match = match


def npm(path):
    parts = path.split(b"/")
    file = parts.pop()
    again = parts.pop() if parts and len(parts[-1]) > 1 and parts[-1].startswith(b"@") else None
    if len(parts) < 2 or parts.pop() != b"-":
        return None
    name = parts.pop()
    scope = parts[-1] if parts and len(parts[-1]) > 1 and parts[-1].startswith(b"@") else None
    if not name or not file.startswith(name + b"-") or not file.endswith(b".tgz"):
        return None
    if again is not None and again != scope:
        return None
    version = file[len(name) + 1:-len(b".tgz")]
    if not SEMVER.fullmatch(version):
        return None
    return (scope + b"/" + name if scope else name), version


def pypi(path):
    parts = path.split(b"/")
    if len(parts) < 5 or parts[-5] != b"packages":
        return None
    first, second, third, file = parts[-4:]
    project = None
    if re.fullmatch(rb"[0-9a-fA-F]{60}", third):
        if not all(re.fullmatch(rb"[0-9a-fA-F]{2}", s) for s in (first, second)):
            return None
    elif first and len(second) == 1 and third.startswith(second):
        project = third
    else:
        return None
    pieces = file.rpartition(b".")[0].split(b"-")
    if file.endswith(b".whl"):
        if len(pieces) not in (5, 6) or len(pieces) == 6 and not re.match(rb"[0-9]", pieces[2]):
            return None
        return both(pieces[0], pieces[1])
    if file.endswith(b".egg"):
        return both(pieces[0], pieces[1]) if len(pieces) in (3, 4) else None
    for end in (b".tar.gz", b".zip", b".tgz", b".tar.bz2", b".tar.xz"):
        if file.endswith(end):
            return source(file[:-len(end)], project)
    return None


def both(name, version):
    return (name, version) if name and version else None


def source(text, project):
    if project:
        for i in range(1, len(text)):
            if text[i:i + 1] == b"-" and pep503(text[:i]) == pep503(project):
                return both(text[:i], text[i + 1:])
    if len(text) > 2048:
        return None
    dashes = [i for i in range(1, len(text) - 1) if text[i:i + 1] == b"-"]
    for i in dashes:
        if PEP440.fullmatch(text[i + 1:]):
            return text[:i], text[i + 1:]
    dashes = [i for i in dashes if re.match(rb"[0-9]", text[i + 1:])]
    return (text[:dashes[-1]], text[dashes[-1] + 1:]) if dashes else None


def debian(path):
    *above, file = path.split(b"/")
    m = re.fullmatch(rb"([^_]+)_([^_]+)_([^_]+)\.u?deb", file, re.DOTALL)
    if not m or b"pool" not in above[:-1]:
        return None
    return m[1], m[2]


def maven(path):
    parts = path.split(b"/")
    m = re.search(rb"\.(jar|war|ear|aar)\Z", parts[-1])
    if not m or len(parts) < 4:
        return None
    *group, artifact, version, file = parts
    if group and not group[0]:
        del group[0]
    for root in (1, group[:1] == [b"maven2"]), (2, group[:1] in ([b"repository"], [b"artifactory"])
                                                and all(group[1:2])):
        if root[1] and len(group) > root[0]:
            group = group[root[0]:]
            break
    if not group or not all(group) or not artifact or not version:
        return None
    if not file.startswith(artifact + b"-"):
        return None
    written = file[len(artifact) + 1:m.start()]
    base = version[:-len(b"SNAPSHOT")]
    snapshot = version.endswith(b"SNAPSHOT") and base and written.startswith(base) \
        and re.fullmatch(rb"[0-9.-]+", written[len(base):])
    if written != version and not snapshot:
        return None
    return b".".join(group) + b":" + artifact, version


def zeco(path):
    m = re.search(rb"(?:\A|/)([0-9a-f]{40})\.tar\.gz\Z", path)
    above = path[:m.start()].split(b"/") if m else []
    key = re.compile(rb"[A-Z0-9_]+")
    if not above or not key.fullmatch(above[-1]):
        return None
    if len(above[-1]) == 1:
        return m[1], None
    one = above[-2] if len(above) > 1 else b""
    if len(above[-1]) == 2:
        return (m[1], None) if len(one) == 1 and key.fullmatch(one) else None
    two = above[-3] if len(above) > 2 else b""
    if len(one) == 2 and len(two) == 1 and above[-1].startswith(two + one):
        return m[1], None
    return None


MATCHERS = [Matcher(f.__name__, f) for f in (npm, pypi, debian, maven, zeco)]

CRAN = [
    "**/src/contrib/{name}_{version}.tar.gz", "**/src/contrib/Archive/{name}/{name}_{version}.tar.gz",
    "**/src/contrib/{}/Recommended/{name}_{version}.tar.gz", "**/bin/windows/contrib/{}/{name}_{version}.zip",
    "**/bin/macosx/contrib/{}/{name}_{version}.tgz", "**/bin/macosx/{}/contrib/{}/{name}_{version}.tgz",
]


# ---- clients behind proxies ----

def address_of(text):
    """An address as 16 bytes, or None."""
    try:
        address = ipaddress.ip_address(text.decode("ascii"))
    except ValueError:
        return None
    if address.version == 6 and address.scope_id is not None:
        return None
    return bytes(10) + b"\xff\xff" + address.packed if address.version == 4 else address.packed


def without_port(text):
    if text.startswith(b"["):
        return text[1:].partition(b"]")[0] if b"]" in text else text
    return text.partition(b":")[0] if text.count(b":") == 1 else text


def client_behind(networks, peer, forwarded):
    """`networks`: of the module ipaddress."""
    def trusted(packed):
        six = ipaddress.IPv6Address(packed)
        return any((six.ipv4_mapped or six) in n if n.version == 4 or not six.ipv4_mapped else False
                   for n in networks)
    last = address_of(without_port(peer))
    if last is None or not trusted(last):
        return peer
    client = peer
    hops = forwarded.split(b",") if forwarded else []
    for hop in hops[:-65:-1]:
        hop = without_port(re.sub(rb"\A([ \t+]|%20)+|([ \t+]|%20)+\Z", b"", hop))
        last = address_of(hop)
        if last is None:
            break
        client = hop
        if not trusted(last):
            break
    return client
