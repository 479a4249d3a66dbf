// SPDX-License-Identifier: MIT
// The part of every image between boot.S and its tests.
#include "base/types.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

extern "C" {
void start_tests();

// The compiler may call these.
void* memset(void* to, int value, ringfence::usize count) {
    auto* bytes = static_cast<volatile ringfence::u8*>(to);
    for (ringfence::usize i = 0; i < count; ++i) {
        bytes[i] = static_cast<ringfence::u8>(value);
    }
    return to;
}
void* memcpy(void* to, const void* from, ringfence::usize count) {
    auto* bytes = static_cast<volatile ringfence::u8*>(to);
    const auto* source = static_cast<const ringfence::u8*>(from);
    for (ringfence::usize i = 0; i < count; ++i) {
        bytes[i] = source[i];
    }
    return to;
}
}

void start_tests() {
    using namespace ringfence::system_test;
    out << "KTAP version 1\n";
    set_up_traps();
    run_tests();
    finish();
}
