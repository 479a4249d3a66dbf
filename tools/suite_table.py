#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what `ringfence suite` measures into docs/suite.md.

usage: tools/suite_table.py [--check] [--command build/ringfence] [--kernel VMLINUZ]

With --kernel a second table has the same programs on that Linux. The figures are exact for the programs that are
installed, so --check is for one host only.
"""
import json
import subprocess

import made_table

MILLION = 1e6


def measure(command, *options):
    answer = subprocess.run([command, "suite", "--quiet", *options, "--json", "-"], check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)["workloads"]


def entry_rate(run):
    entries = run["system_calls"] + run["interrupts"] + run["page_faults"]
    return f"{MILLION * entries / run['user_instructions']:,.0f}"


def row(workload):
    by_design = {made_table.design_of(run): run for run in workload["runs"]}
    shared = by_design["shared"]
    more = [f"{by_design[design]['percent']:+.1f} %" if design in by_design else "-" for design in ("isolated", "nopcid")]
    return [workload["name"], workload["kind"], f"{shared['cycles'] / MILLION:.1f}", entry_rate(shared), *more]


def table_of(workloads):
    head = ["workload", "kind", "M cycles, shared", "entries/M", "isolated", "isolated, no PCID"]
    return made_table.table(head, [row(workload) for workload in workloads if workload["runs"]])


def lines(options):
    yield "On Ringfence's kernel, skylake-sp:"
    yield ""
    yield from table_of(measure(options.command))
    if options.kernel:
        yield ""
        yield "On Debian's Linux 6.1, the same processor, all other mitigations off:"
        yield ""
        yield from table_of(measure(options.command, "--kernel", options.kernel))


if __name__ == "__main__":
    made_table.make(__doc__, lines, page="suite.md", kernel="")
