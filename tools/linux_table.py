#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the tables of Debian's Linux on this machine, beside what is published and beside Ringfence's own kernel, into
docs/validation.md.

usage: tools/linux_table.py [--check] [--command build/ringfence] [--kernel build/linux/vmlinuz]

Everything is measured by `ringfence bench` and `ringfence compare`, with --kernel and without: exact, and the same on every
host; takes some minutes. --check writes nothing and fails if the page does not say what the command says.
"""
import json
import pathlib
import subprocess
import sys

import made_table


CPUS = ["skylake-sp", "haswell", "nehalem"]
OPERATIONS = {"null_syscall": "null system call", "page_fault": "page fault", "context_switch": "sched_yield to another process",
              "pipe_round_trip": "pipe round trip", "tcp_round_trip": "TCP round trip on loopback",
              "timer_interrupt": "timer tick"}
WORKLOAD = pathlib.Path(__file__).resolve().parent.parent / "guest/workloads/shell.sh"
DESIGNS = {"isolated": "isolated", "nopcid": "isolated, no PCID"}
CAUSES = {"base_user": "user instructions", "base_kernel": "kernel instructions", "trampoline": "entry and exit instructions",
          "root_write": "root writes", "transition": "transitions", "tlb_instruction_user": "TLB, user code",
          "tlb_instruction_kernel": "TLB, kernel code", "tlb_data_user": "TLB, user data", "tlb_data_kernel": "TLB, kernel data",
          "tlb_maintenance": "INVLPG and INVPCID", "cache": "data caches", "front_end": "instruction fetch",
          "mispredict": "mispredictions", "serialization": "serialising", "idle": "idle"}


def runs_of(verb, command, options):
    """Runs by (cpu, operation, design)."""
    arguments = [command, verb, "--quiet", "--cpu", ",".join(CPUS), "--json", "-", *options]
    answer = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: status {answer.returncode}: {answer.stderr.strip()}")
    runs = {}
    for run in json.loads(answer.stdout)["runs"]:
        runs[run["cpu"], run.get("name", "workload"), made_table.design_of(run)] = {"value": run.get("cycles")} | run
    return runs


def measure(command, kernel):
    where = ["--kernel", kernel] if kernel else []
    script = ["--file", f"{WORKLOAD}=/shell.sh", "--", "/bin/busybox", "sh", "/shell.sh"]
    return (runs_of("bench", command, [*where, "--name", ",".join(OPERATIONS)])
            | runs_of("compare", command, [*where, *script]))


def more(runs, cpu, name, design, field="value"):
    return runs[cpu, name, design][field] - runs[cpu, name, "shared"][field]


def causes(runs, cpu, name, design):
    """The two causes that add most, in words."""
    here, base = runs[cpu, name, design]["stack"], runs[cpu, name, "shared"]["stack"]
    added = sorted(((here[key] - base[key], text) for key, text in CAUSES.items()), reverse=True)[:2]
    return ", ".join(f"{text} {cycles:+,.0f}" for cycles, text in added if cycles > 0)


def published_rows(linux, nested):
    name, cpu = "null_syscall", "skylake-sp"
    shared = linux[cpu, name, "shared"]
    yield ["`pti=off`, cycles", "220", f"{shared['value']:.0f}", f"{shared['value'] / 220 - 1:+.0%}"]
    for design, text, published in (("isolated", "`pti=on`, more", 522), ("nopcid", "`pti=on nopcid`, more", 1345)):
        cost = more(linux, cpu, name, design)
        yield [text, f"+{published}", f"+{cost:.0f}", f"{cost / published - 1:+.0%}"]
    for design, text, published in (("isolated", "`pti=on` in a virtual machine (`nested=4k`), more", 522),
                                    ("nopcid", "`pti=on nopcid` there, more", 1345)):
        cost = more(nested, cpu, name, design)
        yield [text, f"+{published}", f"+{cost:.0f}", f"{cost / published - 1:+.0%}"]
    for design, text, published in (("isolated", "instructions more, with PCID", 24), ("nopcid", "the same without", 13)):
        yield [text, f"+{published}", f"{more(linux, cpu, name, design, 'instructions'):+.0f}", ""]


def side_by_side(linux, ours):
    for cpu in CPUS:
        for name, text in (OPERATIONS | {"workload": "`shell.sh`"}).items():
            for design, label in DESIGNS.items():
                if (cpu, name, design) not in linux:
                    continue
                row = [cpu, text, label]
                for runs in (ours, linux):
                    base, cost = runs[cpu, name, "shared"]["value"], more(runs, cpu, name, design)
                    row += [f"{base:,.0f}", f"{cost:+,.0f}", causes(runs, cpu, name, design)]
                row.append(f"{more(ours, cpu, name, design) / more(linux, cpu, name, design):.2f}")
                yield row


def lines(options):
    command, kernel = options.command, options.kernel
    linux, ours = measure(command, kernel), measure(command, None)
    nested = runs_of("bench", command, ["--kernel", kernel, "--name", "null_syscall", "--what-if", "nested=4k"])
    return ["Linux's null system call on skylake-sp, beside Gregg's of 2018 (close(999), Xeon 8124M, Linux 4.14.12):", "",
            *made_table.table(["", "published", "here", "difference"], published_rows(linux, nested)), "",
            "Ringfence's kernel and Debian's Linux, cycles in the shared design, what the isolated one adds, and its two largest causes:", "",
            *made_table.table(["CPU", "what", "design", "Ringfence", "more", "by", "Linux", "more", "by", "added: ours / Linux's"],
                              side_by_side(linux, ours))]


if __name__ == "__main__":
    made_table.make(__doc__, lines, kernel="build/linux/vmlinuz")
