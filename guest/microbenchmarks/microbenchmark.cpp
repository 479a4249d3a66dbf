// SPDX-License-Identifier: MIT
// microbenchmark NAME COUNT: does one of the operations so many times. It measures nothing itself:
// two runs with different counts differ by the operations alone.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "guest/microbenchmarks/operations.h"

namespace {

using namespace microbenchmarks;

constexpr Operation operations[] = {
    {"null_syscall", null_syscall},
    {"read_byte", read_byte},
    {"write_byte", write_byte},
    {"stat_file", stat_file},
    {"open_close", open_close},
    {"map_unmap", map_unmap},
    {"pipe_byte", pipe_byte},
    {"pipe_round_trip", pipe_round_trip},
    {"context_switch", context_switch},
    {"context_switch_16k", context_switch_16k},
    {"context_switch_256k", context_switch_256k},
    {"signal_delivery", signal_delivery},
    {"page_fault", page_fault},
    {"fork_exit", fork_exit},
    {"fork_exec", fork_exec},
    {"unix_round_trip", unix_round_trip},
    {"unix_transfer", unix_transfer},
    {"tcp_round_trip", tcp_round_trip},
    {"tcp_transfer", tcp_transfer},
    {"tcp_connection", tcp_connection},
    {"timer_interrupt", timer_interrupt},
};

}  // namespace

int main(int argument_count, char** arguments) {
    constexpr int wanted = 3;
    for (const Operation& operation : operations) {
        if (argument_count == wanted && std::strcmp(arguments[1], operation.name) == 0) {
            operation.run(std::strtoul(arguments[2], nullptr, 10));
            return 0;
        }
    }
    std::fputs("usage: microbenchmark OPERATION COUNT; operations:", stderr);
    for (const Operation& operation : operations) {
        std::fprintf(stderr, " %s", operation.name);
    }
    std::fputs("\n", stderr);
    return 2;
}
