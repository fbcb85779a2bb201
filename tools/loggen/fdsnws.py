"""SeisComP's request log of dataselect: one JSON object a line, one record for each trace that was delivered."""

import datetime
import json

from .truth import Skip, Trace, Traces
from .world import Skewed, moments

NETWORKS = {"GE": ["EIL", "STU", "WLF", "KARP", "MARJ"], "CZ": ["PRU", "KHC"],
            "Z3": ["A001A", "A002A"], "FR": ["OGDI", "SURF"],
            "_GEOFN": ["STU"]}
CHANNELS = ["BHZ", "BHN", "BHE", "HHZ", "LHZ"]
COUNTRIES = ["DE", "FR", "IT", "US", "JP", "BR", "CL", "ID"]

# userID as JSON, and as Python's str() prints it; None: no client
ODD_USERS = [('"anonymous"', "anonymous"), ('""', None), ('"-"', None), ("null", "None"),
             ("true", "True"), ("false", "False"), ("-0", "0"),
             ("1.5", "1.5"), ("1e20", "1e+20"), ("1E2", "100.0"), ("5.0", "5.0"), ("-7", "-7"),
             ("-0.0", "-0.0"), ("1e-7", "1e-07"),
             ("123456789012345678901234567890", "123456789012345678901234567890"),
             ('"1497164453"', "1497164453"), ('"\\u00fcml"', "üml"),
             ('"\\ud83d\\ude00"', "\U0001f600"), ("0.1", "0.1"),
             ("1234567890.123", "1234567890.123"), ("101248221", "101248221")]
# userLocation as JSON, and the country it gives
PLACES = [("{}", ""), ('{"country": null}', ""), ("null", ""), ('{"country": "D"}', ""),
          ('{"country": "DEU"}', ""), ('{"country": 49}', ""),
          ('{"country": "\\u00e9\\u00e9"}', "éé"), ("[]", ""), ('"DE"', ""),
          ('{"country": "DE", "institution": "GFZ"}', "DE"), ('{"country": ""}', "")]
# Traces of an OK request that are no Trace
ODD_TRACES = [("{}", "fields"), ("1", "fields"), ("null", "fields"), ('{"status": 1}', "fields"),
              ('{"status": "ok"}', "no_data_trace"),
              ('{"status": "OK"}', "fields"),
              ('{"net": "GE", "sta": "EIL", "loc": "", "cha": "BHZ", "status": "OK"}', "fields"),
              ('{"net": "GE", "sta": "EIL", "loc": null, "cha": "BHZ", "status": "OK", "bytes": 1}',
               "fields"),
              ('{"net": "GEOFONS", "sta": "EIL", "loc": "", "cha": "BHZ", "status": "OK", "bytes": 1}', "key_too_long"),
              ('{"net": "GE", "sta": "EIL", "loc": "", "cha": "\\u00e9\\u00e9\\u00e9\\u00e9", "status": "OK", "bytes": 1}', "key_too_long"),
              ('{"net": "G\\u0000", "sta": "EIL", "loc": "", "cha": "BHZ", "status": "OK", "bytes": 1}', "encoding"),
              ('{"net": "GE", "sta": "\\ud800", "loc": "", "cha": "BHZ", "status": "OK", "bytes": 1}', "encoding")]
ODD_BYTES = ["-1", "1.0", "1e3", '"12"', "null", "9223372036854775808", "9" * 30, "true",
             "-9223372036854775808"]
BROKEN = ['{"a": NaN, %s', '{"a": Infinity, %s', '{"a": [1,], %s', '{"a": 01, %s', '{"a": "\t", %s',
          "{'a': 1, %s", '{"a": "\\x41", %s', '{"a": tru, %s']


class RequestLog:
    def __init__(self, rng, n_users):
        self.rng = rng
        streams = [(net, sta, loc, cha) for net, stations in NETWORKS.items() for sta in stations
                   for cha in CHANNELS for loc in ("", "00")]
        streams.insert(0, ("GE", "EIL", "", "BHZ"))
        self.streams = Skewed(rng, list(dict.fromkeys(streams)), 0.9, 0.4)
        self.countries = Skewed(rng, COUNTRIES, 1.0, 0.7)
        self.users = Skewed(rng, [str(rng.getrandbits(32)) for _ in range(n_users)], 0.3)

    def moment(self, when):
        """(day as written, text)."""
        rng = self.rng
        fraction = ".%06d" % rng.randrange(1, 10 ** 6) if rng.random() < 0.95 else ""
        zone = "Z"
        if rng.random() < 0.03:
            zone = rng.choice(["+02:00", "-08:00", "+0530", ""])
            fraction = rng.choice([fraction, ".5", ".123456789"])
        text = when.strftime(rng.choice(["%Y-%m-%dT%H:%M:%S"] * 20 + ["%Y-%m-%d %H:%M:%S"]))
        return when.strftime("%Y-%m-%d"), text + fraction + zone

    def fields(self, when):
        """The fields of a request as JSON text, in order, without trace, status, bytes; and the truth they share."""
        rng = self.rng
        day, finished = self.moment(when)
        user = self.users.pick()
        user, client = rng.choice(ODD_USERS) if rng.random() < 0.02 else (user, user)
        country = self.countries.pick()
        place = '{"country": "%s"}' % country
        if rng.random() < 0.08:
            place, country = rng.choice(PLACES)
        text = {"service": '"fdsnws-dataselect"', "userID": user,
                "clientID": json.dumps(rng.choice(["ObsPy/1.4.0 (Linux)", "curl/8.5.0", "fdsnws"])),
                "userEmail": "null", "auth": rng.choice(["true", "false"]), "userLocation": place,
                "created": json.dumps(finished)}
        if rng.random() < 0.1:
            del text["auth"]
        if rng.random() < 0.01:
            del text["service"]
        if rng.random() < 0.005:
            del text["userID"]
            client = None
        return text, json.dumps(finished), {"month": day[:7] + "-01", "country": country,
                                            "client": client}

    def trace(self, status, size=None):
        """A trace as JSON text, its stream and size."""
        rng = self.rng
        net, sta, loc, cha = self.streams.pick()
        size = rng.randint(512, 3_000_000) if size is None else size
        start = "2015-%02d-%02dT%02d:00:00" % (rng.randint(1, 12), rng.randint(1, 28),
                                               rng.randrange(24))
        text = {"net": net, "sta": sta, "loc": loc, "cha": cha, "start": start + ".0000Z",
                "end": start + ".076986Z",
                "restricted": status == "DENIED", "status": status,
                "bytes": size if status == "OK" else 0}
        return json.dumps(text), (net, sta, loc, cha), size

    def request(self, when):
        """The object as {name: JSON text}, and its event."""
        rng = self.rng
        text, finished, shared = self.fields(when)
        status = rng.choices(["OK", "NODATA", "DENIED", "ERROR"], [80, 12, 4, 4])[0]
        traces, outcomes, total = [], [], 0
        for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
            one = status
            if status in ("OK", "ERROR"):
                one = rng.choices(["OK", "NODATA", "DENIED"], [90, 8, 2])[0]
            trace, codes, size = self.trace(one)
            traces.append(trace)
            outcomes.append(Trace(codes=codes, ok=True, bytes=size, **shared) if one == "OK"
                            else "no_data_trace")
            total += size if one == "OK" else 0
        if status == "OK" or rng.random() < 0.5:
            text["trace"] = "[" + ", ".join(traces) + "]"
        text.update({"status": json.dumps(status), "bytes": str(total), "finished": finished})
        return text, Traces(outcomes if status == "OK" else [Trace(**shared)])

    def render(self, text):
        return ("{" + ", ".join('"%s": %s' % item for item in text.items()) + "}").encode()

    def line(self, when):
        text, event = self.request(when)
        return self.render(text), event

    def damaged(self, when):
        rng = self.rng
        text, event = self.request(when)
        kind = rng.randrange(9)
        if kind < 3:
            return self.odd_field(text)
        if kind < 5:
            return self.odd_trace(when)
        if kind == 5:
            line = self.render(text)
            return rng.choice([line[:rng.randrange(1, len(line))], line + b"}", line + b"," + line,
                               b"[" + line + b"]",
                               line[:-1] + b",}", b"\xef\xbb\xbf" + line,
                               line.replace(b": ", b" ", 1), b"null"]), Skip("json")
        if kind == 6:
            return (rng.choice(BROKEN) % self.render(text)[1:].decode()).encode(), Skip("json")
        if kind == 7:
            return rng.choice([(b"", Skip("blank")), (b"\r", Skip("blank")), (b" ", Skip("json")),
                               (b"{}", Skip("fields"))])
        return self.harmless(text), event

    def harmless(self, text):
        """Strange, and just as good."""
        rng = self.rng
        depth = 63
        text.setdefault("userID", '""')
        first = rng.choice(['"status": "ERROR"', '"finished": 7', '"userID": []',
                            '"x": ' + '{"x": ' * depth + "1" + "}" * depth,
                            '"x": ' + "[" * depth + "]" * depth, '"": "\\u0000\\ud800"',
                            '"n": [-0, 1E+5, 0.5e-3, 123e45]'])
        return b" \t{ " + first.encode() + b" , " + self.render(text)[1:] + b" \r"

    def odd_field(self, text):
        rng = self.rng
        spoiled = [("finished", rng.choice(["7", "null"]), "fields"), ("finished", None, "fields"),
                   ("status", "200", "fields"), ("status", None, "fields"),
                   ("finished", '"%s"' % rng.choice(["2024-02-30T00:00:00Z", "2024-01-16",
                                                     "2024-01-16T24:00:00Z", "16/01/2024",
                                                     "2024-01-16T10:00:00.Z",
                                                     "10000-01-01T00:00:00Z",
                                                     "2024-01-16T10:00:00+02", "",
                                                     "2024-01-16T10:00:00.1234567891Z"]), "time"),
                   ("service", rng.choice(['"fdsnws-station"', "null", '""', "[]"]),
                    "other_service"), ("userID", rng.choice(["[]", "{}", "[1]"]), "fields"),
                   ("userID", rng.choice(['"\\ud800"', '"a\\udc00b"']), "encoding"),
                   ("x", "[" * 64 + "]" * 64, "json")]
        name, value, why = rng.choice(spoiled)
        if value is None:
            text.pop(name)
        else:
            text[name] = value
        return self.render(text), Skip(why)

    def odd_trace(self, when):
        rng = self.rng
        text, finished, shared = self.fields(when)
        text.update({"status": '"OK"', "finished": finished})
        if rng.random() < 0.2:
            text["trace"] = rng.choice(["[]", "{}", "null", "7", '"OK"'])
            if rng.random() < 0.3:
                del text["trace"]
            return self.render(text), Skip("no_data_trace")
        traces, outcomes = [], []
        for _ in range(rng.randint(1, 4)):
            kind = rng.random()
            if kind < 0.4:
                trace, outcome = rng.choice(ODD_TRACES)
            else:
                trace, codes, size = self.trace("OK", 123456789)
                outcome = Trace(codes=codes, ok=True, bytes=size, **shared)
                if kind < 0.7:
                    trace, outcome = trace.replace("123456789", rng.choice(ODD_BYTES)), "number"
                elif kind < 0.75:
                    trace, outcome.bytes = trace.replace("123456789", "-0"), 0
            traces.append(trace)
            outcomes.append(outcome)
        text["trace"] = "[" + ", ".join(traces) + "]"
        return self.render(text), Traces(outcomes)


def generate(rng, n, damage=0.0, n_users=6000, start=datetime.datetime(2024, 1, 20), n_days=60):
    writer = RequestLog(rng, n_users)
    # most of it in February, so that one month has a crowd
    weights = [1 if not 12 <= day < 41 else 6 for day in range(n_days)]
    for when in moments(rng, start, weights, n):
        yield writer.damaged(when) if rng.random() < damage else writer.line(when)
