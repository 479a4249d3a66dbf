#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the table of what isolation adds to a system call between which user code works, into docs/validation.md.

usage: tools/user_work_table.py [--check] [--command build/ringfence]

guest/microbenchmarks/user_work.cpp does close(999) and then so many reads of a 100 MB buffer, a line each, in the three
designs on skylake-sp. Exact, and the same on every host; takes a minute. --check writes nothing and fails if the page does
not say what is measured.
"""
import pathlib
import subprocess
import sys

import made_table

READS = [0, 8, 32, 128, 300, 500, 1000, 2000, 5000, 10000, 20000, 40000]
DESIGNS = {"shared": ["--design", "shared"],
           "isolated": ["--design", "isolated"],
           "isolated, no PCID": ["--design", "isolated", "--pcid", "off"]}
# Gregg's rows in ns, at 3.496 GHz: github:brendangregg/Misc, s1bench/out.seriesbench_kpti_* (commit 0a38fb3).
PUBLISHED_NS = {0: (62.9, 149.3, 384.7), 128: (920.8, 153.9, 354.0)}
GHZ = 3.496


def start(command, options):
    program = pathlib.Path(command).resolve().parent / "guest/user_work"
    arguments = [command, "run", "--mode", "timed", "--cpu", "skylake-sp", *options, "--", str(program)]
    return subprocess.Popen(arguments + [str(reads) for reads in READS], stdout=subprocess.PIPE, text=True)


def cycles(process):
    output = process.communicate()[0]
    if process.returncode != 0:
        sys.exit(f"{' '.join(process.args[:6])}: status {process.returncode}")
    return {int(line.split()[0]): float(line.split()[1]) for line in output.splitlines()}


def measure(command):
    processes = {name: start(command, options) for name, options in DESIGNS.items()}
    return {name: cycles(process) for name, process in processes.items()}


def published(reads):
    if reads not in PUBLISHED_NS:
        return ["", "", ""]
    base, with_pcid, without = (round(ns * GHZ) for ns in PUBLISHED_NS[reads])
    return [f"{base:,}", f"+{with_pcid:,}", f"+{without:,}"]


def rows(by_design):
    shared = by_design["shared"]
    for reads in READS:
        more = [by_design[name][reads] - shared[reads] for name in ("isolated", "isolated, no PCID")]
        yield [f"{reads:,}", f"{shared[reads]:,.0f}", *(f"{cost:+,.0f}" for cost in more), *published(reads)]


def lines(options):
    head = ["reads", "shared", "isolated", "isolated, no PCID", "Gregg: no KPTI", "KPTI", "KPTI, no PCID"]
    return made_table.table(head, rows(measure(options.command)), align="---:")


if __name__ == "__main__":
    made_table.make(__doc__, lines)
