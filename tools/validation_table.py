#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the table of published figures beside this machine's into docs/validation.md.

usage: tools/validation_table.py [--check] [--command build/ringfence]

The published figures stand below with their sources; ours are measured by `ringfence bench` and `ringfence attack`, which
are exact and the same on every host. --check writes nothing and fails if the page does not say what the command says.
"""
import json
import subprocess
import sys

import made_table

GREGG = "Gregg 2018, close(999) in a loop, Xeon 8124M, Linux 4.14.12"


def measure(command, cpu, names):
    answer = subprocess.run([command, "bench", "--quiet", "--cpu", cpu, "--name", ",".join(names), "--json", "-"],
                            check=True, capture_output=True, text=True).stdout
    runs = {}
    for run in json.loads(answer)["runs"]:
        runs[run["name"], made_table.design_of(run)] = run
    return runs


def attack_rates(command, *options):
    """Thousands of bytes a second on skylake-sp, by method."""
    answer = subprocess.run([command, "attack", "--quiet", "--design", "shared", *options, "--json", "-"],
                            check=False, capture_output=True, text=True)
    runs = json.loads(answer.stdout)["runs"]
    if any(run["verdict"] != "leaks" for run in runs):
        sys.exit("attack: expected leaks only: " + answer.stdout)
    return {run["method"]: run["bytes_per_second"] / 1000 for run in runs}


def more(runs, name, design, field="value"):
    return runs[name, design][field] - runs[name, "shared"][field]


def cause(runs, name, design, key):
    return runs[name, design]["stack"][key] - runs[name, "shared"]["stack"][key]


def rows(command):
    skylake = measure(command, "skylake-sp", ["null_syscall", "page_fault"])
    haswell = measure(command, "haswell", ["null_syscall", "page_fault"])
    with_pcid = more(skylake, "null_syscall", "isolated")
    without = more(skylake, "null_syscall", "nopcid")
    own_path = f"another kernel: its call is {skylake['null_syscall', 'shared']['instructions']:.0f} instructions, Linux's was 191"
    bitwise = attack_rates(command, "--bitwise")
    bytewise = attack_rates(command)
    haswell_ns = more(haswell, "null_syscall", "isolated") / 3.4
    yield ("system call, shared, cycles", "220", GREGG, f"{skylake['null_syscall', 'shared']['value']:.0f}",
           own_path)
    yield ("the same, isolated with PCID, more", "+522", GREGG, f"+{with_pcid:.0f}",
           "entry text is global here (in Linux since 4.17), so no ITLB walks (some 30 of Gregg's cycles); what else Linux's "
           "entry path waited for is not known")
    yield ("the same, isolated without PCID, more", "+1345", GREGG, f"+{without:.0f}",
           "a system call here touches far fewer pages, so there is less to refill; Gregg's walks were a guest's, through two "
           "sets of tables")
    yield ("without PCID / with PCID", "2.58", GREGG, f"{without / with_pcid:.2f}", "as above")
    yield ("of it, two root writes", "about 380", "2 x 186 to 191: Behrens 2022, SkyBridge 2019",
           f"{cause(skylake, 'null_syscall', 'isolated', 'root_write'):.0f}",
           "the preset's figure twice, and the wait for older instructions")
    yield ("instructions added, with PCID", "+24", "Gregg 2018, Linux 4.14.12",
           f"+{more(skylake, 'null_syscall', 'isolated', 'instructions'):.0f}",
           "no test of a flush mask on the way out: a flush that is owed clears the NOFLUSH bit of the root that the exit loads")
    yield ("getppid, isolated with PCID, more, Haswell", "+139 ns", "FreeBSD review D13985",
           f"+{haswell_ns:.0f} ns", "another kernel and clock (3.4 GHz here)")
    yield ("delivery of #PF and IRET, Haswell", "715 + 330", "Torvalds 2014",
           f"{haswell['page_fault', 'shared']['stack']['transition']:.0f}",
           "the operation is one fault and one madvise: 715, 330, and a SYSCALL and SYSRET; a small part of the delivery "
           "runs beside older work")
    yield ("page fault, isolated with PCID, more, Skylake", "a few hundred", "KAISER's posting, 2017",
           f"+{more(skylake, 'page_fault', 'isolated'):.0f}",
           "the two root writes of an entry and exit; what the fault itself removed from the TLB is not removed again")
    lipp = "Lipp and others, Meltdown, 2018, i7-6700K"
    yield ("Meltdown by signal, a bit at a time", "122 KB/s", lipp, f"{bitwise['signal']:.0f} KB/s",
           "another kernel: a fault, its signal frame and the way back take fewer instructions")
    yield ("Meltdown by a transaction, a bit at a time", "502 KB/s", lipp, f"{bitwise['tsx']:.0f} KB/s",
           "two lines are looked at for each bit; what an abort takes is an estimate")
    yield ("transaction / signal", "4.1", lipp, f"{bitwise['tsx'] / bitwise['signal']:.1f}", "what a raised fault takes beyond one that aborts")
    yield ("Meltdown with the whole byte at once: signal, transaction, mispredicted branch", "-", "",
           ", ".join(f"{bytewise[method]:.0f}" for method in ("signal", "tsx", "mispredict")) + " KB/s",
           "eight loads in one window")


def lines(options):
    return made_table.table(["what", "published", "by", "here", "why it differs"], rows(options.command))


if __name__ == "__main__":
    made_table.make(__doc__, lines)
