"""
Who downloads what: packages with versions, clients with addresses, and the requests they make, before any log format.
"""

import bisect
import datetime
import itertools

from .truth import Download, Request

FAMOUS = {
    "crates": "serde syn libc rand tokio quote proc-macro2 cfg-if log bitflags base64 unicode-ident itoa ryu memchr regex time "
              "rand_core clap hashbrown serde_json openssl-sys libgit2-sys curl-sys zstd-sys wasi a b2 md-5 sha-1 x86_64",
    "rubygems": "bundler rails json libv8-node nokogiri rake aws-sdk-core i18n rack activesupport foo foo-2d mini_portile2 "
                "google-protobuf net-http-persistent ffi grpc sass-embedded minitest e2mmap",
    "hex": "jason phoenix ecto plug telemetry decimal mime cowboy ranch postgrex db_connection castore phoenix_html gettext",
}
STEMS = "async auto bit cargo core data fast fuzz git hash http image json key lib log macro mini net num os path proc " \
        "rust safe secret sim simple sys term tiny tree ui uni utf vec wasm web win xml yaml zip".split()
BUILDS = ["5.3.0", "wasi-0.2.0", "1.1.1w", "20240109", "build.7"]
PLATFORMS = ["x86_64-linux", "x86_64-darwin-19", "arm64-darwin", "java", "x86-mingw32",
             "aarch64-linux-musl", "2"]
RUBY_ONLY = {"foo": ["1.0.0", "1.0.0-2"], "foo-2d": ["1.0"], "json": ["1.8.3-java", "2.7.1"],
             "libv8-node": ["16.10.0.0-x86_64-darwin-19", "16.10.0.0"]}


class Skewed:
    """Picks items with weights 1/rank^s; the first one gets `top` of all picks if that is given."""

    def __init__(self, rng, items, s=1.0, top=None):
        self.rng, self.items = rng, items
        weights = [1 / (rank + 1) ** s for rank in range(len(items))]
        if top is not None and len(items) > 1:
            weights[0] = sum(weights[1:]) * top / (1 - top)
        self.sums = list(itertools.accumulate(weights))

    def pick(self):
        return self.items[bisect.bisect(self.sums, self.rng.random() * self.sums[-1])]


def package_names(rng, ecosystem, n):
    names = list(dict.fromkeys(FAMOUS[ecosystem].split()))[:n]
    seen = set(names)
    dash = "_" if ecosystem == "hex" else rng.choice
    while len(names) < n:
        glue = dash if ecosystem == "hex" else dash("-_")
        name = glue.join(rng.choice(STEMS) for _ in range(rng.randint(1, 3)))
        name += str(rng.randint(2, 99)) if name in seen else ""
        if name not in seen:
            seen.add(name)
            names.append(name)
    return names


def package_versions(rng, ecosystem, name):
    if ecosystem == "rubygems" and name in RUBY_ONLY:
        return RUBY_ONLY[name]
    major, minor = rng.choice([0, 0, 1, 1, 2, 4]), rng.randint(0, 30)
    versions = ["%d.%d.%d" % (major, minor, patch) for patch in range(rng.randint(1, 6))]
    if ecosystem == "rubygems":
        return [v + "-" + rng.choice(PLATFORMS) if rng.random() < 0.3 else v for v in versions]
    if rng.random() < 0.3:
        versions.append("%d.0.0-%s.%d" % (major + 1, rng.choice(["alpha", "beta", "rc"]),
                                          rng.randint(0, 9)))
    if ecosystem == "crates" and (rng.random() < 0.2 or name.endswith("-sys")):
        versions.append("%d.%d.9+%s" % (major, minor, rng.choice(BUILDS)))
    return versions


def addresses(rng, n):
    """Mostly of 10.0.0.0/8, some of the documentation ranges, one in ten IPv6 with neighbours in its /64."""
    out = []
    for _ in range(n):
        kind = rng.random()
        if kind < 0.75:
            out.append("10.%d.%d.%d" % (rng.randrange(256), rng.randrange(256), rng.randrange(256)))
        elif kind < 0.9:
            out.append(rng.choice(["192.0.2.%d", "198.51.100.%d", "203.0.113.%d"])
                       % rng.randrange(256))
        elif kind < 0.98:
            out.append("2001:db8:%x:%x::%x" % (rng.randrange(16), rng.randrange(256),
                                               rng.randrange(1, 65536)))
        elif kind < 0.99:
            out.append("2001:DB8:0:0:0:0:0:%X" % rng.randrange(256))
        else:
            out.append("::ffff:192.0.2.%d" % rng.randrange(256))
    return out


def spell(rng, text, layers):
    """A path as some client wrote it: percent-encoded where it must be, and here and there where it need not."""
    out = []
    for byte in text:
        c = bytes([byte])
        n = 0
        if byte == ord("+"):
            n = rng.choice([0, 1, layers])
        elif byte < 0x21 or byte > 0x7E:
            n = rng.choice([0 if byte == 0 or byte > 0x7E else 1, 1, layers])
        elif c.isalpha() and rng.random() < 0.002:
            n = 1
        if n:
            c = (b"%%%02X" if rng.random() < 0.8 else b"%%%02x") % byte
            c = c.replace(b"%", b"%25") if n == 2 else c
        out.append(c)
    return b"".join(out)


def download_path(rng, ecosystem, name, version):
    if ecosystem == "crates":
        if rng.random() < 0.5:
            return b"/crates/%s/%s-%s.crate" % (name, name, version)
        return rng.choice([b"", b"", b"/api/v1"]) + b"/crates/%s/%s/download" % (name, version)
    if ecosystem == "rubygems":
        return b"/gems/%s-%s.gem" % (name, version)
    repo = rng.choice([b"", b"", b"/repos/acme"])
    return repo + b"/tarballs/%s-%s.tar" % (name, version)


# Paths that look like something and are nothing; the same in every ecosystem.
NOTHING = [b"/", b"/robots.txt", b"/index/se/rd/serde", b"/crates/serde",
           b"/crates/serde/tokio-1.0.0.crate",
           b"/crates/serde/serde-1.0.crate", b"/crates/rand/01.2.3/download",
           b"/crates/rand/1.2.3-01/download",
           b"/crates//1.0.0/download", b"/crates/rand/1.2.3/download/",
           b"/crates/rand/1.2.3%2Fdownload/x", b"/gems/rails.gem",
           b"/gems/rails-7.1.2.gemspec", b"/gems/a/rails-7.1.2.gem", b"/gems/-.gem",
           b"/tarballs/jason.tar", b"/tarballs/jason-.tar",
           b"/repos/a/b/tarballs/jason-1.0.0.tar", b"/%", b"/%zz/%4", b"/crates/\xe2\x82\xac",
           b"/%00"]
OUTSIDERS = {"crates": [("rubygems", b"/gems/rails-7.1.2.gem", b"rails", b"7.1.2")],
             "rubygems": [("crates", b"/crates/rand/0.8.5/download", b"rand", b"0.8.5")],
             "hex": [("rubygems", b"/gems/jason-1.4.1.gem", b"jason", b"1.4.1")]}
# Names that no table takes: (as decoded, the trouble). Written without any dash or dot, so that no split is in doubt.
HOSTILE = [(b"nul\0l", "encoding"), (b"bad\xff", "encoding"), (b"over\xc0\xaflong", "encoding"),
           (b"sur\xed\xa0\x80", "encoding"),
           (b"big\xf4\x90\x80\x80", "encoding"), (b"a" * 513, "key_too_long"),
           ("é".encode() * 513, "key_too_long"),
           (b"a" * 512, ""), ("é".encode() * 512, ""), ("名前".encode(), ""), (b"esc\x1b[31m", ""),
           (b'q"uo\\te', ""), (b"del\x7f", "")]


class World:
    def __init__(self, rng, ecosystem, n_names=300, n_clients=1500, hot=0.25):
        self.rng, self.ecosystem = rng, ecosystem
        packages = [(name.encode(), [v.encode() for v in package_versions(rng, ecosystem, name)])
                    for name in package_names(rng, ecosystem, n_names)]
        self.packages = Skewed(rng, packages, 1.0, hot)
        self.clients = Skewed(rng, [a.encode() for a in addresses(rng, n_clients)], 0.4)

    def request(self, when, layers):
        """A Request, the path as logged and the agent: `layers` is how often the log may encode a path."""
        rng = self.rng
        r = Request(day=when.strftime("%Y-%m-%d"), cargo=True,
                    bytes=rng.choice([rng.randint(300, 9000), rng.randint(9000, 2_000_000)]))
        name, versions = self.packages.pick()
        version = versions[min(int(rng.expovariate(0.8)), len(versions) - 1)]
        r.what = Download(self.ecosystem, name, version)
        path = download_path(rng, self.ecosystem, name, version)
        kind = rng.random()
        if kind < 0.02:
            path, r.what = rng.choice(NOTHING), None
        elif kind < 0.025:
            outsider, path, *rest = rng.choice(OUTSIDERS[self.ecosystem])
            r.what = Download(outsider, *rest)
        elif kind < 0.032:
            name, trouble = rng.choice(HOSTILE)
            r.what = Download(self.ecosystem, name, b"1.0.0", trouble)
            path = download_path(rng, self.ecosystem, name, b"1.0.0")
        if r.what is not None:
            path = spell(rng, path, layers)
        self.outcome(r)
        r.client = None if rng.random() < 0.005 else self.clients.pick()
        return r, path, self.agent(r)

    def outcome(self, r):
        r.method, r.status, r.range = self.rng.choices(
            [("GET", 200, "unknown"), ("HEAD", 200, "unknown"), ("GET", 304, "unknown"),
             ("GET", 206, "zero"), ("GET", 206, "later"),
             ("GET", 206, "unknown"), ("GET", 404, "unknown"), ("GET", 403, "unknown"),
             ("POST", 200, "unknown"), ("GET", 200, "zero"),
             ("get", 200, "unknown"), ("GET", 0, "unknown"), ("GET", 302, "unknown")],
            [900, 20, 20, 10, 10, 5, 15, 8, 3, 5, 1, 2, 5])[0]
        if r.status in (0, 304) or r.method == "HEAD":
            r.bytes = self.rng.choice([0, 317])

    def agent(self, r):
        """None where the agent is `-`."""
        rng = self.rng
        if rng.random() < 0.95:
            return rng.choice([b"cargo/1.%d.0 (Linux x86_64)",
                               b"cargo 1.%d.0 (1d8b05cdd 2023-11-20)"]) % rng.randint(60, 76)
        r.cargo = False
        return rng.choice([b"curl/8.5.0", b"Mozilla/5.0 (X11; Linux x86_64)", b"cargo-ish/1",
                           b"Cargo/1.75.0", b"cargo", b"Ruby, RubyGems/3.5.3",
                           b"", None, b"xcargo/1.2"])


def moments(rng, start, days, n):
    """n moments in order: `days` are weights of the days from `start` on."""
    out = []
    for _ in range(n):
        day = rng.choices(range(len(days)), days)[0]
        out.append(start + datetime.timedelta(days=day, seconds=rng.randrange(86400)))
    return sorted(out)
