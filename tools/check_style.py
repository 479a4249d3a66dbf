#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what clang-format cannot: licence tags, file length, citation keys, architecture tests in shared code.

Every rule prints file:line and what was expected. `python3 tools/check_style.py --report` adds the soft figures
(file and function lengths) that are worth watching but fail nothing.
"""

import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE = {".h", ".cpp", ".S", ".inc", ".c"}
LONGEST_FILE = 500
LONGEST_LINE = 110
KEY = re.compile(r"\[([a-z0-9]+/[a-z0-9_.-]+)\]")
ARCH_TEST = re.compile(r"#\s*(if|ifdef|elif).*\b__(x86_64|i386|aarch64)__")
NAKED_BITS = re.compile(r"\b0x[0-9a-fA-F]{2,}\b|\b1(?:u|ul|ull|U|UL|ULL)?\s*<<")
NAKED_BITS_BANNED = ("kernel/core/", "sim/mmu/", "audit/")
PENDING = re.compile(r"\b(TODO|FIXME|XXX)\b")


def tracked_files():
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]


def known_keys():
    text = (ROOT / "docs/manuals.md").read_text()
    return set(re.findall(r"^\| `\[([^\]]+)\]`", text, re.MULTILINE))


def is_shared(relative):
    """Code that must not ask which architecture it is compiled for."""
    return relative != "base/compiler.h" and not relative.startswith(("tests/differential/", "guest/", "tests/"))


def check_file(file, keys):
    relative = file.relative_to(ROOT).as_posix()
    lines = file.read_text(errors="replace").splitlines()
    if "SPDX-License-Identifier: MIT" not in "\n".join(lines[:2]):
        yield f"{relative}:1: expected an SPDX-License-Identifier: MIT line"
    if file.suffix == ".h" and not any(line.strip() == "#pragma once" for line in lines[:20]):
        yield f"{relative}:1: expected #pragma once"
    if file.suffix != ".inc" and len(lines) > LONGEST_FILE:
        yield f"{relative}:{len(lines)}: {len(lines)} lines, at most {LONGEST_FILE}: does it have one job?"
    for number, line in enumerate(lines, 1):
        where = f"{relative}:{number}"
        if len(line) > LONGEST_LINE and "http" not in line and file.suffix != ".inc":
            yield f"{where}: {len(line)} columns, at most {LONGEST_LINE}"
        if PENDING.search(line):
            yield f"{where}: an open end; finish it or write it down in docs/"
        if is_shared(relative) and ARCH_TEST.search(line):
            yield f"{where}: shared code may not test for an architecture"
        if relative.startswith(NAKED_BITS_BANNED) and NAKED_BITS.search(line.split("//")[0]):
            yield f"{where}: a naked mask or shift; declare it as a Bitfield in arch/ or name it"
        for key in KEY.findall(line):
            if key not in keys:
                yield f"{where}: [{key}] is not defined in docs/manuals.md"


def report(files):
    lengths = sorted(len(f.read_text(errors="replace").splitlines()) for f in files if f.suffix != ".inc")
    print(f"files: {len(lengths)}, lines: {sum(lengths)}, median {statistics.median(lengths):.0f}, "
          f"p90 {lengths[int(len(lengths) * 0.9)]}, longest {lengths[-1]}")


def main():
    files = [f for f in tracked_files() if f.suffix in CODE]
    keys = known_keys()
    found = [problem for file in files for problem in check_file(file, keys)]
    print("\n".join(found))
    if "--report" in sys.argv:
        report(files)
    print(f"style: {len(files)} files, {len(found)} violations")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
