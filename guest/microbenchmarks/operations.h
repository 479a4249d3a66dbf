// SPDX-License-Identifier: MIT
// The kernel's basic operations, each done so many times and nothing else.
#pragma once

namespace microbenchmarks {

struct Operation {
    const char* name;
    void (*run)(unsigned long count);
};

void null_syscall(unsigned long count);
void read_byte(unsigned long count);
void write_byte(unsigned long count);
/// One byte into a pipe and out of it, in one process.
void pipe_byte(unsigned long count);
/// A byte to another process and one back.
void pipe_round_trip(unsigned long count);
/// Two processes yield to each other, `count` times each.
void context_switch(unsigned long count);
/// kill(2) to itself, the handler, and the return from it.
void signal_delivery(unsigned long count);
/// The first touch of an anonymous page, and giving it back at the end.
void page_fault(unsigned long count);
/// fork, exit in the child, wait in the parent.
void fork_exit(unsigned long count);
/// Works in user mode for `count` * 2^24 cycles; who counts the interrupts knows what they cost.
void timer_interrupt(unsigned long count);

}  // namespace microbenchmarks
