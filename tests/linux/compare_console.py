#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots Debian's Linux on the built-in machine and on QEMU, and compares all that each says on its console.

Same kernel, same initramfs, same command line. Times are taken off the front of the lines. Lines that may differ are
those that a pattern of the file of deviations names, with a reason; a pattern that matches nothing is an error too.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile

import guests

TIME = re.compile(r"^\[ *\d+\.\d+\] ")


class Deviations:
    """Rows of PATTERN | REASON. A pattern is for a whole line, on either machine."""

    def __init__(self, path):
        self.patterns = []
        with open(path, encoding="utf-8") as file:
            for row in file:
                if row.startswith("#") or not row.strip():
                    continue
                pattern, bar, reason = row.rpartition(" | ")
                if not bar or not pattern or not reason.strip():
                    sys.exit(f"{path}: not PATTERN | REASON: {row.strip()}")
                self.patterns.append(re.compile(pattern))
        self.unused = set(self.patterns)

    def allow(self, line):
        matching = {pattern for pattern in self.patterns if pattern.fullmatch(line)}
        self.unused -= matching
        return bool(matching)


def console_of(command, where):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=500)
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        sys.exit(f"{where}: exit status {done.returncode}\n{text}{done.stderr.decode(errors='replace')}")
    return [TIME.sub("", line.rstrip("\r")) for line in text.splitlines()]


def complaints_about(command, options, vmlinux, initrd, deviations):
    append = f"{guests.PLATFORM} panic=-1 reboot=p {options}"
    lines = {
        "built-in": console_of(guests.machine(command, vmlinux, initrd, append, "--quiet"), "built-in"),
        "qemu": console_of(guests.qemu(vmlinux, initrd, append), "qemu"),
    }
    kept = {machine: [line for line in said if not deviations.allow(line)] for machine, said in lines.items()}
    print(f"{options}: {len(lines['built-in'])} and {len(lines['qemu'])} lines, {len(kept['built-in'])} compared")
    if "reboot: Restarting system" not in kept["built-in"]:
        return [f"{options}: the machine did not come to the end: {lines['built-in'][-20:]}"]
    return list(difflib.unified_diff(kept["qemu"], kept["built-in"], "qemu", "built-in", f"{options}", f"{options}", 2, ""))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--command", required=True, help="ringfence")
    command = parser.parse_args().command
    deviations = Deviations(os.path.join(os.path.dirname(os.path.abspath(__file__)), "console_deviations.txt"))
    complaints = []
    with tempfile.TemporaryDirectory() as directory:
        initrd = os.path.join(directory, "initrd")
        vmlinux = os.path.join(directory, "vmlinux")
        guests.write_initrd(initrd)
        guests.write_vmlinux(vmlinux)
        for options in ("pti=on", "pti=off"):
            complaints += complaints_about(command, options, vmlinux, initrd, deviations)
    complaints += [f"a deviation that is not seen: {pattern.pattern}" for pattern in deviations.unused]
    for complaint in complaints:
        print(f"FAILED: {complaint}")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
