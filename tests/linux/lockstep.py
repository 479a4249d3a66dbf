#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs Debian's Linux on the built-in machine and on QEMU side by side, and compares their processors and page tables.

Both stop at the same places of the kernel, one after the other: functions of its start, each initcall, and then each
system call and page fault of a program. There the registers must be equal, and at some of these places also what the
page tables map. README.md says what is left out, and why.
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile

import guests
from gdb_remote import Remote
from page_tables import Walker

# Functions of the kernel's start, and how many arguments in registers they have.
STAGES = {"start_kernel": 0, "setup_arch": 1, "trap_init": 0, "pti_init": 0, "sched_init": 0, "arch_call_rest_init": 0, "kernel_init": 0,
          "mark_rodata_ro": 0, "pti_finalize": 0, "run_init_process": 1, "begin_new_exec": 1}
BEFORE_FPU = ("start_kernel", "setup_arch", "trap_init", "pti_init", "sched_init")
INITCALL = {"do_one_initcall": 1}
ENTRIES = {"do_syscall_64": 2, "exc_page_fault": 2}
# Where page tables are compared: at these functions, and at exit_group, execve and munmap.
EXIT_GROUP = 231
TABLES_AT_CALLS = (EXIT_GROUP, 59, 11)
TABLES_AT = ("kernel_init", "pti_finalize", "begin_new_exec")

ARGUMENTS = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"]
KEPT = ["rbx", "rbp", "rsp", "r12", "r13", "r14", "r15", "eflags"]
SYSTEM = ["cs", "ss", "ds", "es", "fs", "gs", "fs_base", "gs_base", "k_gs_base", "cr0", "cr3", "cr4", "cr8", "efer", "mxcsr", "fctrl"]
SSE = [f"xmm{number}" for number in range(16)]
SAVED = ["r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs",
         "flags", "rsp", "ss"]  # Linux's struct pt_regs

DIRECT_MAP = range(0xFFFF_8880_0000_0000, 0xFFFF_C880_0000_0000)
ESPFIX = range(0xFFFF_FF00_0000_0000, 0xFFFF_FF80_0000_0000)
VMALLOC = range(0xFFFF_C900_0000_0000, 0xFFFF_E900_0000_0000)
VMEMMAP = range(0xFFFF_EA00_0000_0000, 0xFFFF_EB00_0000_0000)
PLACED_BY_ALLOCATORS = (DIRECT_MAP, VMALLOC, VMEMMAP)
KERNEL_STACK = 0x4000
MACHINE_CHECK_ENABLE = 1 << 6
RESUME_FLAG = 1 << 16
# Pages of Linux's fixmap for the registers of devices: the local APIC at a fixed place, behind it the I/O APICs that it knows.
IO_APIC_PAGE = 0xFFFF_FFFF_FF5F_C000

# Options that take away what depends on time, chance, or features that QEMU or its model has not.
SAME_STATE = "pti=on nopcid clearcpuid=pku mitigations=off norandmaps randomize_kstack_offset=off cryptomgr.notests"
MOST_COMPLAINTS = 20


class Comparison:
    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours, theirs
        self.counts = collections.Counter()
        self.left_out = collections.Counter()
        self.complaints = []
        self.in_user_phase = False  # from the first program on, processes have tables of their own
        self.last_system_call = None

    def stop(self, name, arguments, ours, theirs):
        """Compares all that there is to compare where both have come to `name`."""
        self.counts[name] += 1
        place = f"{name} {self.counts[name]}"
        self.registers(place, arguments, ours, theirs)
        if name in ENTRIES:
            self.saved_registers(place, ours, theirs)
        if name == "exc_page_fault":
            self.value(place, "cr2", ours["cr2"], theirs["cr2"])
        if name == "do_syscall_64":
            self.last_system_call = ours["rsi"]
        if name in TABLES_AT or (name == "do_syscall_64" and self.last_system_call in TABLES_AT_CALLS):
            self.tables(place, ours, theirs)

    def value(self, place, name, ours, theirs):
        self.counts["values"] += 1
        if ours == theirs:
            return
        if ours in DIRECT_MAP and theirs in DIRECT_MAP and name not in SYSTEM:
            self.left_out["addresses of kernel objects"] += 1
        elif ours in VMALLOC and theirs in VMALLOC and (ours ^ theirs) % KERNEL_STACK == 0:
            self.left_out["which stack a child has in the kernel (the place in it is compared)"] += 1
        elif name == "cr3" and self.in_user_phase and (ours ^ theirs) & 0xFFF == 0:
            self.left_out["page of a process's root"] += 1
        elif name == "cr4" and (ours ^ theirs) & ~MACHINE_CHECK_ENABLE == 0:
            self.left_out["CR4.MCE: the machine has no machine checks"] += 1
        elif name == "saved flags" and ours ^ theirs == RESUME_FLAG and place.startswith("exc_page_fault"):
            self.left_out["RF of a fault, which QEMU does not set"] += 1
        elif name == "fctrl" and place.split()[0] in BEFORE_FPU:
            self.left_out["x87 control word, which nobody has initialised"] += 1
        else:
            self.complaints.append(f"{place}: {name} is {ours:#x}, on QEMU {theirs:#x}")

    def registers(self, place, arguments, ours, theirs):
        for name in ARGUMENTS[:arguments] + KEPT + SYSTEM:
            self.value(place, name, ours[name], theirs[name])

    def saved_registers(self, place, ours, theirs):
        """What the entry code has saved of the interrupted code, and a program's SSE registers, which it leaves alone."""
        pieces = [machine.read_virtual(registers["rdi"], 8 * len(SAVED)) for machine, registers in
                  ((self.ours, ours), (self.theirs, theirs))]
        of_kernel = pieces[0][SAVED.index("cs") * 8] & 3 == 0
        for name in () if of_kernel else SSE:
            self.value(place, name, ours[name], theirs[name])
        for index, name in enumerate(SAVED):
            mine, other = (int.from_bytes(piece[index * 8:index * 8 + 8], "little") for piece in pieces)
            if mine != other and of_kernel and name in ("r8", "r9", "r10", "r11"):
                self.left_out["scratch registers of kernel code: what it last did with time"] += 1
                continue
            self.value(place, "saved " + name, mine, other)

    def tables(self, place, ours, theirs):
        """The kernel's root, and the user's, which with page-table isolation is the page behind it."""
        walkers = Walker(self.ours), Walker(self.theirs)
        for which, offset in (("kernel root", 0), ("user root", 0x1000)):
            mine, other = (comparable(walker.ranges(registers["cr3"] + offset)) for walker, registers in
                           zip(walkers, (ours, theirs)))
            self.counts[which + "s"] += 1
            self.counts[f"ranges of {which}s"] += len(mine)
            for text, only in (("here only", mine - other), ("on QEMU only", other - mine)):
                for first, behind, rights in sorted(only):
                    self.complaints.append(f"{place}: {which}: {text}: {first:#x} to {behind:#x}: {rights}")


def comparable(ranges):
    """Without what allocators place. Linux puts its espfix stacks at random: what counts is how many there are."""
    kept = set()
    stacks = collections.Counter()
    for first, behind, rights in ranges:
        if first in ESPFIX:
            stacks[rights] += behind - first
        elif not any(first in region for region in PLACED_BY_ALLOCATORS):
            kept.add((IO_APIC_PAGE + 0x1000 if first == IO_APIC_PAGE else first, behind, rights))
    return kept | {(ESPFIX.start, size, rights) for rights, size in stacks.items()}


def compare(machines, symbols, initcalls):
    functions = {**STAGES, **INITCALL, **ENTRIES}
    names = {symbols[name]: name for name in functions}
    comparison = Comparison(*machines)
    for machine in machines:
        machine.set_breakpoints(symbols[name] for name in [*STAGES, *INITCALL])
    ours, theirs = {"rip": None}, {"rip": None}
    while len(comparison.complaints) < MOST_COMPLAINTS:
        ours, theirs = (machine.resume(state["rip"]) for machine, state in zip(machines, (ours, theirs)))
        if ours is None and theirs is None:
            break
        places = [state and names.get(state["rip"], hex(state["rip"])) for state in (ours, theirs)]
        if places[0] != places[1]:
            comparison.complaints.append(f"here it comes to {places[0]}, on QEMU to {places[1]}")
            break
        name = places[0]
        comparison.stop(name, functions[name], ours, theirs)
        if name in INITCALL and comparison.counts[name] == initcalls:
            for machine in machines:
                machine.remove_breakpoint(symbols[name])
        if name == "begin_new_exec" and not comparison.in_user_phase:
            comparison.in_user_phase = True
            for machine in machines:
                machine.set_breakpoints(symbols[entry] for entry in ENTRIES)
    if comparison.last_system_call != EXIT_GROUP:
        comparison.complaints.append("the program did not come to its end")
    return comparison


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--command", required=True, help="ringfence")
    parser.add_argument("--program", required=True, help="lockstep_program")
    parser.add_argument("--initcalls", type=int, default=0, help="only so many of them; 0: all")
    options = parser.parse_args()
    append = f"{guests.PLATFORM} {SAME_STATE} panic=-1 reboot=p rdinit=/program"
    with tempfile.TemporaryDirectory() as directory:
        initrd, vmlinux, ours, theirs = (os.path.join(directory, name) for name in ("initrd", "vmlinux", "ours", "theirs"))
        guests.write_initrd(initrd, program=options.program)
        guests.write_vmlinux(vmlinux)
        symbols = guests.kernel_symbols(options.command)
        commands = [guests.machine(options.command, vmlinux, initrd, append, "--gdb", "unix:" + ours),
                    guests.qemu(vmlinux, initrd, append, "-S", "-gdb", f"unix:{theirs},server=on,wait=off")]
        processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                     for command in commands]
        try:
            comparison = compare([Remote(ours), Remote(theirs)], symbols, options.initcalls)
        finally:
            for process in processes:
                process.kill()
                process.wait()
    for title, counts in (("compared", comparison.counts), ("left out", comparison.left_out)):
        for what, count in counts.items():
            print(f"{title}: {count:7,} {what}")
    for complaint in comparison.complaints:
        print(f"FAILED: {complaint}")
    sys.exit(1 if comparison.complaints else 0)


if __name__ == "__main__":
    main()
