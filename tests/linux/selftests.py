#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs Linux's own x86 selftests on Ringfence's kernel in both designs, and on Debian's Linux on the same machine.

Each test must say the same on all three, and end with the same status. selftests.txt says which tests are run, and why the
others are not; lines that may differ are those that a pattern of selftest_deviations.txt names, with a reason. A row that
names nothing, a test that no row names, and a pattern that matches nothing are errors.
"""

import argparse
import concurrent.futures
import difflib
import os
import re
import subprocess
import sys
import tempfile

import guests

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = "tools/testing/selftests/x86"
# As the tests' own Makefile has it, and static: guests need no libraries then.
FLAGS = ["-m64", "-static", "-no-pie", "-O2", "-std=gnu99", "-pthread", "-w", "-DCAN_BUILD_64"]
MORE_SOURCES = {"sysret_ss_attrs": ["thunks.S"]}
MORE_FLAGS = {"check_initial_reg_state": ["-Wl,-ereal_start"]}

SCRIPT = """bb=/bin/busybox
for test in {tests}; do
    echo "@ $test"
    {{ /tests/$test </dev/null 2>&1; echo "exit status $?"; }} | $bb cat
done
echo "@"
"""
INIT = """#!/bin/busybox sh
exec </dev/console >/dev/console 2>&1
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t proc proc /proc
. /tests/run.sh
/bin/busybox reboot -f
"""


def rows(path, columns):
    """Rows of `columns` fields with " | " between them; the first alone may stand for a whole row."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            fields = [field.strip() for field in line.strip().split(" | ")]
            if len(fields) not in columns or not all(fields):
                sys.exit(f"{path}: not as the head of the file says: {line.strip()}")
            yield fields


def chosen_tests(sources):
    """{name: (OLD, NEW) or None} of the tests to run; every test that there is must be named."""
    named, wanted = set(), {}
    path = os.path.join(HERE, "selftests.txt")
    for name, *notes in rows(path, (1, 2, 3)):
        if name.startswith("-") != (len(notes) == 1) or (len(notes) == 2 and " => " not in notes[0]):
            sys.exit(f"{path}: {name}: not as the head of the file says")
        named.add(name.removeprefix("-"))
        if not name.startswith("-"):
            wanted[name] = notes[0].split(" => ") if notes else None
    there = {name.removesuffix(".c") for name in os.listdir(os.path.join(sources, FOLDER)) if name.endswith(".c")}
    if there != named:
        sys.exit(f"{path}: without a row: {sorted(there - named)}; no such test: {sorted(named - there)}")
    return wanted


def build(sources, name, replacement, directory):
    folder = os.path.join(sources, FOLDER)
    source = os.path.join(folder, name + ".c")
    if replacement:
        with open(source, encoding="utf-8") as file:
            text = file.read()
        if replacement[0] not in text:
            sys.exit(f"{source}: there is no '{replacement[0]}'")
        source = os.path.join(directory, name + ".c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text.replace(*replacement))
    more = [os.path.join(folder, file) for file in MORE_SOURCES.get(name, [])]
    command = ["gcc", *FLAGS, *MORE_FLAGS.get(name, []), "-I", folder, "-I", os.path.dirname(folder), "-iquote", folder, source, *more,
               os.path.join(HERE, "selftest_start.c"), "-o", os.path.join(directory, "tests", name), "-lrt", "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{name} cannot be built:\n{done.stderr}")


def said(text):
    """{test: its lines}; empty without the mark of the end."""
    tests, current = {}, None
    for line in text.replace("\r", "").splitlines():
        if line.startswith("@"):
            current = tests.setdefault(line[2:], [])
        elif current is not None:
            current.append(line)
    return tests if "" in tests else {}


def run(command, where):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=500)
    text = done.stdout.decode(errors="replace")
    found = said(text)
    if not found:
        sys.exit(f"{where}: did not come to its end (status {done.returncode}):\n{text[-4000:]}{done.stderr.decode(errors='replace')[-2000:]}")
    return found


def on_ringfence(command, directory, design):
    return run([command, "run", "--design", design, "--quiet", "--file", f"{directory}/tests=/tests", "--", guests.BUSYBOX, "sh", "/tests/run.sh"],
               design)


def on_linux(command, directory):
    files = [("tests", 0o755, None)]
    for name in os.listdir(os.path.join(directory, "tests")):
        with open(os.path.join(directory, "tests", name), "rb") as file:
            files.append((f"tests/{name}", 0o755, file.read()))
    initrd = os.path.join(directory, "initrd")
    guests.write_initrd(initrd, INIT, more=files)
    append = f"{guests.PLATFORM} panic=-1 reboot=p quiet loglevel=0 pti=on nofsgsbase vsyscall=xonly"
    return run([command, "boot", "--cpu", "skylake-sp", "--memory", "256", "--kernel", guests.kernel(), "--initrd", initrd, "--no-default-append",
                "--append", append, "--quiet"], "linux")


class Deviations:
    def __init__(self):
        self.patterns = [(test, re.compile(pattern))
                         for test, pattern, _ in rows(os.path.join(HERE, "selftest_deviations.txt"), (3,))]
        self.unused = set(self.patterns)

    def kept(self, test, lines):
        result = []
        for line in lines:
            matching = {row for row in self.patterns if row[0] == test and row[1].fullmatch(line)}
            self.unused -= matching
            if not matching:
                result.append(line)
        return result


def compare(tests, places):
    deviations = Deviations()
    complaints = []
    for test in tests:
        kept = {place: deviations.kept(test, lines.get(test, [])) for place, lines in places.items()}
        good = sum(line.startswith("[OK]") for line in kept["linux"])
        print(f"{test}: {len(kept['linux'])} lines compared, {good} of them [OK]")
        if not kept["linux"]:
            complaints.append(f"{test}: says nothing on Linux")
        for place in ("isolated", "shared"):
            complaints += difflib.unified_diff(kept["linux"], kept[place], f"{test} on Linux", f"{test}, {place}", n=2, lineterm="")
    complaints += [f"a deviation that is not seen: {test}: {pattern.pattern}" for test, pattern in deviations.unused]
    return complaints


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--command", required=True, help="ringfence")
    parser.add_argument("--sources", required=True, help="where './dev selftests' has put Linux's sources")
    parser.add_argument("--name", action="append", help="this test only; several times for several")
    options = parser.parse_args()
    if not os.path.isdir(os.path.join(options.sources, FOLDER)):
        sys.exit(f"{options.sources}: no selftests there: run './dev selftests' first")
    tests = chosen_tests(options.sources)
    if options.name:
        tests = {name: tests[name] for name in options.name}
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        os.mkdir(os.path.join(directory, "tests"))
        list(pool.map(lambda name: build(options.sources, name, tests[name], directory), tests))
        with open(os.path.join(directory, "tests", "run.sh"), "w", encoding="utf-8") as file:
            file.write(SCRIPT.format(tests=" ".join(tests)))
        runs = {design: pool.submit(on_ringfence, options.command, directory, design) for design in ("isolated", "shared")}
        runs["linux"] = pool.submit(on_linux, options.command, directory)
        places = {place: task.result() for place, task in runs.items()}
    complaints = compare(tests, places)
    for complaint in complaints:
        print(f"FAILED: {complaint}")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
