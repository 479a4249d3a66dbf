#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the kernel to hostile (fuzz) or to long (soak) use in several machines at a time, and says what came of it.

Each run is a program of guest/endurance in one machine, which repeats itself exactly from its seed. A run that fails
prints the one command that does the same again.

  tools/endure.py fuzz --steps 10000000 --seed 1       system calls, in runs of a million
  tools/endure.py soak --minutes 60 --seed 1           long runs, the kinds of machines in turn, until so long is over
"""

import argparse
import itertools
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


# What a machine does before it ends and its account is looked at: minutes of it.
ACTIVITIES_PER_RUN = 10_000


def soak_runs(minutes, seed):
    """Long runs, the kinds in turn: none begins when the time is over."""
    end = time.monotonic() + minutes * 60
    for number, kind in enumerate(itertools.cycle(("isolated", "shared", "monitored"))):
        if time.monotonic() > end:
            return
        yield Run("soak", kind, ACTIVITIES_PER_RUN, seed + number)


def run_all(runs):
    """As many at a time as there are processors; all of them, in the order in which they ended."""
    choosing, speaking = threading.Lock(), threading.Lock()
    ended = []

    def work():
        while True:
            with choosing:
                run = next(runs, None)
            if run is None:
                return
            run.go()
            with speaking:
                run.say()
                ended.append(run)

    workers = [threading.Thread(target=work) for _ in range(max(1, os.cpu_count() or 1))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return ended


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=PROGRAMS)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    runs = fuzz_runs(wanted.steps, wanted.seed) if wanted.what == "fuzz" else soak_runs(wanted.minutes, wanted.seed)
    start = time.monotonic()
    ended = run_all(iter(runs))
    failed = [run for run in ended if run.failed]
    done = sum(run.done for run in ended)
    unit = "system calls" if wanted.what == "fuzz" else "activities"
    minutes = (time.monotonic() - start) / 60
    print(f"{done} {unit} in {len(ended)} machines and {minutes:.1f} minutes, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
