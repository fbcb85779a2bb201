"""
What may be changed: each operator walks the tokens of a file and gives all changes that it could make.

They are small mistakes that people make: a bound that is off by one, a condition the wrong way round, a call forgotten. What does not
compile, or compiles to the same code, is sorted out later.
"""

import re

from .source import Change

RELATIONS = {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="]}
ARITHMETIC = {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"], "+=": ["-=", "="], "-=": ["+=", "="], "++": ["--"], "--": ["++"],
              "<<": [">>"], ">>": ["<<"], "&": ["|"], "|": ["&"], "^": ["|"], "|=": ["&=", "="], "&=": ["|="]}
LOGICAL = {"&&": ["||"], "||": ["&&"]}
WORDS = {"true": ["false"], "false": ["true"], "break": ["continue", ""], "continue": ["break", ""]}
BEGINS = {";", "{", "}", ":", "else"}  # a statement may begin after these
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE|FROM|ORDER BY|ON CONFLICT|FOR UPDATE|SET|JOIN|VALUES|GROUP BY|RETURNING)\b")
SQL_CHANGES = [
    (re.compile(r" ORDER BY [^\"()]*?(?= LIMIT| FOR |;|\"|\)|$)"), [""]), (re.compile(r"\bAND\b"), ["OR"]), (re.compile(r"\bOR\b"), ["AND"]),
    (re.compile(r"(?<![<>!=])=(?![=>])"), ["<>"]), (re.compile(r"<>"), ["="]), (re.compile(r"(?<=\s)<(?=\s)"), ["<="]),
    (re.compile(r"(?<=\s)>(?=\s)"), [">="]), (re.compile(r"(?<=\s)>=(?=\s)"), [">"]), (re.compile(r"(?<=\s)<=(?=\s)"), ["<"]),
    (re.compile(r"(?<=\s)\+(?=\s)"), ["-"]), (re.compile(r"\bIS NULL\b"), ["IS NOT NULL"]), (re.compile(r"\bIS NOT NULL\b"), ["IS NULL"]),
    (re.compile(r"\bGREATEST\b"), ["LEAST"]), (re.compile(r"\bmin\("), ["max("]), (re.compile(r"\bmax\("), ["min("]),
    (re.compile(r"\bDESC\b"), ["ASC"]), (re.compile(r"\bDISTINCT "), [""]), (re.compile(r"\bFOR UPDATE( SKIP LOCKED)?"), [""]),
    (re.compile(r"\bNOT EXISTS\b"), ["EXISTS"]), (re.compile(r"\bLEFT JOIN\b"), ["JOIN"]),
]


def inside(source):
    """(index, token) of what stands in bodies of functions."""
    return ((i, t) for i, t in enumerate(source.tokens) if t.function and 0 < i < len(source.tokens) - 1)


def swapped(source, kind, table, binary=False):
    for i, t in inside(source):
        if t.kind not in ("op", "word") or t.text not in table:
            continue
        before = source.tokens[i - 1]
        if binary and t.text in "+-*&" and not (before.kind in ("word", "number", "char") or before.text in (")", "]")):
            continue
        if before.text == "return" or t.text == "*" and before.text == ")" and source.tokens[i + 1].text == ")":
            continue
        for new in table[t.text]:
            yield Change(source, kind, t.begin, t.end, new)


def relations(source):
    return swapped(source, "relation", RELATIONS)


def arithmetic(source):
    return swapped(source, "arithmetic", ARITHMETIC, binary=True)


def logic(source):
    yield from swapped(source, "logic", LOGICAL)
    for i, t in inside(source):
        if t.text == "!":
            yield Change(source, "logic", t.begin, t.end, "")


def words(source):
    return swapped(source, "word", WORDS)


def conditions(source):
    for i, t in inside(source):
        opening = source.tokens[i + 1]
        if t.text in ("if", "while") and opening.text == "(" and opening.pair:
            cond = source.text[opening.end:source.tokens[opening.pair].begin]
            yield Change(source, "condition", opening.begin, source.tokens[opening.pair].end, f"(!({cond}))")


def constants(source):
    for _, t in inside(source):
        if t.kind == "char" and len(t.text) == 3 and t.text[1].isprintable() and t.text[1] not in "\\'&~":
            new = chr(ord(t.text[1]) + 1)
            yield Change(source, "constant", t.begin, t.end, "'\\\\'" if new == "\\" else "'\\''" if new == "'" else f"'{new}'")
        number = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", t.text) if t.kind == "number" else None
        if number:
            value = int(number[1], 0) if number[1][:2] in ("0x", "0X") else int(number[1])
            for new in sorted({value + 1, value - 1, 0} - {value, -1}):
                yield Change(source, "constant", t.begin, t.end, f"{new}{number[2]}")


def statement_end(source, i):
    """The semicolon of a simple statement that begins at token i; None if it is not simple."""
    while i < len(source.tokens):
        t = source.tokens[i]
        if t.text == ";":
            return i
        if t.text in "{}" and t.kind == "op":
            return None
        i = t.pair + 1 if t.text in ("(", "[") and t.pair else i + 1
    return None


def begins_statement(source, i):
    """After a `)` it may be the body of an if; what is no statement there does not compile without it."""
    return source.tokens[i - 1].text in BEGINS or source.tokens[i - 1].text == ")"


def calls(source):
    """A call whose result nobody takes."""
    for i, t in inside(source):
        opening = source.tokens[i + 1]
        if t.kind == "word" and opening.text == "(" and opening.pair and begins_statement(source, i) and \
                source.tokens[opening.pair + 1].text == ";" and t.text not in ("if", "while", "for", "switch", "return", "sizeof"):
            yield Change(source, "call dropped", t.begin, source.tokens[opening.pair].end, "(void)0")


def assignments(source):
    """No declaration: those have two words side by side before the sign."""
    for i, t in inside(source):
        if t.kind != "op" or t.text not in ("=", "+=", "-=", "|=") or statement_end(source, i) is None:
            continue
        first = i
        while first > 1 and not begins_statement(source, first):
            first -= 1
            if source.tokens[first].text in ("]", ")") and source.tokens[first].pair:
                first = source.tokens[first].pair
        target = source.tokens[first:i]
        if not target or source.tokens[first - 1].text == "(" or target[0].kind == "op" and target[0].text not in "*(":
            continue
        declares = any(a.kind == "word" and b.kind == "word" for a, b in zip(target, target[1:])) or target[0].text in ("const", "struct")
        if not declares:
            yield Change(source, "assignment dropped", source.tokens[first].begin, source.tokens[statement_end(source, i)].begin, "(void)0")


def arguments(source):
    """Neighbours in a call change places; the compiler says whether they are of a kind."""
    for i, t in inside(source):
        opening = source.tokens[i + 1]
        if t.kind != "word" or opening.text != "(" or not opening.pair or t.text in ("if", "while", "for", "switch", "return"):
            continue
        commas, at = [], i + 2
        while at < opening.pair:
            if source.tokens[at].text == ",":
                commas.append(at)
            at = source.tokens[at].pair + 1 if source.tokens[at].text in ("(", "[", "{") and source.tokens[at].pair else at + 1
        edges = [i + 1] + commas + [opening.pair]
        for a, b, c in zip(edges, edges[1:], edges[2:]):
            begin, end = source.tokens[a + 1].begin, source.tokens[c - 1].end
            left = source.text[begin:source.tokens[b - 1].end]
            right = source.text[source.tokens[b + 1].begin:end]
            if left != right and not (left.startswith('"') or right.startswith('"')):
                yield Change(source, "arguments swapped", begin, end, f"{right}, {left}")


def returns(source):
    """An early return, or a jump to the end, is forgotten; or success is returned for another result."""
    for i, t in inside(source):
        end = statement_end(source, i) if t.text in ("return", "goto") else None
        if end is None:
            continue
        if source.tokens[i - 1].text == ")":
            yield Change(source, "return dropped", t.begin, source.tokens[end].begin, "(void)0")
        if t.text == "return" and end == i + 2 and re.match(r"ST_(?!OK)|REJECT_|FILTER_", source.tokens[i + 1].text):
            ok = "ST_OK" if source.tokens[i + 1].text.startswith("ST_") else "KEEP"
            yield Change(source, "result", source.tokens[i + 1].begin, source.tokens[i + 1].end, ok)


def statements(source):
    """What is sent to the server is code, too."""
    for _, t in inside(source):
        if t.kind == "string" and SQL.search(t.text):
            for pattern, news in SQL_CHANGES:
                for m in pattern.finditer(t.text):
                    for new in news:
                        yield Change(source, "sql", t.begin + m.start(), t.begin + m.end(), new)


OPERATORS = {
    "relation": relations, "arithmetic": arithmetic, "logic": logic, "word": words, "condition": conditions, "constant": constants,
    "call dropped": calls, "assignment dropped": assignments, "arguments swapped": arguments, "return dropped": returns, "sql": statements,
}
