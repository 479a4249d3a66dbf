#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the table of published figures beside this machine's into docs/validation.md.

usage: tools/validation_table.py [--check] [--command build/ringfence]

The published figures stand below with their sources; ours are measured by `ringfence bench`, which is exact and
the same on every host. --check writes nothing and fails if the page does not say what the command says.
"""
import argparse
import json
import pathlib
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs/validation.md"
BEGIN = "<!-- made by tools/validation_table.py: begin -->"
END = "<!-- made by tools/validation_table.py: end -->"

GREGG = "Gregg 2018, close(999) in a loop, Xeon 8124M, Linux 4.14.12"


def measure(command, cpu, names):
    answer = subprocess.run([command, "bench", "--quiet", "--cpu", cpu, "--name", ",".join(names), "--json", "-"],
                            check=True, capture_output=True, text=True).stdout
    runs = {}
    for run in json.loads(answer)["runs"]:
        design = "shared" if run["design"] == "shared" else ("isolated" if run["pcid"] else "nopcid")
        runs[run["name"], design] = run
    return runs


def more(runs, name, design, field="value"):
    return runs[name, design][field] - runs[name, "shared"][field]


def cause(runs, name, design, key):
    return runs[name, design]["stack"][key] - runs[name, "shared"]["stack"][key]


def rows(command):
    skylake = measure(command, "skylake-sp", ["null_syscall", "page_fault"])
    haswell = measure(command, "haswell", ["null_syscall", "page_fault"])
    with_pcid = more(skylake, "null_syscall", "isolated")
    without = more(skylake, "null_syscall", "nopcid")
    own_path = f"another kernel: its call is {skylake['null_syscall', 'shared']['instructions']:.0f} instructions, Linux's was 191"
    haswell_ns = more(haswell, "null_syscall", "isolated") / 3.4
    yield ("system call, shared, cycles", "220", GREGG, f"{skylake['null_syscall', 'shared']['value']:.0f}",
           own_path)
    yield ("the same, isolated with PCID, more", "+522", GREGG, f"+{with_pcid:.0f}",
           "entry text is global here (in Linux since 4.17), so no ITLB walks (some 30 of Gregg's cycles); what else Linux's "
           "entry path waited for is not known")
    yield ("the same, isolated without PCID, more", "+1345", GREGG, f"+{without:.0f}",
           "a system call here touches far fewer pages, so there is less to refill; Gregg's walks were a guest's, through two "
           "sets of tables")
    yield ("without PCID / with PCID", "2.58", GREGG, f"{without / with_pcid:.2f}", "as above")
    yield ("of it, two root writes", "about 380", "2 x 186 to 191: Behrens 2022, SkyBridge 2019",
           f"{cause(skylake, 'null_syscall', 'isolated', 'root_write'):.0f}",
           "the preset's figure twice, and the wait for older instructions")
    yield ("instructions added, with PCID", "+24", "Gregg 2018, Linux 4.14.12",
           f"+{more(skylake, 'null_syscall', 'isolated', 'instructions'):.0f}",
           "no test of a flush mask on the way out: a flush that is owed clears the NOFLUSH bit of the root that the exit loads")
    yield ("getppid, isolated with PCID, more, Haswell", "+139 ns", "FreeBSD review D13985",
           f"+{haswell_ns:.0f} ns", "another kernel and clock (3.4 GHz here)")
    yield ("delivery of #PF and IRET, Haswell", "715 + 330", "Torvalds 2014",
           f"{haswell['page_fault', 'shared']['stack']['transition']:.0f}",
           "the operation is one fault and one madvise: 715, 330, and a SYSCALL and SYSRET; a small part of the delivery "
           "runs beside older work")
    yield ("page fault, isolated with PCID, more, Skylake", "a few hundred", "KAISER's posting, 2017",
           f"+{more(skylake, 'page_fault', 'isolated'):.0f}",
           "two kernel entries, and an INVPCID for the user's PCID when the page is given back")


def table(command):
    lines = [BEGIN, "", "| what | published | by | here | why it differs |", "| --- | --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(command)]
    return "\n".join(lines + ["", END])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--command", default="build/ringfence")
    options = parser.parse_args()
    page = PAGE.read_text()
    if BEGIN not in page or END not in page:
        sys.exit(f"{PAGE}: expected the lines '{BEGIN}' and '{END}'")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    made = before + table(options.command) + after
    if options.check:
        if made != page:
            sys.exit(f"{PAGE}: the table is not what {options.command} measures; run tools/validation_table.py")
    else:
        PAGE.write_text(made)


if __name__ == "__main__":
    main()
