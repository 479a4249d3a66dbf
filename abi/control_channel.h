// SPDX-License-Identifier: MIT
// Records on the control channel (COM4). All numbers are little-endian.
//
// Kernel to host: RecordHeader, then `size` bytes of payload.
// Host to kernel: the answer to a StandardInput record: u32 count, then `count` bytes; 0 is end of
// file. The kernel asks for input only when a process reads it, so a run does not depend on when
// the host has bytes ready. Where the console is a terminal (option console_terminal) the kernel
// never asks: what is typed comes on COM2 when it is typed, and here comes a WindowSize whenever
// that has changed.
#pragma once

#include "base/types.h"

namespace ringfence::abi::control {

enum class Record : u32 {
    StandardInput = 1,  ///< payload u32: most bytes wanted (1 to 4096); the host answers as above
    ExitStatus = 2,     ///< payload ExitStatus: how the first process ended
    Statistics = 3,  ///< payload Statistics: what the kernel counted, sent just before ExitStatus
    UnknownSyscall =
        4,           ///< payload UnknownSyscall: one for each number that was answered with ENOSYS
    UserTables = 5,  ///< payload: UTF-8 text, one line per page of a process's user table (option
                     ///< dump_user_tables)
    RunFailed = 6,   ///< payload: UTF-8 text; the program could not be started, ExitStatus follows
                     ///< with 126 or 127
    Isolation = 7,   ///< payload Isolation: which design ran and why, sent with Statistics
    MissingFiles =
        8,  ///< payload: absolute paths, each with a NUL behind it, that programs looked for
            ///< in vain, the last ones if there are many; when the first process failed
};

struct RecordHeader {
    Record type;
    u32 size;  ///< bytes of payload that follow
};
static_assert(sizeof(RecordHeader) == 8);

struct ExitStatus {
    u32 code;    ///< 0 to 255: the argument of exit_group
    u32 signal;  ///< 0, or the number of the signal that killed the process
};
static_assert(sizeof(ExitStatus) == 8);

struct Statistics {
    u64 system_calls;
    u64 interrupts;
    u64 page_faults;
    u64 other_exceptions;
    u64 context_switches;  ///< times that the CPU went from one thread to another
    u64 root_writes;       ///< CR3 writes by the kernel, entry and exit included
    u64 processes_created;
    u64 free_frames;  ///< 4 KiB frames free at the end
};
static_assert(sizeof(Statistics) == 64);

/// What the kernel's command line said of isolation.
enum class IsolationRequest : u32 { Auto = 0, On = 1, Off = 2 };

struct Isolation {
    u32 required;  ///< 1: the CPU reports nothing that would make it unnecessary
    IsolationRequest requested;
    u32 enabled;  ///< 1: user mode runs on tables of its own
    u32 pcid;     ///< 1: the kernel uses process-context identifiers
};
static_assert(sizeof(Isolation) == 16);

/// Of the user's terminal.
struct WindowSize {
    u16 rows;
    u16 columns;
    u16 width;  ///< pixels, if anybody cares
    u16 height;
};
static_assert(sizeof(WindowSize) == 8);

struct UnknownSyscall {
    u64 number;
    u64 count;
};
static_assert(sizeof(UnknownSyscall) == 16);

}  // namespace ringfence::abi::control
