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
void stat_file(unsigned long count);
void open_close(unsigned long count);
/// mmap of 64 KiB and munmap, untouched.
void map_unmap(unsigned long count);
/// One byte into a pipe and out of it, in one process.
void pipe_byte(unsigned long count);
/// A byte to another process and one back.
void pipe_round_trip(unsigned long count);
/// Two processes yield to each other, `count` times each.
void context_switch(unsigned long count);
/// The same, each looking at 16 or 256 KiB of its own in between.
void context_switch_16k(unsigned long count);
void context_switch_256k(unsigned long count);
/// kill(2) to itself, the handler, and the return from it.
void signal_delivery(unsigned long count);
/// The first touch of an anonymous page, and giving it back at the end.
void page_fault(unsigned long count);
/// fork, exit in the child, wait in the parent.
void fork_exit(unsigned long count);
/// The same with execve in the child, of this program with nothing to do.
void fork_exec(unsigned long count);
/// A byte to another process and one back, over AF_UNIX and over TCP (netperf's TCP_RR).
void unix_round_trip(unsigned long count);
void tcp_round_trip(unsigned long count);
/// 64 KiB to another process.
void unix_transfer(unsigned long count);
void tcp_transfer(unsigned long count);
/// A connection, a byte there and one back, and its end (netperf's TCP_CRR).
void tcp_connection(unsigned long count);
/// Works in user mode for `count` * 2^24 cycles; who counts the interrupts knows what they cost.
void timer_interrupt(unsigned long count);

}  // namespace microbenchmarks
