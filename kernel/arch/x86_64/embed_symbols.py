#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the kernel's function names as an assembly table: embed_symbols.py NM IMAGE OUTPUT.

Without an image (empty IMAGE) the table is empty: that is what the first link uses.
"""

import subprocess
import sys

KERNEL_BASE = 0xFFFFFFFF80000000


def functions(nm, image):
    listing = subprocess.run([nm, "--demangle", "--numeric-sort", image], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        address, kind, name = line.split(" ", 2)
        value = int(address, 16)
        if kind in "tTwW" and value >= KERNEL_BASE and not name.startswith("__"):
            yield value - KERNEL_BASE, name.replace("ringfence::kernel::", "").replace("(anonymous namespace)::", "")


def main():
    nm, image, output = sys.argv[1:]
    rows = dict(functions(nm, image)) if image else {}
    lines = ["// Made by embed_symbols.py.", '        .section .kernel_symbols, "a", @progbits', "        .balign 8"]
    lines += ["        .globl kernel_symbol_count, kernel_symbol_rows, kernel_symbol_names"]
    lines += [f"kernel_symbol_count:\n        .long {len(rows)}\n        .balign 8\nkernel_symbol_rows:"]
    names = []
    offset = 0
    for address, name in sorted(rows.items()):
        lines.append(f"        .long {address}, {offset}")
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        names.append(f'        .asciz "{escaped}"')
        offset += len(name.encode()) + 1
    lines += ["kernel_symbol_names:", *names]
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
