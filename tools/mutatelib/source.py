"""C as it is needed to change one thing of it: tokens with their places, and what must be left alone."""

import bisect
import re

# The order matters: what hides tokens first, longer operators before their beginnings.
TOKEN = re.compile(r"""
      (?P<comment> /\*.*?\*/ | //[^\n]* )
    | (?P<directive> ^[ \t]*\#(?:[^\n\\]|\\.|\\\n)* )
    | (?P<string> (?:u8|[uUL])?"(?:[^"\\\n]|\\.)*" )
    | (?P<char> '(?:[^'\\\n]|\\.)+' )
    | (?P<number> (?:0[xX][0-9a-fA-F]+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?[uUlLfF]* )
    | (?P<word> [A-Za-z_]\w* )
    | (?P<op> \.\.\. | <<= | >>= | -> | \+\+ | -- | << | >> | <= | >= | == | != | && | \|\| | [-+*/%&|^]= | [^\s\w] )
""", re.VERBOSE | re.DOTALL | re.MULTILINE)

# What they say is checked at compile time or is not what the program is for.
LEFT_ALONE = {"assert", "static_assert", "_Static_assert", "__attribute__", "_Alignas", "sizeof"}

PAIRS = {"(": ")", "[": "]", "{": "}"}


class Token:
    __slots__ = ("kind", "text", "begin", "end", "pair", "function")

    def __init__(self, kind, text, begin):
        self.kind, self.text, self.begin, self.end = kind, text, begin, begin + len(text)
        self.pair = None      # of a bracket: where its other half is, as an index
        self.function = None  # whose body it stands in


class Source:
    """The tokens of a file without its comments and directives, in order."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.starts = [0] + [m.end() for m in re.finditer("\n", text)]
        self.tokens = [Token(m.lastgroup, m.group(), m.start()) for m in TOKEN.finditer(text)
                       if m.lastgroup not in ("comment", "directive")]
        self.match_brackets()
        self.find_functions()

    def line_of(self, offset):
        return bisect.bisect_right(self.starts, offset)

    def match_brackets(self):
        held = []
        for i, t in enumerate(self.tokens):
            if t.text in PAIRS:
                held.append(i)
            elif t.text in PAIRS.values() and t.kind == "op" and held:
                t.pair = held.pop()
                self.tokens[t.pair].pair = i

    def find_functions(self):
        """A body is what stands between braces after a parenthesis, at the outermost level; its name begins a line."""
        i = 0
        while i < len(self.tokens):
            t = self.tokens[i]
            if t.text == "{" and t.pair:
                if self.tokens[i - 1].text == ")":
                    self.enter_function(i)
                i = t.pair
            i += 1

    def enter_function(self, brace):
        opening = self.tokens[brace - 1].pair
        name = self.tokens[opening - 1].text if opening else "?"
        i = brace + 1
        while i < self.tokens[brace].pair:
            if self.tokens[i].text in LEFT_ALONE and self.tokens[i + 1].pair:
                i = self.tokens[i + 1].pair
            else:
                self.tokens[i].function = name
            i += 1


    def statement_lines(self, begin, end):
        """The first and the last line of the statement, or the condition, around text[begin:end]."""
        at = [t.begin for t in self.tokens]
        first, last = bisect.bisect_right(at, begin) - 1, bisect.bisect_left(at, end) - 1
        while first > 0 and self.tokens[first - 1].text not in (";", "{", "}"):
            first -= 1
        while last + 1 < len(self.tokens) and self.tokens[last].text not in (";", "{", "}"):
            last += 1
        return self.line_of(self.tokens[first].begin), self.line_of(self.tokens[last].begin)


    def function_lines(self, begin):
        """The first and the last line of the function that text[begin] stands in."""
        i = bisect.bisect_right([t.begin for t in self.tokens], begin) - 1
        first = last = i
        while first > 0 and self.tokens[first - 1].function == self.tokens[i].function:
            first -= 1
        while last + 1 < len(self.tokens) and self.tokens[last + 1].function == self.tokens[i].function:
            last += 1
        return self.line_of(self.tokens[first].begin), self.line_of(self.tokens[last].begin)


class Change:
    """One thing of a file changed: text[begin:end] becomes `new`; the lines keep their numbers."""

    def __init__(self, source, kind, begin, end, new):
        self.kind, self.begin, self.end = kind, begin, end
        self.line = source.line_of(begin)
        self.old = source.text[begin:end]
        self.new = new + "\n" * (self.old.count("\n") - new.count("\n"))

    def lines(self, source):
        return source.statement_lines(self.begin, self.end)

    def apply(self, text):
        return text[:self.begin] + self.new + text[self.end:]

    def __str__(self):
        def flat(s):
            return " ".join(s.split())
        return f"{flat(self.old)!r} -> {flat(self.new)!r}"
