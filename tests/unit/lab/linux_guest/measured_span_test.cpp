// SPDX-License-Identifier: MIT
#include "lab/linux_guest/measured_span.h"

#include <gtest/gtest.h>

#include "abi/ports.h"

namespace ringfence::lab::linux_guest {
namespace {

constexpr auto starts = static_cast<u32>(abi::ProgramMark::Starts);
constexpr auto ended = static_cast<u32>(abi::ProgramMark::Ended);

/// A guest whose only count is how many of these calls were made.
class Guest {
public:
    Guest& mark(u32 value) {
        ++now_;
        span.mark(value);
        return *this;
    }
    Guest& call() {
        ++now_;
        span.syscall(VirtualAddress{});
        return *this;
    }
    Guest& sysret() {
        ++now_;
        span.sysret(VirtualAddress{});
        return *this;
    }
    Guest& iret(bool to_user = true) {
        ++now_;
        span.iret(VirtualAddress{}, to_user);
        return *this;
    }

    static u64 at(const std::optional<machine::Counted>& moment) {
        return moment ? moment->counters.root_writes : ~u64{0};
    }

private:
    u64 now_ = 0;

public:
    MeasuredSpan span{[this] {
        machine::Counted counted;
        counted.counters.root_writes = now_;
        return counted;
    }};
};

TEST(MeasuredSpan, IsFromTheProgramsFirstInstructionToTheReturnOfItsParentsWait) {
    Guest guest;
    guest.call().sysret();                       // whatever was before
    guest.mark(starts).call().sysret();          // the ports are given back
    guest.call().iret();                         // 7: execve
    guest.call().sysret().iret().call().iret();  // the program, and its exit to 12: the parent
    guest.call().sysret().mark(ended);           // the ports are taken
    EXPECT_EQ(Guest::at(guest.span.begin()), 7U);
    EXPECT_EQ(Guest::at(guest.span.end()), 12U);
}

TEST(MeasuredSpan, AnInterruptBetweenTheMarkAndTheProgramBeginsNothing) {
    Guest guest;
    guest.mark(starts).iret().call().sysret().iret().call().iret(false).sysret();
    EXPECT_EQ(Guest::at(guest.span.begin()), 8U);
}

TEST(MeasuredSpan, WithoutAProgramThereIsNone) {
    Guest guest;
    guest.mark(starts).call().sysret().mark(ended).call().sysret();
    EXPECT_FALSE(guest.span.begin().has_value());
    EXPECT_FALSE(guest.span.end().has_value());
}

}  // namespace
}  // namespace ringfence::lab::linux_guest
