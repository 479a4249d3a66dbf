#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the matrix of attacks into docs/validation.md.

usage: tools/attack_table.py [--check] [--command build/ringfence]

Every processor, design and method: 4096 bytes of kernel memory on skylake-sp, 256 on the others. --check writes
nothing and fails if a verdict is not what history says, or if the page does not say what the command says. The tests
run a smaller matrix; this one takes minutes.
"""
import json
import subprocess
import sys

import made_table

FIRST = ("skylake-sp", 4096)
OTHERS = (["haswell", "broadwell", "nehalem", "cascadelake", "icelake", "zen2", "zen4"], 256)
METHODS = ["signal", "mispredict", "tsx"]
LEAKING = {"skylake-sp", "haswell", "broadwell", "nehalem"}


def attack(command, cpus, count):
    answer = subprocess.run([command, "attack", "--quiet", "--cpu", ",".join(cpus), "--bytes", str(count), "--json", "-"],
                            check=False, capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"{command} attack: status {answer.returncode}: {answer.stderr.strip()}")
    return json.loads(answer.stdout)["runs"]


def label(run):
    return run["design"] + (", no PCID" if run["design"] == "isolated" and not run["pcid"] else "")


def check(run):
    expected = "immune" if run["cpu"] not in LEAKING else "leaks" if run["design"] == "shared" else "mitigated"
    if run["verdict"] != expected:
        sys.exit(f"{run['cpu']}, {label(run)}, {run['method']}: {run['verdict']}, expected {expected}: {run['reason']}")


def cell(run):
    if run is None:
        return "-"
    text = f"{run['verdict']}: {run['recovered_bytes']} of {run['secret_bytes']}"
    return text + (f", {round(run['bytes_per_second'] / 1000, -1):,.0f} KB/s" if run["recovered_bytes"] else "")


def rows(command):
    cells = {}
    for run in attack(command, [FIRST[0]], FIRST[1]) + attack(command, *OTHERS):
        check(run)
        cells.setdefault((run["cpu"], label(run)), {})[run["method"]] = run
    for (cpu, design), runs in cells.items():
        controls = [run["control"] for run in runs.values()]
        least = min(control["recovered_bytes"] for control in controls)
        yield (cpu, design, f"{least} of {controls[0]['secret_bytes']}", *(cell(runs.get(method)) for method in METHODS))


def lines(options):
    return made_table.table(["CPU", "design", "control, at least", *METHODS], rows(options.command))


if __name__ == "__main__":
    made_table.make(__doc__, lines)
