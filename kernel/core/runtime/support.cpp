// SPDX-License-Identifier: MIT
// What the language needs of its surroundings when there is no C++ library.
#include <bits/functexcept.h>

#include "base/compiler.h"
#include "kernel/core/log/log.h"

namespace ringfence {

void assertion_failed(const char* condition, const char* file, int line) {
    char message[256];
    kernel::panic(
        kernel::format_to(message, "assertion failed: {} ({}:{})", condition, file, line));
}

}  // namespace ringfence

extern "C" {

[[noreturn]] void __cxa_pure_virtual() {
    ringfence::kernel::panic("pure virtual function called");
}

/// Destructors of statics never run: the kernel does not end, the machine does.
int __cxa_atexit(void (*)(void*), void*, void*) {
    return 0;
}

void* __dso_handle = nullptr;
}

// The standard library's containers and views report misuse here.
namespace std {

void __throw_length_error(const char* what) {
    ringfence::kernel::panic(what);
}
void __throw_out_of_range_fmt(const char* what, ...) {
    ringfence::kernel::panic(what);
}
void __throw_bad_function_call() {
    ringfence::kernel::panic("empty function called");
}
void __glibcxx_assert_fail(const char* file, int line, const char*,
                           const char* condition) noexcept {
    ringfence::assertion_failed(condition, file, line);
}

}  // namespace std
