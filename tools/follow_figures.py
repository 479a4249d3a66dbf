#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes each figure of a CPU preset in turn, and sees whether the guests notice.

usage: tools/follow_figures.py [--cpu skylake-sp] [--figure PATH ..] [--command build/ringfence]

For each figure that `ringfence measure` recovers, gives it another value (--what-if) and measures again: the results must
have followed, within the tolerance, and must not be what they were. A figure that the machine ignored would be found.
Takes some minutes; the same for a few figures at once is among the tests.
"""
import argparse
import json
import subprocess
import sys


def measure(command, cpu, what_if, names):
    arguments = [command, "measure", "--quiet", "--cpu", cpu, "--json", "-"]
    arguments += ["--name", ",".join(names)] if names else []
    arguments += ["--what-if", what_if] if what_if else []
    done = subprocess.run(arguments, capture_output=True, text=True)
    if not done.stdout:
        return done.returncode, done.stderr.strip()
    return done.returncode, {row["name"]: row for row in json.loads(done.stdout)["cpus"][0]["measurements"]}


def figures_of(command, cpu):
    text = subprocess.run([command, "cpus", cpu, "--json", "-"], check=True, capture_output=True, text=True).stdout
    return {figure["path"]: figure["value"] for figure in json.loads(text)["cpus"][0]["figures"]}


def other_ports(ports):
    """Fewer, more, or others."""
    fewer = [ports[:-1]] if len(ports) > 2 else []
    return fewer + [ports + digit for digit in "7f" if digit not in ports] + [f"p{digit}" for digit in "024" if digit not in ports]


def other_values(value):
    """What to try, until one is accepted and shows."""
    if isinstance(value, bool):
        return ["off" if value else "on"]
    if isinstance(value, str):
        return other_ports(value) if value.startswith("p") else [v for v in ("block", "zero", "data") if v != value]
    if value == 0:
        return ["1", "4"]
    if isinstance(value, float) and value < 100:
        return [f"{value * 1.6:.1f}"]
    small = [value + 1, value * 2, max(value // 2, 1)] if value < 8 else [value + value // 2, value * 2, value // 2]
    return [str(other) for other in small if other != value]


def follow(command, cpu, path, value, rows):
    """What to say of the figure, and whether it is a complaint."""
    names = [row["name"] for row in rows.values() if path in row["figures"]]
    unseen = []
    for other in other_values(value):
        status, now = measure(command, cpu, f"{path}={other}", names)
        if status == 255 or not now:
            continue  # not accepted with the other figures, or hidden by them
        wrong = [row for row in now.values() if row["verdict"] != "within"]
        if wrong:
            return f"{other}: " + "; ".join(f"{row['name']} {row['measured']}, expected {row['preset']}" for row in wrong), True
        if any(row["measured"] != rows[row["name"]]["measured"] for row in now.values()):
            return "followed", False
        unseen.append(other)
    return (f"nothing changed with {', '.join(unseen)}", True) if unseen else ("no other value shows", False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cpu", default="skylake-sp")
    parser.add_argument("--figure", nargs="*", default=[])
    parser.add_argument("--command", default="build/ringfence")
    options = parser.parse_args()
    status, rows = measure(options.command, options.cpu, None, [])
    if status != 0:
        sys.exit(f"{options.cpu}: the preset itself is not what is measured; see `ringfence measure --cpu {options.cpu}`")
    figures = figures_of(options.command, options.cpu)
    recovered = sorted({path for row in rows.values() for path in row["figures"]})
    complaints = 0
    for path in recovered:
        if options.figure and path not in options.figure:
            continue
        remark, complaint = follow(options.command, options.cpu, path, figures[path], rows)
        complaints += complaint
        print(f"{options.cpu} {path} = {figures[path]}: {remark}", flush=True)
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
