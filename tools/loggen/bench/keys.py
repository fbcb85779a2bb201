"""
A short CloudFront log with as many keys as can be: each (name, version) comes twice, far apart, in an order that no cache likes. Nothing is drawn:
a line's number says what is in it.
"""

LINES = 20_000_000
FIGURES = {"counted": 1.0, "keys": 0.5}
HEAD = "#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes\n"
STEP = 6_180_339_887  # prime to 10: every key once before any comes again


class Plan:
    def __init__(self, n):
        self.n_lines, self.n_keys = n, max(10, n // 20 * 10)
        self.n_names = self.n_keys // 10

    def figures(self):
        return {"counted": self.n_lines, "keys": self.n_keys, "names": self.n_names}


def plan(_, n):
    return Plan(n - HEAD.count("\n"))


def render(the_plan, _, begin, end):
    n_keys, n_names, n = the_plan.n_keys, the_plan.n_names, the_plan.n_lines
    out = []
    for line in range(begin, end):
        key = line * STEP % n_keys
        name, second = key % n_names, line * 86400 // n
        out.append("2024-01-16\t%02d:%02d:%02d\t10.0.%d.%d\tGET\t/crates/crate%d/1.%d.0/download\t200\t%d\n"
                   % (second // 3600, second // 60 % 60, second % 60, key >> 5 & 255, line & 255, name,
                      key // n_names, 1000 + key % 977))
    return "".join(out)
