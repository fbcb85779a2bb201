"""
Temporary networks, as docs/COUNTING.md says ("dataselect_stats"): which code is counted for data of a network that begin at a time.
"""

import datetime
import json
import re


def date_of(text):
    """The first ten bytes; a year alone is its 1 January. None: no date."""
    text = text[:10]
    m = re.fullmatch(rb"([0-9]{4})(?:-([0-9]{2})-([0-9]{2}))?", text)
    if not m:
        return None
    try:
        return datetime.date(int(m[1]), int(m[2] or 1), int(m[3] or 1))
    except ValueError:
        return None


def read_list(name):
    """[(code, first day, last day or None)], in the list's order."""
    with open(name, "rb") as f:
        text = f.read()
    if text.lstrip()[:1] in (b"{", b"["):
        entries = json.loads(text)
        entries = entries["networks"] if isinstance(entries, dict) else entries
        found = [(e["fdsn_code"], e.get("start_date") or "", e.get("end_date") or "") for e in entries]
        found = [tuple(field.encode() for field in entry) for entry in found]
    else:
        lines = [line.split(b"|") for line in text.splitlines() if line.strip() and not line.startswith(b"#")]
        found = [(line[0].strip(), line[-3].strip(), line[-2].strip()) for line in lines]
    return [(code, date_of(start), date_of(end) if end else None) for code, start, end in found]


def extend(networks, code, start):
    """The code as counted; None: of no known network."""
    if not re.fullmatch(rb"[0-9XYZ][0-9A-Z]", code):
        return code
    day = date_of(start) if isinstance(start, bytes) else None
    for listed, first, last in networks if day else ():
        if listed == code and first <= day and (last is None or day <= last):
            return code + b"%04d" % first.year
    return None


def web_hash(payload):
    """What EIDA's web service keeps of a payload: mmh3.hash(str(stats)), signed."""
    import sketch
    h = sketch.murmur3_x86_32(str(json.loads(payload)["stats"]).encode())
    return h - (1 << 32) if h >> 31 else h
