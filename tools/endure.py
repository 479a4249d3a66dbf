#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the kernel to hostile (fuzz) or to long (soak) use in several machines at a time, and says what came of it.

Each run is a program of guest/endurance in one machine, which repeats itself exactly from its seed. A run that fails
prints the one command that does the same again.

  tools/endure.py fuzz --steps 10000000 --seed 1       system calls, in runs of a million
  tools/endure.py soak --minutes 60 --seed 1           one run for each kind of machine, for so long together
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PROGRAMS = {"fuzz": "fuzz_syscalls", "soak": "soak"}

# How a machine is set up. A timer interrupt comes every few thousand instructions, so that most calls are interrupted
# sooner or later. Under the monitor nobody changes the design: it judges the isolated one.
KINDS = {
    "isolated": (["--design", "isolated"], []),
    "shared": (["--design", "shared"], []),
    "without PCID": (["--design", "isolated", "--pcid", "off"], []),
    "monitored": (["--design", "isolated", "--monitor"], ["steady"]),
}
TIMER = "timer_hz=20000"
# A run that has not ended by then hangs: many times what the slowest takes.
SECONDS_PER_STEP = {"fuzz": 0.005, "soak": 0.5}
LEAST_PATIENCE = 600


class Run:
    """One machine: what it does, and what it said."""

    def __init__(self, what, kind, steps, seed):
        options, words = KINDS[kind]
        self.what, self.kind, self.steps, self.seed = what, kind, steps, seed
        self.command = [str(BUILD / "ringfence"), "run", "--quiet", *options, "--kaslr", str(seed), "--append", TIMER,
                        "--timeout", str(int(LEAST_PATIENCE + steps * SECONDS_PER_STEP[what])), "--",
                        str(BUILD / "guest" / PROGRAMS[what]), str(steps), str(seed), *words]
        self.done = 0
        self.seconds = 0.0
        self.failed = False

    def go(self):
        start = time.monotonic()
        ended = subprocess.run(self.command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               errors="replace", check=False)
        self.seconds = time.monotonic() - start
        self.failed = ended.returncode != 0
        found = re.search(r"^(\d+) (?:calls|activities) in ", ended.stdout, re.MULTILINE)
        self.done = int(found.group(1)) if found and not self.failed else 0
        self.output = ended.stdout + ended.stderr
        return self

    def say(self):
        if self.failed:
            print(f"{self.what} ({self.kind}), seed {self.seed}: FAILED\n{self.output.rstrip()}\n  again: "
                  + shlex.join(self.command))
        else:
            print(f"{self.what} ({self.kind}), seed {self.seed}: {self.done} in {self.seconds:.0f} s")
        sys.stdout.flush()


def fuzz_runs(steps, seed):
    """Runs of a million calls, the kinds in turn; every tenth of the work is watched by the monitor."""
    kinds = ["isolated", "shared", "isolated", "shared", "without PCID", "isolated", "shared", "isolated", "shared",
             "monitored"]
    per_run = min(1_000_000, max(1, steps // len(kinds)))
    count = max(len(kinds), -(-steps // per_run))
    return [Run("fuzz", kinds[i % len(kinds)], per_run, seed + i) for i in range(count)]


def soak_runs(minutes, seed):
    """One long run for each kind, as long as a short one says that it takes."""
    trial = 400
    runs = []
    kinds = ("isolated", "shared", "monitored")
    for i, kind in enumerate(kinds):
        short = Run("soak", kind, trial, seed + i).go()
        short.say()
        if short.failed:
            sys.exit(1)
        share = minutes * 60 * workers() / len(kinds)
        runs.append(Run("soak", kind, max(trial, int(short.done * share / short.seconds)), seed + i))
    return runs


def workers():
    return max(1, os.cpu_count() or 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=PROGRAMS)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    runs = fuzz_runs(wanted.steps, wanted.seed) if wanted.what == "fuzz" else soak_runs(wanted.minutes, wanted.seed)
    speaking = threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(workers()) as pool:
        for ended in concurrent.futures.as_completed([pool.submit(run.go) for run in runs]):
            with speaking:
                ended.result().say()
    failed = [run for run in runs if run.failed]
    done = sum(run.done for run in runs)
    unit = "system calls" if wanted.what == "fuzz" else "activities"
    print(f"{done} {unit} in {len(runs)} machines, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
