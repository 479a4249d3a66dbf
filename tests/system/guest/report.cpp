// SPDX-License-Identifier: MIT
#include "tests/system/guest/report.h"

#include "abi/ports.h"
#include "base/compiler.h"
#include "tests/system/guest/instructions.h"

namespace ringfence::system_test {

namespace {
unsigned groups = 0;

void put(char c) {
    constexpr u16 line_status = 5;
    constexpr u8 transmitter_empty = 0x20;
    while ((in8(abi::kernel_log_port + line_status) & transmitter_empty) == 0) {
    }
    out8(abi::kernel_log_port, static_cast<u8>(c));
}
}  // namespace

Output& Output::operator<<(const char* text) {
    for (; *text != 0; ++text) {
        put(*text);
    }
    return *this;
}

Output& Output::operator<<(Hex number) {
    *this << "0x";
    bool started = false;
    for (int shift = 60; shift >= 0; shift -= 4) {
        const auto digit = static_cast<unsigned>(number.value >> shift & 0xf);
        started = started || digit != 0 || shift == 0;
        if (started) {
            put("0123456789abcdef"[digit]);
        }
    }
    return *this;
}

Output& Output::operator<<(unsigned number) {
    if (number >= 10) {
        *this << number / 10;
    }
    put(static_cast<char>('0' + number % 10));
    return *this;
}

void Group::expect_equal(const char* what, u64 got, u64 wanted) {
    expect(got == wanted,
           [&] { out << what << ": got " << Hex{got} << ", expected " << Hex{wanted}; });
}

Group::~Group() {
    ++groups;
    out << (failures_ == 0 ? "ok " : "not ok ") << groups << " " << name_;
    if (skipped_ != nullptr) {
        out << " # SKIP " << skipped_ << "\n";
        return;
    }
    out << " # " << cases_ << " cases";
    if (failures_ != 0) {
        out << ", " << failures_ << " wrong";
    }
    out << "\n";
}

void finish() {
    out << "1.." << groups << "\n";
    out32(abi::debug_exit_port, static_cast<u32>(abi::MachineExit::Finished));
    for (;;) {
        asm volatile("cli; hlt");
    }
}

}  // namespace ringfence::system_test

namespace ringfence {
void assertion_failed(const char* condition, const char* file, int line) {
    system_test::out << "Bail out! " << file << ":" << static_cast<unsigned>(line) << ": "
                     << condition << "\n";
    system_test::out32(abi::debug_exit_port, static_cast<u32>(abi::MachineExit::KernelPanic));
    for (;;) {
        asm volatile("cli; hlt");
    }
}
}  // namespace ringfence
