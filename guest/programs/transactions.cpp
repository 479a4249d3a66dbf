// SPDX-License-Identifier: MIT
// Transactions (RTM): what commits, what aborts, and what is left of it. Any processor with RTM
// prints the same, since a transaction that can commit is tried until it does. Exit status 3
// without RTM.
#include <cpuid.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr unsigned started = ~0U;
constexpr unsigned by_instruction = 1U << 0U;
constexpr unsigned overflow = 1U << 3U;
constexpr unsigned nested = 1U << 5U;
constexpr unsigned most_attempts = 1000;  ///< more than aborts by chance use up

/// `started`, or the status of the abort that came back here.
inline unsigned begin() {
    unsigned status = started;
    asm volatile("xbegin 1f\n1:" : "+a"(status)::"memory");
    return status;
}

inline void commit() {
    asm volatile("xend" ::: "memory");
}

template <unsigned argument>
inline void abort_with() {
    asm volatile("xabort %0" ::"i"(argument) : "memory");
}

inline bool inside() {
    bool result = false;
    asm volatile("xtest" : "=@ccnz"(result));
    return result;
}

volatile long first = 100;
volatile long second = 0;

/// Tries `body` in transactions until one commits (true), says that it is too large, or all have
/// been tried; `status` is the last abort's that says something.
template <typename Body>
bool attempt(Body body, unsigned& status) {
    status = 0;
    for (unsigned i = 0; i < most_attempts && (status & overflow) == 0; ++i) {
        const unsigned outcome = begin();
        if (outcome == started) {
            body();
            commit();
            return true;
        }
        status = outcome != 0 ? outcome : status;
    }
    return false;
}

void commits() {
    unsigned status = 0;
    const bool done = attempt(
        [] {
            first = first - 30;
            second = second + 30;
        },
        status);
    std::printf("transfer: %s, %ld and %ld\n", done ? "committed" : "never", first, second);
}

void aborts_on_request() {
    const unsigned status = [] {
        for (;;) {
            const unsigned outcome = begin();
            if (outcome == started) {
                first = 0;
                abort_with<42>();
            }
            if ((outcome & by_instruction) != 0) {
                return outcome;
            }
        }
    }();
    std::printf("request: argument %u, first is %ld\n", status >> 24U, first);
}

/// Bodies that can never be part of a transaction.
template <typename Body>
void never_commits(const char* name, Body body) {
    unsigned status = 0;
    const bool done = attempt(
        [&] {
            first = 0;
            body();
        },
        status);
    std::printf("%s: %s, first is %ld\n", name, done ? "committed" : "never", first);
}

void aborts_inside() {
    unsigned status = 0;
    attempt(
        [] {
            if (begin() == started) {
                abort_with<7>();
            }
        },
        status);
    std::printf("nested: argument %u, %s\n", status >> 24U,
                (status & nested) != 0 ? "says so" : "does not say so");
}

void overflows() {
    constexpr std::size_t bytes = std::size_t{1} << 20U;
    static std::array<volatile char, bytes> much;
    for (auto& byte : much) {
        byte = 1;
    }
    unsigned status = 0;
    const bool done = attempt(
        [] {
            for (auto& byte : much) {
                byte = 2;
            }
        },
        status);
    bool whole = true;
    for (const auto& byte : much) {
        whole = whole && byte == 1;
    }
    std::printf("a mebibyte: %s, %s, %s\n", done ? "committed" : "never",
                (status & overflow) != 0 ? "overflow" : "no overflow", whole ? "whole" : "torn");
}

/// Long enough that timer interrupts come in the middle of some.
void counts() {
    constexpr long rounds = 20000;
    static volatile long counter = 0;
    static volatile long mirror = 0;
    long without = 0;
    for (long i = 0; i < rounds; ++i) {
        unsigned status = 0;
        const bool done = attempt(
            [] {
                counter = counter + 1;
                for (unsigned turn = 0; turn < 20; ++turn) {
                    asm volatile("");
                }
                mirror = mirror + 1;
            },
            status);
        without += done ? 0 : 1;
    }
    std::printf("counters: %ld and %ld, %ld never committed\n", counter, mirror, without);
}

bool has_transactions() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_RTM) != 0;
}

}  // namespace

int main() {
    constexpr int not_available = 3;
    if (!has_transactions()) {
        std::puts("this processor has no transactions (RTM)");
        return not_available;
    }
    std::printf("outside: %d\n", inside() ? 1 : 0);
    unsigned status = 0;
    volatile bool seen = false;
    attempt([&] { seen = inside(); }, status);
    std::printf("inside: %d\n", seen ? 1 : 0);
    commits();
    aborts_on_request();
    never_commits("null pointer", [] { *static_cast<volatile char*>(nullptr) = 1; });
    never_commits("division", [] {
        volatile int zero = 0;
        first = first / zero;
    });
    never_commits("undefined", [] { asm volatile("ud2"); });
    never_commits("breakpoint", [] { asm volatile("int3"); });
    never_commits("system call", [] {
        long number = 39;  // getpid
        asm volatile("syscall" : "+a"(number)::"rcx", "r11", "memory");
    });
    never_commits("cpuid", [] {
        unsigned leaf = 0;
        asm volatile("cpuid" : "+a"(leaf)::"rbx", "rcx", "rdx");
    });
    aborts_inside();
    overflows();
    counts();
    return 0;
}
