// SPDX-License-Identifier: MIT
#include "tests/end_to_end/host_tracing.h"

#include <elf.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>

namespace ringfence::end_to_end {

namespace {

/// Stops for its tracer if it may be traced, and ends if not.
[[noreturn]] void be_traced() {
    if (personality(ADDR_NO_RANDOMIZE) >= 0 && ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0) {
        raise(SIGSTOP);
    }
    _exit(0);
}

bool takes_breakpoint(pid_t child) {
    constexpr size_t first = offsetof(user, u_debugreg);
    constexpr size_t control = first + 7 * sizeof(uintptr_t);
    constexpr uintptr_t local_enable = 1;
    static char place;
    return ptrace(PTRACE_POKEUSER, child, first, &place) == 0 &&
           ptrace(PTRACE_POKEUSER, child, control, local_enable) == 0;
}

constexpr size_t most_for_gdb = 2696;

bool has_room_in_gdb(pid_t child) {
    static char state[64 * 1024];
    iovec all{state, sizeof(state)};
    return ptrace(PTRACE_GETREGSET, child, NT_X86_XSTATE, &all) == 0 && all.iov_len <= most_for_gdb;
}

/// Whether there is a traced child of which `condition` holds.
bool holds_of_a_child(bool (*condition)(pid_t)) {
    const pid_t child = fork();
    if (child == 0) {
        be_traced();
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) {
        return false;
    }
    const bool holds = condition(child);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return holds;
}

}  // namespace

bool host_lets_programs_trace() {
    return holds_of_a_child(takes_breakpoint);
}

bool host_gdb_writes_registers() {
    return holds_of_a_child(has_room_in_gdb);
}

}  // namespace ringfence::end_to_end
