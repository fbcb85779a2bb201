"""
What counts for `stats`: packs, routes, and how a path becomes a name and a version.
"""

import re

import folding
import registries

ECOSYSTEMS = "crates rubygems hex npm pypi cran debian maven zeco".split()

# name: methods, statuses, does a 206 from byte 0 count, must the agent be cargo
PACKS = {
    "default":  {"get_only": True, "statuses": {200}, "partial": True, "cargo": False},
    "crates":   {"get_only": True, "statuses": {200}, "partial": False, "cargo": True},
    "hex":      {"get_only": True, "statuses": {200, 304}, "partial": False, "cargo": False},
    "rubygems": {"get_only": False, "statuses": {200, 304}, "partial": False, "cargo": False},
    "zeco":     {"get_only": True, "statuses": {200}, "partial": True, "cargo": False},
}

SEMVER = registries.SEMVER


def split_general(text):
    """`{name}-{version}` of one segment: where is the dash? None: there is none that could be it."""
    dashes = [i for i in range(1, len(text) - 1) if text[i:i + 1] == b"-"
              and text[i + 1:i + 2].isdigit()]
    for i in dashes:
        if b"." in text[i + 1:].partition(b"-")[0]:
            return text[:i], text[i + 1:]
    return (text[:dashes[-1]], text[dashes[-1] + 1:]) if dashes else None


def split_first_dash(text):
    name, dash, version = text.partition(b"-")
    return (name, version) if name and version else None


class Route:
    def __init__(self, template, ecosystem, split=split_general, version=None):
        self.segments = template.encode().split(b"/")
        self.ecosystem = ecosystem
        self.split = split
        self.version = version  # a regular expression that the version must match, or None

    def match(self, path):
        """(name, version or None), or None where the path does not fit."""
        found = self.match_from(self.segments, path.split(b"/"), {})
        if found is None or b"name" not in found:
            return None
        version = found.get(b"version")
        if self.version and not (version and self.version.fullmatch(version)):
            return None
        return found[b"name"], version

    def match_from(self, want, have, found):
        if not want:
            return found if not have else None
        if want[0] == b"**":
            for skip in range(len(have) + 1):
                result = self.match_from(want[1:], have[skip:], found)
                if result is not None:
                    return result
            return None
        if not have:
            return None
        more = self.match_segment(want[0], have[0], found)
        return None if more is None else self.match_from(want[1:], have[1:], {**found, **more})

    def match_segment(self, want, have, found):
        before, both, after = want.partition(b"{name}-{version}")
        if both:
            if len(have) < len(before) + len(after):
                return None
            if not have.startswith(before) or not have.endswith(after):
                return None
            have = have[len(before):len(have) - len(after)]
            if b"name" in found:
                dash = found[b"name"] + b"-"
                fits = have.startswith(dash) and len(have) > len(dash)
                return {b"version": have[len(dash):]} if fits else None
            halves = self.split(have)
            return halves and dict(zip((b"name", b"version"), halves))

        pattern, names = b"", []
        for piece in re.split(rb"(\{(?:name|version)?\})", want):
            if piece == b"{name}" and b"name" in found:
                pattern += re.escape(found[b"name"])  # it decides
            elif re.fullmatch(rb"\{(name|version)?\}", piece):
                pattern += b"(.+)"  # of two, the first takes what it can: the last separator divides them
                names.append(piece[1:-1])
            else:
                pattern += re.escape(piece)
        m = re.fullmatch(pattern, have, re.DOTALL)
        if not m:
            return None
        more = {}
        for name, value in zip(names, m.groups()):
            if name and {**found, **more}.get(name, value) != value:
                return None
            if name:
                more[name] = value
        return more


BUILT_IN = [
    Route("**/crates/{name}/{name}-{version}.crate", "crates", version=SEMVER),
    Route("**/crates/{name}/{version}/download", "crates", version=SEMVER),
    Route("/gems/{name}-{version}.gem", "rubygems"),
    Route("/tarballs/{name}-{version}.tar", "hex", split=split_first_dash),
    Route("/repos/{}/tarballs/{name}-{version}.tar", "hex", split=split_first_dash),
] + [Route(t, "cran") for t in registries.CRAN] + registries.MATCHERS


def percent_decode(path):
    return re.sub(rb"%([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]), path)


def clean(path, decodes):
    """Without scheme, host, query and fragment, and decoded."""
    path = re.sub(rb"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*", b"", path)
    path = re.split(rb"[?#]", path, maxsplit=1)[0]
    for _ in range(decodes):
        path = percent_decode(path)
    return path


class Rules:
    def __init__(self, pack="default", templates=(), since=None, until=None, agents=None,
                 window=None, share=None, ecosystem=None, normalise=False, proxies=()):
        """`share`, in millionths: parts are put together."""
        self.pack = PACKS[pack]
        # What the table holds; None: the first hit decides.
        self.ecosystem = ecosystem or (None if pack == "default" else pack)
        self.normalise, self.proxies = normalise, proxies
        self.routes = [Route(t, self.ecosystem or "custom") for t in templates]
        self.own = len(self.routes)
        self.routes += [r for r in BUILT_IN if (self.ecosystem or r.ecosystem) == r.ecosystem
                        and (self.ecosystem or r.ecosystem != "zeco")]
        self.since, self.until = since, until
        self.agents, self.window, self.share = agents, folding.Window(window), share

    def outside(self, day):
        return bool(self.since and day < self.since or self.until and day >= self.until)

    def pick(self, rec):
        """Why the record does not count, "" if it may."""
        if self.pack["get_only"] and rec.method != b"GET":
            return "method"
        if rec.status not in self.pack["statuses"] and not (self.share and rec.status == 206):
            if rec.status != 206 or not self.pack["partial"]:
                return "status"
            if rec.range != "zero":
                return "range"
        if self.pack["cargo"] and rec.agent is not None:
            if not re.match(rb"cargo(/| |%2f|%2F|%20)", rec.agent):
                return "agent"
        if self.agents and not self.agents.count(rec.agent):
            return "agent"
        return "date_range" if self.outside(rec.day) else ""

    def route(self, rec):
        """(name, version, ecosystem), or None."""
        path = clean(rec.path, rec.decodes)
        for i, route in enumerate(self.routes):
            found = route.match(path)
            if found and self.normalise and i >= self.own and route.ecosystem in registries.NORMAL:
                found = registries.NORMAL[route.ecosystem](found[0]), found[1]
            if found:
                return found + (route.ecosystem,)
        return None
