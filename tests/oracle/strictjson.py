"""
RFC 8259 and nothing else: no NaN, no trailing comma, no raw control byte in a string, nesting at most 64.

Strings come back as bytes. Bytes from 0x80 are kept as they stand, and a surrogate that has no partner becomes the
three bytes UTF-8 would use for it, so that asking "is this UTF-8?" later gives the right answer for both.
"""

import re

DEPTH_MAX = 64
BLANKS = b" \t\n\r"
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
INTEGER = re.compile(rb"-?(?:0|[1-9][0-9]*)\Z")
ESCAPES = {b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r",
           b"t": b"\t"}


class Bad(Exception):
    """Not JSON as RFC 8259 has it."""


class Number:
    """A number as written: whether it is an integer is a question of its spelling."""

    def __init__(self, text):
        self.text = text

    def is_integer(self):
        return INTEGER.match(self.text) is not None


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def peek(self):
        return self.data[self.at:self.at + 1]

    def blanks(self):
        while self.peek() and self.peek() in BLANKS:
            self.at += 1

    def take(self, literal):
        if not self.data.startswith(literal, self.at):
            raise Bad("expected %r at %d" % (literal, self.at))
        self.at += len(literal)

    def value(self, depth):
        c = self.peek()
        if c == b"{":
            return self.members(depth + 1)
        if c == b"[":
            return self.elements(depth + 1)
        if c == b'"':
            return self.string()
        for literal, value in ((b"true", True), (b"false", False), (b"null", None)):
            if self.data.startswith(literal, self.at):
                self.at += len(literal)
                return value
        number = NUMBER.match(self.data, self.at)
        if not number:
            raise Bad("no value at %d" % self.at)
        self.at = number.end()
        return Number(number.group())

    def members(self, depth):
        out = {}
        for _ in self.items(b"{", b"}", depth):
            key = self.string()
            self.blanks()
            self.take(b":")
            self.blanks()
            out[key] = self.value(depth)  # a key that comes twice: the last one holds
        return out

    def elements(self, depth):
        return [self.value(depth) for _ in self.items(b"[", b"]", depth)]

    def items(self, opening, closing, depth):
        """Stands before each item of a container; the caller reads the item."""
        if depth > DEPTH_MAX:
            raise Bad("nested too deeply")
        self.take(opening)
        self.blanks()
        if self.peek() == closing:
            self.at += 1
            return
        while True:
            yield
            self.blanks()
            if self.peek() == closing:
                self.at += 1
                return
            self.take(b",")
            self.blanks()

    def string(self):
        self.take(b'"')
        out = bytearray()
        while True:
            c = self.peek()
            if not c or c < b" ":
                raise Bad("a string without end, or a control byte in it")
            self.at += 1
            if c == b'"':
                return bytes(out)
            if c != b"\\":
                out += c
                continue
            kind = self.peek()
            self.at += 1
            if kind == b"u":
                out += chr(self.code_unit()).encode("utf-8", "surrogatepass")
            elif kind in ESCAPES:
                out += ESCAPES[kind]
            else:
                raise Bad("unknown escape")

    def hex4(self):
        digits = self.data[self.at:self.at + 4]
        if not re.fullmatch(rb"[0-9a-fA-F]{4}", digits):
            raise Bad("\\u wants four hex digits")
        self.at += 4
        return int(digits, 16)

    def code_unit(self):
        high = self.hex4()
        if 0xD800 <= high <= 0xDBFF and self.data.startswith(b"\\u", self.at):
            before = self.at
            self.at += 2
            low = self.hex4()
            if 0xDC00 <= low <= 0xDFFF:
                return 0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00)
            self.at = before  # no partner: the next escape stands for itself
        return high


def parse_object(line):
    reader = Reader(line)
    reader.blanks()
    if reader.peek() != b"{":
        raise Bad("not an object")
    value = reader.value(0)
    reader.blanks()
    if reader.at != len(line):
        raise Bad("something behind the object")
    return value
