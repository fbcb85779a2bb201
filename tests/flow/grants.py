#!/usr/bin/env python3
"""The rights that a page of docs/systems/ says a role needs, one by one.

    grants.py PAGE FENCE DATABASE

reads the fence ```sql FENCE of the page. Each GRANT of several rights, or on several objects, is taken apart; what is left is printed
a line each, its fields apart by tabs: the GRANT; the REVOKE that takes it back; the word of the right; the object's own name. Other
statements (CREATE ROLE) come with three empty fields. The database is called DATABASE, whatever the page calls its own.

A GRANT on ALL TABLES stays as it is. One with a comment behind it is for what the comment says, not for counting: its last two fields
are empty. What PUBLIC has by itself (CONNECT, TEMP, USAGE of the schema public) is only a right of the role's once PUBLIC has lost it.
"""
import itertools
import re
import sys

from docs import fences

OBJECTS = r"(?P<kind>ALL TABLES IN SCHEMA|ALL SEQUENCES IN SCHEMA|DATABASE|SCHEMA|SEQUENCE|TABLE)?\s*(?P<names>.+?)"
GRANT = re.compile(r"GRANT\s+(?P<rights>.+?)\s+ON\s+" + OBJECTS + r"\s+TO\s+(?P<role>\w+)", re.S)


def listed(text):
    """At commas that stand in no brackets: SELECT (a, b), INSERT."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", text)]


def taken_apart(statement, comment, database):
    found = GRANT.fullmatch(statement)
    if found is None:
        raise SystemExit(f"no GRANT that is understood: {statement}")
    kind, role = found["kind"] or "TABLE", found["role"]
    names = [database] if kind == "DATABASE" else listed(found["names"])
    rights = [found["rights"]] if kind.startswith("ALL") else listed(found["rights"])
    for right, name in itertools.product(rights, names):
        yield (f"GRANT {right} ON {kind} {name} TO {role}", f"REVOKE {right} ON {kind} {name} FROM {role}",
               "" if comment else re.match(r"\w+", right)[0], "" if comment else name.split(".")[-1])


def main(page, wanted, database):
    texts = [text for _, _, name, text in fences(page) if name == wanted]
    if len(texts) != 1:
        raise SystemExit(f"{page}: {len(texts)} fences are called {wanted}")
    for statement, comment in re.findall(r"([^;]+);[ \t]*(--[^\n]*)?", re.sub(r"^--.*$", "", texts[0], flags=re.M)):
        statement = " ".join(statement.split())
        for fields in taken_apart(statement, comment, database) if statement.startswith("GRANT") else [(statement, "", "", "")]:
            print(*fields, sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
