"""CloudFront as a crate registry writes it: 33 columns, a random id in each line."""

from ..cloudfront import COLUMNS, EDGES
from . import plan as planning

LINES = 1_000_000
# For each line.
FIGURES = {"counted": 0.911, "keys": 0.141, "names": 0.051, "top": 0.911 * 0.11, "clients": 0.262,
           "bytes": 373.0, "stored_bytes": 70.0}
HEAD = "#Version: 1.0\n#Fields: %s\n" % " ".join(COLUMNS)
# A request id is 56 letters, as CloudFront's are; how many of them are random sets how well the log packs.
ID_RANDOM_BYTES, ID_REST = 24, "Zm9yIHRoZSBsb2cgaWRzIQ=="
RESULTS = ["Hit"] * 6 + ["Miss", "RefreshHit"]
AGENTS = ["cargo/1.%d.0%%20(%s)" % (minor, build) for minor in range(60, 77) for build in
          ("Linux%20x86_64", "1d8b05cdd%202023-11-20", "ecb9851af%202023-10-18",
           "7046d992f%202023-08-24")]
BROWSER = "Mozilla/5.0%20(X11;%20Linux%20x86_64)"


def plan(rng, n):
    n_counted = int(n * FIGURES["counted"])
    return planning.Plan(rng, n - HEAD.count("\n"), n_counted, int(n * FIGURES["keys"]),
                         int(n * FIGURES["names"]), int(n * FIGURES["clients"]), 0.11)


def size(i, version):
    """With the headers of the answer."""
    return planning.body_size(i, version) + 317


def render(the_plan, rng, begin, end):
    out = []
    for second, bits, peer, body, method, path, status, cargo in planning.requests(the_plan, rng,
                                                                                   begin, end):
        result = RESULTS[bits >> 13 & 7]
        out.append(
            "2024-01-16\t%02d:%02d:%02d\t%s\t%d\t%s\t%s\td3k8xjq0v7mwb2.cloudfront.net\t%s\t%s\t-\t%s\t-\t-\t%s\t%s\tstatic.registry.example.org\thttps\t"
            "%d\t0.%03d\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\t%s\tHTTP/2.0\t-\t-\t%d\t0.%03d\t%s\tapplication/gzip\t%d\t-\t-\n"
            % (second // 3600, second // 60 % 60, second % 60, EDGES[bits % 7], body + 317,
               the_plan.clients[peer], method, path, status,
               AGENTS[(bits & 63) * (bits >> 6 & 63) >> 6] if cargo else BROWSER, result,
               planning.random_id(rng, ID_RANDOM_BYTES, ID_REST), 120 + (bits >> 16 & 31),
               bits >> 21 & 7, result, 1024 + (bits >> 24 & 0x7FFF), bits >> 21 & 7, result, body))
    return "".join(out)
