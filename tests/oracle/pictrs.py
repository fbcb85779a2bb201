"""
pict-rs's URLs by docs/COUNTING.md, "What counts for `access`": what a request touches, under which name and variant key.
`read()` gives (touches, source, name, variant), or the reason why there is nothing.
"""

import hashlib
import ipaddress
import re

ANSWERS = {200, 206, 303, 304}
KINDS = {"apng": "apng", "avif": "avif", "gif": "gif", "jpeg": "jpeg", "jpg": "jpeg", "jxl": "jxl", "png": "png", "webp": "webp"}
FILTERS = {f.lower(): f for f in ("Lanczos", "LanczosSharp", "Lanczos2", "Lanczos2Sharp", "Mitchell", "RobidouxSharp")}
VALUE_MAX, KEY_MAX, URL_MAX = 4096, 1200, 1000

# (what the path ends in, GET, HEAD, POST, where the name is)
PATHS = [
    (r"/image/original/(?P<alias>[^/]+)", "", "", ""),
    (r"/image/details/original/(?P<alias>[^/]+)", "", "", ""),
    (r"/image/original", "p", "p", ""),
    (r"/image/process\.(?P<ext>[^/]+)", "vp", "v", ""),
    (r"/image/details/process\.(?P<ext>[^/]+)", "vp", "", ""),
    (r"/image/details/original", "p", "", ""),
    (r"/image/blurhash", "p", "", ""),
    (r"/image/process_backgrounded\.(?P<background>[^/]+)", "", "", ""),
    (r"/internal/(?:purge|delete)", "", "", "p"),
    (r"/internal/(?:aliases|identifier)", "p", "", ""),
    (r"/pictrs/image/(?P<lemmy>[^/]+)", "v", "v", ""),
]
PATHS = [(re.compile("(?:.*)" + head, re.DOTALL), *touched) for head, *touched in PATHS]


class Nothing(Exception):
    """With the reason."""


# ---- queries ----

def percent(data):
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), data)


def unwrap(query):
    """Without CloudFront's layer, if it is there."""
    left_alone = set(range(0x21, 0x7f)) - set(b"\"#%'<>[\\]^`{|}~")
    for m in re.finditer(rb"%(..)?", query, re.DOTALL):
        if not m[1] or not re.fullmatch(rb"[0-9A-Fa-f]{2}", m[1]) or int(m[1], 16) in left_alone:
            return query
    return percent(query)


def decode(data):
    if len(percent(data)) > VALUE_MAX:
        return None
    text = percent(data.replace(b"+", b" ")).decode("utf-8", "replace")
    return text if len(text.encode()) <= VALUE_MAX else None


def pairs(query):
    for pair in query.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            yield decode(name), decode(value)


def first(query, name):
    """(is it there?, its value; None: too long)"""
    for key, value in pairs(query):
        if key == name:
            return True, value
    return False, None


# ---- names ----

def alias(text):
    head, dot, tail = text.partition(".")
    hexa = "[0-9A-Fa-f]"
    hyphens = f"{hexa}{{8}}-{hexa}{{4}}-{hexa}{{4}}-{hexa}{{4}}-{hexa}{{12}}"
    if re.fullmatch(f"{hyphens}|{{{hyphens}}}|urn:uuid:{hyphens}|{hexa}{{32}}", head):
        digits = head.removeprefix("urn:uuid:").strip("{}").replace("-", "").lower()
        head = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return head + dot + tail


def size(text, below=2 ** 64):
    if not re.fullmatch(r"\+?[0-9]+", text, re.ASCII) or int(text) >= below:
        raise Nothing("not_a_download")
    return int(text)


def decimal(text):
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text, re.ASCII):
        raise Nothing("not_a_download")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Nothing("not_a_download")
    sign, digits, exponent = re.fullmatch(r"(-?)([0-9.]+)(?:e([+-][0-9]+))?", repr(value)).groups()
    whole, _, part = digits.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = whole + part
    if point <= 0:
        digits, point = "0" * (1 - point) + digits, 1
    digits = digits.ljust(point, "0")
    part = digits[point:].rstrip("0")
    return sign + (digits[:point].lstrip("0") or "0") + ("." + part if part else "")


def resize(text):
    name, dot, rest = text.partition(".")
    if not dot:
        return f"resize/{size(text)}"
    area = rest.startswith("a")
    number = size(rest.lstrip("a"))
    name = FILTERS.get(name.lower() if name.isascii() else name, "")
    return f"resize/{name}{'.a' if area else '.' if name else ''}{number}"


def crop(text):
    sides = text.split("x")
    if len(sides) < 2:
        raise Nothing("not_a_download")
    sides = [size(side) for side in sides[:2]]
    if not all(1 <= side <= 20 for side in sides):
        raise Nothing("not_a_download")
    return f"crop/{sides[0]}x{sides[1]}"


OPERATIONS = {"identity": lambda text: None, "thumbnail": lambda text: f"thumbnail/{size(text)}", "resize": resize, "crop": crop,
              "blur": lambda text: f"blur/{decimal(text)}"}


def variant(query, ext, filters):
    if ext not in KINDS:
        raise Nothing("not_a_download")
    steps = []
    for name, value in pairs(query):
        if name is None or not name.isascii() or name.lower() not in filters:
            continue
        if name not in OPERATIONS or value is None:
            raise Nothing("not_a_download")
        steps.append(OPERATIONS[name](value))
    return "/".join([step for step in steps if step] + [KINDS[ext]])


# ---- the URL standard ----

def encode(text, also):
    return "".join(f"%{b:02X}" if b <= 0x20 or b >= 0x7f or chr(b) in also else chr(b) for b in text.encode())


IN_PATH = '"<>`#?{}'


def ipv4_number(text):
    if not text:
        return None
    base, digits = 10, text
    if len(text) > 1 and text[0] == "0":
        base, digits = (16, text[2:]) if text[1] in "xX" else (8, text[1:])
    allowed = {8: "[0-7]*", 10: "[0-9]*", 16: "[0-9A-Fa-f]*"}[base]
    if not re.fullmatch(allowed, digits):
        return None
    return int(digits, base) if digits else 0


def host(text):
    if text.startswith("["):
        if not text.endswith("]") or "%" in text:
            raise Nothing("not_a_download")
        try:
            number = int(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise Nothing("not_a_download") from None
        pieces = [f"{number >> 16 * (7 - i) & 0xffff:x}" for i in range(8)]
        runs = sorted(((-len(m[0].split()), m.start()) for m in re.finditer(r"(?<![^ ])0( 0)+(?![^ ])", " ".join(pieces))))
        if runs:
            length = -runs[0][0]
            at = len(" ".join(pieces)[:runs[0][1]].split())
            return "[" + ":".join(pieces[:at]) + "::" + ":".join(pieces[at + length:]) + "]"
        return "[" + ":".join(pieces) + "]"
    domain = percent(text.encode()).decode("utf-8", "replace")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            raise Nothing("not_a_download") from None
    domain = domain.lower()
    if not domain or re.search(r"[\x00-\x20\x7f#/:<>?@\[\\\]^|%]", domain):
        raise Nothing("not_a_download")
    labels = domain.split(".")
    if len(labels) > 1 and labels[-1] == "":
        labels.pop()
    if re.fullmatch("[0-9]+", labels[-1]) or (labels[-1] and ipv4_number(labels[-1]) is not None):
        numbers = [ipv4_number(label) for label in labels]
        if len(numbers) > 4 or None in numbers or any(n > 255 for n in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
            raise Nothing("not_a_download")
        value = numbers[-1] + sum(n << 8 * (3 - i) for i, n in enumerate(numbers[:-1]))
        return str(ipaddress.IPv4Address(value))
    return domain


def url(text):
    text = re.sub("[\t\n\r]", "", re.sub(r"\A[\x00-\x20]+|[\x00-\x20]+\Z", "", text))
    m = re.fullmatch(r"(https?):[/\\]*([^/\\?#]*)([^?#]*)(\?[^#]*)?(#.*)?", text, re.IGNORECASE | re.DOTALL | re.ASCII)
    if not m:
        raise Nothing("not_a_download")
    scheme, authority, path, query, fragment = m.groups()
    scheme = scheme.lower()
    user, at, rest = authority.rpartition("@")
    name, _, password = user.partition(":")
    out = scheme + "://"
    in_userinfo = IN_PATH + "/:;=@[\\]^|"
    if name or password:
        out += encode(name, in_userinfo) + (":" + encode(password, in_userinfo) if password else "") + "@"
    m = re.fullmatch(r"(\[[^]]*\]|[^:\[][^:]*)(?::([0-9]*))?", rest, re.ASCII | re.DOTALL)
    if not m or int(m[2] or 0) > 65535:
        raise Nothing("not_a_download")
    out += host(m[1])
    if m[2] and int(m[2]) != {"http": 80, "https": 443}[scheme]:
        out += f":{int(m[2])}"
    segments = []
    parts = re.split(r"[/\\]", path)[1:] or [""]
    for i, part in enumerate(parts):
        plain = re.sub("%2e", ".", part, flags=re.IGNORECASE)
        if plain == "..":
            segments = segments[:-1]
        elif plain != ".":
            segments.append(encode(part, IN_PATH))
            continue
        if i == len(parts) - 1:
            segments.append("")
    out += "".join("/" + segment for segment in segments)
    if query is not None:
        out += "?" + encode(query[1:], "\"<>#'")
    if fragment is not None:
        out += "#" + encode(fragment[1:], '"<>`')
    return out


# ---- requests ----

def named(query):
    """(is it a URL?, the name; None: too long)"""
    for key in ("src", "alias"):
        there, value = first(query, key)
        if there:
            if value == "":
                raise Nothing("not_a_download")
            return False, value and alias(value)
    there, value = first(query, "proxy")
    if not there:
        raise Nothing("not_a_download")
    return True, None if value is None else url(value)


def lemmy(name, query, filters):
    has_format, kind = first(query, "format")
    has_thumbnail, number = first(query, "thumbnail")
    if not has_format and not has_thumbnail:
        return None
    if not has_format:
        kind = name.rpartition(".")[2]
    if kind not in KINDS:
        raise Nothing("not_a_download")
    key = KINDS[kind]
    if has_thumbnail:
        number = size(number or "", 2 ** 31)
        key = f"thumbnail/{number}/{key}" if "thumbnail" in filters else key
    return key


def read(method, path, status, query=None, decodes=1, filters=tuple(OPERATIONS)):
    """`path` as logged, bytes; `query`: a field of its own, bytes; `filters`: what media_filters lists."""
    if status not in ANSWERS:
        raise Nothing("status")
    inside = path.partition(b"?")
    query = inside[2] if inside[1] else query or b""
    query = query.partition(b"#")[0]
    path = inside[0].partition(b"#")[0]
    if not path.startswith(b"/"):
        path = re.sub(rb"\A[A-Za-z][A-Za-z0-9+.-]*://[^/]*", b"", path)
    for _ in range(decodes):
        path = percent(path)
    if decodes == 2:
        query = unwrap(query)
    path = path.decode("utf-8", "surrogateescape")
    for shape, *touched in PATHS:
        m = shape.fullmatch(path)
        if m:
            break
    else:
        raise Nothing("not_a_download")
    parts = m.groupdict()
    given = parts.get("alias") or parts.get("lemmy")
    by_url, name = (False, alias(given)) if given else named(query)
    touches = dict(zip(("GET", "HEAD", "POST"), touched)).get(method or "GET", "")
    if not by_url:
        touches = touches.replace("p", "") + "a"
    elif "p" in touches:
        touches += "a"
    if not touches:
        raise Nothing("method" if any(touched) else "not_a_download")
    key = ""
    if "v" in touches and "lemmy" in parts:
        key = lemmy(given, query, filters)
        if key is None:
            touches, key = touches.replace("v", ""), ""
    elif "v" in touches:
        key = variant(query, parts["ext"], filters)
    if name is None or len(name.encode("utf-8", "surrogateescape")) > VALUE_MAX or len(key) > VALUE_MAX:
        raise Nothing("key_too_long")
    if "\0" in name or re.search("[\udc80-\udcff]", name):
        raise Nothing("encoding")
    source = "proxy" if by_url else "alias"
    if by_url and len(name) > URL_MAX:
        source, name = "hashed", hashlib.sha256(name.encode()).hexdigest()
    row = (touches, source, name, key)
    if sum(len(text.encode()) + 2 for text in row) > KEY_MAX:
        raise Nothing("key_too_long")
    return row


def self_check():
    assert read("GET", b"/image/process.jpg?src=asdf.png&thumbnail=256&blur=3.0", 200) == \
        ("va", "alias", "asdf.png", "thumbnail/256/blur/3/jpeg")
    assert url("HTTPS://User@Example.COM:443\\a/./b/../c d?q#f") == "https://User@example.com/a/c%20d?q#f"
    assert url("http://[0:0:0:0:0:1:0:0]") == "http://[::1:0:0]/"


self_check()
