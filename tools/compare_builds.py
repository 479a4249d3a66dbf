#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that two builds of the command give the same JSON, byte for byte, with one host thread and with several.

usage: tools/compare_builds.py build/ringfence build-sanitize/ringfence

Both run the kernel and the guest programs of the first build: a kernel's debug information names where it was built.
"""
import difflib
import os
import pathlib
import subprocess
import sys

SHELL = ["--", "/bin/busybox", "sh", "-c", "ls / | sort; md5sum /bin/busybox"]
COMMANDS = {
    "compare": ["compare", "--cpu", "skylake-sp,nehalem,zen2", *SHELL],
    "compare --mode fast": ["compare", "--mode", "fast", *SHELL],
    "attack": ["attack", "--bytes", "16", "--cpu", "haswell,icelake"],
    "bench": ["bench", "--name", "null_syscall,page_fault,pipe_round_trip"],
}


def json_of(command, arguments, jobs, directory):
    environment = os.environ | {"RINGFENCE_GUESTS": str(directory / "guest"), "RINGFENCE_KERNEL": str(directory / "ringfence-kernel")}
    verb, *options = arguments
    done = subprocess.run([command, verb, "--quiet", "--json", "-", "--jobs", jobs, *options], capture_output=True, text=True,
                          env=environment, check=False)
    if not done.stdout:
        sys.exit(f"{command} {verb}: status {done.returncode}, no JSON: {done.stderr.strip()}")
    return done.stdout


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    directory = pathlib.Path(sys.argv[1]).resolve().parent
    failed = False
    for name, arguments in COMMANDS.items():
        wanted = json_of(sys.argv[1], arguments, "1", directory)
        for command, jobs in ((sys.argv[1], "4"), (sys.argv[2], "1"), (sys.argv[2], "2")):
            got = json_of(command, arguments, jobs, directory)
            if got != wanted:
                failed = True
                lines = difflib.unified_diff(wanted.splitlines(), got.splitlines(), sys.argv[1], f"{command} --jobs {jobs}", lineterm="")
                print(f"{name}: not the same\n" + "\n".join(list(lines)[:20]))
        print(f"{name}: {len(wanted)} bytes compared")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
