// SPDX-License-Identifier: MIT
#include "tests/system/guest/report.h"

#include "base/compiler.h"
#include "guest/bare_metal/serial_line.h"

namespace ringfence::system_test {

namespace {
unsigned groups = 0;
}  // namespace

Output& Output::operator<<(const char* text) {
    for (; *text != 0; ++text) {
        bare_metal::put(*text);
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
            bare_metal::put("0123456789abcdef"[digit]);
        }
    }
    return *this;
}

Output& Output::operator<<(unsigned number) {
    if (number >= 10) {
        *this << number / 10;
    }
    bare_metal::put(static_cast<char>('0' + number % 10));
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
    bare_metal::end_machine(abi::MachineExit::Finished);
}

}  // namespace ringfence::system_test

namespace ringfence {
void assertion_failed(const char* condition, const char* file, int line) {
    system_test::out << "Bail out! " << file << ":" << static_cast<unsigned>(line) << ": "
                     << condition << "\n";
    bare_metal::end_machine(abi::MachineExit::KernelPanic);
}
}  // namespace ringfence
