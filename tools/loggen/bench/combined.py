"""The combined log of a mirror of the same registry."""

from . import plan as planning

LINES = 1_500_000
FIGURES = {"counted": 1.37 / 1.5, "keys": 0.18 / 1.5, "clients": 0.309 / 1.5,
           "bytes": 250 / 1.5, "stored_bytes": 38 / 1.5}
HEAD = ""
SKEW = 1.0  # no client comes much oftener than others: this sets how well the log packs
SYSTEMS = ["Linux; x86_64", "Linux; aarch64", "Darwin; arm64", "Windows; x86_64"]
AGENTS = ["cargo/1.%d.0 (%s) (%s)" % (minor, build, system) for minor in range(60, 77)
          for build in ("1d8b05cdd 2023-11-20", "ecb9851af 2023-10-18", "7046d992f 2023-08-24")
          for system in SYSTEMS]
REFERER = "https://e.example/%05x"
PROTOCOLS = ["1.1", "2.0", "2.0", "2.0"]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64)"


def plan(rng, n):
    return planning.Plan(rng, n, int(n * FIGURES["counted"]), int(n * FIGURES["keys"]),
                         int(n * 0.06), int(n * FIGURES["clients"]), 0.03, skew=SKEW)


size = planning.body_size


def render(the_plan, rng, begin, end):
    out = []
    for second, bits, peer, body, method, path, status, cargo in planning.requests(the_plan, rng,
                                                                                   begin, end):
        out.append('%s - - [16/Jan/2024:%02d:%02d:%02d +0000] "%s %s HTTP/%s" %s %d "%s" "%s"\n'
                   % (the_plan.clients[peer], second // 3600, second // 60 % 60, second % 60,
                      method, path, PROTOCOLS[bits >> 34 & 3], status, body,
                      "-" if bits & 7 else REFERER % (bits >> 20), AGENTS[(bits >> 13) % len(AGENTS)] if cargo else BROWSER))
    return "".join(out)
