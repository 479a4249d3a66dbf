#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that no member of a class with saved state is forgotten.

A class that declares `visit_state` names each of its data members in that function, or in one of its other visit_*
functions, as a field or in the comment "Not state: ...", which says why not. Prints each forgotten one as file:line.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLASS = re.compile(r"\b(?:class|struct)\s+(?:\[\[[^\]]*\]\]\s*)?(?:alignas\(\d+\)\s*)?(\w[\w:]*)[^;{}()]*\{")
NO_MEMBER = re.compile(r"^(?:static|using|friend|template|typedef|enum|class|struct|union|static_assert)\b")
DEFINITION = r"\b{name}(?:<\w+>)?::visit_\w+\s*\([^;{{}}]*\)\s*(?:const\s*)?\{{"
INLINE = re.compile(r"\bvisit_\w+\s*\([^;{}]*\)\s*(?:const\s*)?\{")


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", blank, text, flags=re.DOTALL)


def end_of_block(text, start):
    """The index behind the brace that closes the one at `start`; comments have been blanked."""
    depth = 0
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index + 1
    return len(text)


def classes_in(text):
    """Name, start and end of the body of each class, nested ones too."""
    code = without_comments(text)
    for match in CLASS.finditer(code):
        yield match.group(1).split("::")[-1], match.end(), end_of_block(code, match.end() - 1) - 1


def members_of(body):
    """Name and offset of each data member. `body` has no comments."""
    while (shorter := re.sub(r"<[^<>;(){}]*(?:\([^<>;{}]*\))?[^<>;(){}]*>", blank, body)) != body:
        body = shorter
    statement = ""
    depth = 0
    start = 0
    for index, char in enumerate(body):
        if char == "{":
            # The body of a function ends its statement; an initializer or a nested type does not.
            if depth == 0 and re.search(r"\)[\w\s:,&]*$|\)\s*:.*$", statement, re.DOTALL):
                statement += "\0"
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0 and statement.endswith("\0"):
                statement = ""
        elif char == ";" and depth == 0:
            yield from declared(statement, start)
            statement = ""
        elif depth == 0:
            if not statement.strip():
                start = index
                statement = ""
            statement += char


def declared(statement, start):
    statement = re.sub(r"\b(?:public|private|protected):", "", statement).strip()
    head = statement.split("=")[0].strip()
    if not head or "(" in head or NO_MEMBER.match(head):
        return
    name = re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", head)
    if name and " " in head and name.group(1) != "operator":
        yield name.group(1), start


def visit_texts(name, own_text, body, sources):
    """The text, with comments, of each visit_ function of the class."""
    code = without_comments(body)
    for match in INLINE.finditer(code):
        yield body[match.start():end_of_block(code, match.end() - 1)]
    pattern = re.compile(DEFINITION.format(name=re.escape(name)))
    for text in [own_text, *sources]:
        code = without_comments(text)
        for match in pattern.finditer(code):
            yield text[match.start():end_of_block(code, match.end() - 1)]


def check_file(file):
    text = file.read_text()
    if "visit_state" not in text:
        return 0, []
    sources = [path.read_text() for path in sorted(file.parent.iterdir()) if path.suffix in (".cpp", ".h") and path != file]
    checked = 0
    forgotten = []
    for name, start, end in classes_in(text):
        body = text[start:end]
        own = without_comments(body)
        for _, inner_start, inner_end in classes_in(body):
            own = own[:inner_start] + re.sub(r"[^\n]", " ", own[inner_start:inner_end]) + own[inner_end:]
        if not re.search(r"\bvisit_state\s*\(", own):
            continue
        checked += 1
        told = "\n".join(visit_texts(name, text, body, sources))
        for member, offset in members_of(own):
            if not re.search(rf"\b{member}\b", told):
                line = text.count("\n", 0, start + offset) + 1
                relative = file.relative_to(ROOT).as_posix()
                forgotten.append(f"{relative}:{line}: {name}::{member} is in no visit_state")
    return checked, forgotten


def main():
    checked = 0
    forgotten = []
    for file in sorted((ROOT / "sim").rglob("*")):
        if file.suffix not in (".h", ".cpp") or file.parent == ROOT / "sim/state":
            continue
        count, found = check_file(file)
        checked += count
        forgotten += found
    print("\n".join(forgotten))
    print(f"state: {checked} classes, {len(forgotten)} members forgotten")
    return 1 if forgotten or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
