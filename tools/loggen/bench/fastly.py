"""Fastly's log as crates.io has it sent: a syslog head, then one JSON object; the user agent is inside another object."""

from . import plan as planning

LINES = 1_000_000
# Downloads, keys and clients as CloudFront's.
FIGURES = {"counted": 0.911, "keys": 0.141, "names": 0.051, "clients": 0.262,
           "bytes": 376.0, "stored_bytes": 40.0}
HEAD = ""
BURST = 0.15
AGENTS = ["cargo/1.%d.%d" % (minor, patch) for minor in range(60, 77) for patch in range(3)]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64)"
PLACES = ["FRA", "IAD", "SEA", "NRT", "LHR", "GRU", "SIN", "CHI"]


def plan(rng, n):
    return planning.Plan(rng, n, int(n * FIGURES["counted"]), int(n * FIGURES["keys"]),
                         int(n * FIGURES["names"]), int(n * FIGURES["clients"]), 0.11, BURST)


size = planning.body_size


def render(the_plan, rng, begin, end):
    out = []
    for second, bits, peer, body, method, path, status, cargo in planning.requests(the_plan, rng,
                                                                                   begin, end):
        when = "2024-01-16T%02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)
        place = PLACES[peer % 8]
        out.append(
            '<134>%sZ cache-%s-k%s8000%03d s3-request-logs[257%03d]: '
            '{"bytes":%d,"date_time":"%s.%09dZ","edge_location":"%s","host":"static.example.org",'
            '"http":{"protocol":"HTTP/2","useragent":"%s"},"ip":"%s","method":"%s","status":%s,'
            '"url":"https://static.example.org%s","version":"1"}\n'
            % (when, place.lower(), place.lower(), peer % 97, peer % 31, body, when,
               bits % 1_000_000_000, place, AGENTS[peer % len(AGENTS)] if cargo else BROWSER,
               the_plan.clients[peer], method, status, path))
    return "".join(out)
