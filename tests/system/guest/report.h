// SPDX-License-Identifier: MIT
// Results as KTAP lines on COM1: one line for a group of cases, with the first mismatches above it.
#pragma once

#include "base/types.h"

namespace ringfence::system_test {

/// A number to be printed in hexadecimal.
struct Hex {
    u64 value;
};

/// Writes to COM1.
class Output {
public:
    Output& operator<<(const char* text);
    Output& operator<<(Hex number);
    Output& operator<<(unsigned number);
};
inline Output out;

/// A group of cases that is one line of the result.
class Group {
public:
    explicit Group(const char* name) : name_(name) {}
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    ~Group();

    /// Counts a case; `describe()` prints what it was if it did not hold. Only the first few print.
    template <typename Describe>
    void expect(bool holds, Describe describe) {
        ++cases_;
        if (!holds && ++failures_ <= most_printed) {
            out << "# ";
            describe();
            out << "\n";
        }
    }
    /// Counts a case in which `got` should be `wanted`.
    void expect_equal(const char* what, u64 got, u64 wanted);
    /// Says why the group cannot be run on this CPU.
    void skip(const char* reason) { skipped_ = reason; }

private:
    static constexpr unsigned most_printed = 6;
    const char* name_;
    const char* skipped_ = nullptr;
    unsigned cases_ = 0;
    unsigned failures_ = 0;
};

/// Prints the plan and ends the machine.
[[noreturn]] void finish();

}  // namespace ringfence::system_test
