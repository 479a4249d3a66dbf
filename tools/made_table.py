# SPDX-License-Identifier: MIT
"""What the tools that write tables into pages of docs/ share: their options, and the part of the page that is theirs."""
import argparse
import pathlib
import sys

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"


def make(description, tables, page="validation.md", **more_options):
    """Puts the lines that `tables(options)` gives where the page names the calling tool; with --check only compares.

    `more_options` are further command-line options, by name, with their defaults.
    """
    tool = pathlib.Path(sys.argv[0]).name
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--command", default="build/ringfence")
    for name, default in more_options.items():
        parser.add_argument(f"--{name}", default=default)
    options = parser.parse_args()
    path = DOCS / page
    begin, end = (f"<!-- made by tools/{tool}: {where} -->" for where in ("begin", "end"))
    text = path.read_text()
    if begin not in text or end not in text:
        sys.exit(f"{path}: expected the lines '{begin}' and '{end}'")
    before, rest = text.split(begin)
    made = before + "\n".join([begin, "", *tables(options), "", end]) + rest.split(end)[1]
    if not options.check:
        path.write_text(made)
    elif made != text:
        sys.exit(f"{path}: the table is not what {options.command} measures; run tools/{tool}")


def table(head, body, align="---"):
    """Its lines, from the cells of the first row and of the others."""
    return ["| " + " | ".join(row) + " |" for row in [head, [align] * len(head), *body]]


def design_of(run):
    """Of a run in a report: shared, isolated, or nopcid."""
    return "shared" if run["design"] == "shared" else ("isolated" if run["pcid"] else "nopcid")
