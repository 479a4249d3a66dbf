#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots Debian's Linux with the same initramfs and command line on the built-in machine, on QEMU and on Bochs, and adds to bench.json:

linux_boot_vs_qemu_icount  QEMU's CPU time by ours, fast engine; a sample is one pair of boots
linux_boot_vs_bochs        Bochs's CPU time from Linux's first line on by ours for all of it, fast engine; one pair
linux_boot_fast_mips       millions of simulated instructions in a second of CPU time
linux_timed_mips           the same in the timed engine, one boot

usage: bench/linux_boot.py build/ringfence build/bench.json [PAIRS]
"""
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/linux"))
import bochs  # noqa: E402
import guests  # noqa: E402

# Mounts nothing and does nothing: what is measured is the boot.
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
echo booted
/bin/busybox reboot -f
"""
PEER = "bochs 2.7, corei7_skylake_x"
BASELINE = "qemu-system-x86_64 -accel tcg -icount shift=0"


def cpu_seconds(arguments):
    """CPU time of the command and what it started, and its standard output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if b"booted" not in done.stdout:
        sys.exit(f"{' '.join(arguments)}: status {done.returncode}: {(done.stdout + done.stderr).decode(errors='replace')[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def boots(command, directory, pairs):
    vmlinux, initrd, report = (os.path.join(directory, name) for name in ("vmlinux", "initrd", "boot.json"))
    guests.write_vmlinux(vmlinux)
    guests.write_initrd(initrd, INIT)
    # The self-tests of ciphers are a third of a boot, and vector instructions alone: on QEMU they take far longer.
    append = guests.PLATFORM + " cryptomgr.notests quiet"

    def ours(mode):
        seconds = cpu_seconds(guests.machine(command, vmlinux, initrd, append, "--mode", mode, "--json", report))
        instructions = sum(json.loads(pathlib.Path(report).read_text())["counters"]["instructions"].values())
        return seconds, instructions / seconds / 1e6

    ratios, speeds = [], []
    for _ in range(pairs):
        seconds, speed = ours("fast")
        ratios.append(cpu_seconds(guests.qemu(vmlinux, initrd, append)) / seconds)
        speeds.append(speed)
    peer = bochs.boot_seconds(directory, guests.kernel(), initrd, append) / ours("fast")[0]
    return ratios, [peer], speeds, [ours("timed")[1]]


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__.strip())
    command, output = sys.argv[1:3]
    pairs = int(sys.argv[3]) if len(sys.argv) == 4 else 5
    with tempfile.TemporaryDirectory() as directory:
        ratios, peer, speeds, timed = boots(command, directory, pairs)
    unit = "million instructions per second of CPU time"
    figures = {"linux_boot_vs_qemu_icount": (ratios, "ratio", BASELINE),
               "linux_boot_vs_bochs": (peer, "ratio", PEER), "linux_boot_fast_mips": (speeds, unit, ""),
               "linux_timed_mips": (timed, unit, "")}
    path = pathlib.Path(output)
    report = json.loads(path.read_text()) if path.exists() else {}
    for name, (samples, unit_of, baseline) in figures.items():
        entry = {"value": statistics.median(samples), "unit": unit_of, "samples": samples}
        report[name] = entry | ({"baseline": baseline} if baseline else {})
        print(f"{name:32} {report[name]['value']:12.4g} {unit_of}{' of ' + baseline if baseline else ''}")
    part = path.with_suffix(".part")
    part.write_text(json.dumps(report, indent=2) + "\n")
    os.replace(part, path)


if __name__ == "__main__":
    main()
