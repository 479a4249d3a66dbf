#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a test image on the built-in machine and on QEMU, and compares their KTAP lines.

Every line must be ok or skipped, unless the file of deviations names it, with a reason; a deviation that
is no longer seen is an error too. Both must show the same names. The name * says that QEMU cannot run the
image at all.
"""

import argparse
import re
import subprocess
import sys

LINE = re.compile(r"^(ok|not ok) (\d+) (.*?) # (SKIP .*|\d+ cases.*)$")
FINISHED_ON_QEMU = (0x10 << 1) | 1


def parse(text, where):
    """{name: 'ok' | 'not ok' | 'skip'} of a KTAP text; exits if the text is not whole."""
    results = {}
    plan = None
    for line in text.splitlines():
        if match := LINE.match(line):
            verdict, number, name, detail = match.groups()
            if int(number) != len(results) + 1 or name in results:
                sys.exit(f"{where}: unexpected line: {line}")
            results[name] = "skip" if detail.startswith("SKIP") else verdict
        elif line.startswith("1.."):
            plan = int(line[3:])
        elif line.startswith("Bail out!"):
            sys.exit(f"{where}: {line}")
    if plan is None or plan != len(results):
        sys.exit(f"{where}: ended after {len(results)} groups without its plan:\n{text}")
    return results


def run(command, finished, where):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=500)
    if done.returncode != finished:
        sys.exit(f"{where}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    print(f"{where}:\n{done.stdout}")
    return parse(done.stdout, where)


def read_deviations(path, machine, image):
    """The names that a machine gets wrong in this image. Each row is MACHINE | IMAGE | NAME | REASON."""
    names = set()
    with open(path, encoding="utf-8") as rows:
        for row in rows:
            if row.startswith("#") or not row.strip():
                continue
            fields = [field.strip() for field in row.split("|")]
            if len(fields) != 4 or not all(fields) or fields[0] not in ("built-in", "qemu"):
                sys.exit(f"{path}: not MACHINE | IMAGE | NAME | REASON: {row.strip()}")
            if fields[:2] == [machine, image]:
                names.add(fields[2])
    return names


def judge(machine, results, deviations):
    """What is wrong with the results of one machine, a line each."""
    complaints = [f"{machine}: {name}: wrong, and not a known deviation"
                  for name, verdict in results.items() if verdict == "not ok" and name not in deviations]
    complaints += [f"{machine}: {name}: right, but listed as a deviation"
                   for name, verdict in results.items() if verdict == "ok" and name in deviations]
    return complaints + [f"{machine}: deviation of an unknown group: {name}" for name in deviations - set(results)]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--runner", required=True)
    arguments.add_argument("--preset", default="skylake-sp")
    arguments.add_argument("--deviations", required=True)
    arguments.add_argument("--name", required=True)
    arguments.add_argument("--image", required=True)
    options = arguments.parse_args()

    ours = run([options.runner, options.image, options.preset], 0, "built-in")
    complaints = judge("built-in", ours, read_deviations(options.deviations, "built-in", options.name))
    deviations = read_deviations(options.deviations, "qemu", options.name)
    if deviations != {"*"}:
        # Time by instructions: what a test of timers sees must not depend on the host's load.
        theirs = run(["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", "max", "-m", "256", "-display", "none",
                      "-no-reboot", "-nodefaults", "-kernel", options.image, "-serial", "stdio",
                      "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-device", "pc-testdev"], FINISHED_ON_QEMU, "qemu")
        complaints += judge("qemu", theirs, deviations)
        if list(ours) != list(theirs):
            complaints.append(f"the groups differ: {sorted(set(ours) ^ set(theirs))}")
    for complaint in complaints:
        print(f"FAILED: {complaint}")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
