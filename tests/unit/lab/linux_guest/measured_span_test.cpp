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
    Guest& user() {
        ++now_;
        span.user_entered(VirtualAddress{});
        return *this;
    }
    /// An interrupt of the kernel.
    Guest& kernel() {
        ++now_;
        span.iret(VirtualAddress{}, false);
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
    guest.call().user();                       // whatever was before
    guest.mark(starts).call().user();          // the ports are given back
    guest.call().user();                       // 7: execve
    guest.call().user().user().call().user();  // the program, and its exit to 12: the parent
    guest.call().user().mark(ended);           // the ports are taken
    EXPECT_EQ(Guest::at(guest.span.begin()), 7U);
    EXPECT_EQ(Guest::at(guest.span.end()), 12U);
}

TEST(MeasuredSpan, AnInterruptBetweenTheMarkAndTheProgramBeginsNothing) {
    Guest guest;
    guest.mark(starts).user().call().user().user().call().kernel().user();
    EXPECT_EQ(Guest::at(guest.span.begin()), 8U);
}

TEST(MeasuredSpan, WithoutAProgramThereIsNone) {
    Guest guest;
    guest.mark(starts).call().user().mark(ended).call().user();
    EXPECT_FALSE(guest.span.begin().has_value());
    EXPECT_FALSE(guest.span.end().has_value());
}

}  // namespace
}  // namespace ringfence::lab::linux_guest
