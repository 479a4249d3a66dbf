// SPDX-License-Identifier: MIT
// What the kernel says when it must stop: why, where, and by which way it came there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "abi/ports.h"
#include "tests/kernel/guest.h"

namespace ringfence::kernel_tests {

namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr const char* handler = "_ZN9ringfence6kernel8syscalls6getpidEv";
constexpr VirtualAddress unmapped{0xffff'ffff'0000'0000};

VirtualAddress linked_address(Guest& guest, const char* symbol) {
    const auto address = guest.kernel().symbols().address_of(symbol);
    if (!address) {
        throw std::runtime_error(std::string("the kernel has no symbol ") + symbol);
    }
    return *address;
}

/// The kernel's log when a page fault that it cannot explain hits it in a system call.
std::string log_of_fault(const GuestOptions& options) {
    u64 displacement = 0;
    {
        Guest same(options, nullptr);
        same.run();
        displacement = displacements_of(same).image;
    }
    Guest guest(options, nullptr);
    guest.machine().stop_at({linked_address(guest, handler) + displacement});
    EXPECT_EQ(guest.run().reason, sim::machine::MachineEnd::Reason::Paused);
    guest.machine().stop_at({});
    guest.machine().raise_page_fault(unmapped, 0);
    EXPECT_EQ(guest.run().exit_code, static_cast<u32>(abi::MachineExit::KernelPanic));
    return guest.report().kernel_log;
}

TEST(Panic, SaysWhereTheKernelWasAndWhoCalled) {
    for (const char* design : {"pti=on", "pti=off"}) {
        const std::string log =
            log_of_fault({.command_line = design, .program = {RINGFENCE_GUESTS "/processes"}});
        const auto panic = log.find("kernel panic: ");
        ASSERT_NE(panic, log.npos) << log;
        const std::string said = log.substr(panic);
        EXPECT_THAT(said, HasSubstr("address 0xffffffff00000000\n"));
        EXPECT_THAT(said, HasSubstr("\nbacktrace:\n"));
        // By which way: from the handler up to the entry code.
        EXPECT_THAT(said, ContainsRegex(" syscalls::getpid\\(\\)\\+0x0\n.* handle_syscall.*\n"
                                        ".* enter_syscall\\+.*\n.* syscall_(isolated|shared)\\+"));
        EXPECT_THAT(said, Not(HasSubstr("the image lies")));
    }
}

TEST(Panic, SaysByHowMuchTheImageWasMoved) {
    const std::string log = log_of_fault(
        {.command_line = "pti=on", .kaslr_seed = "5", .program = {RINGFENCE_GUESTS "/processes"}});
    EXPECT_THAT(log, HasSubstr("\nthe image lies 0x"));
    EXPECT_THAT(log, HasSubstr(" syscalls::getpid()+0x0\n"));
}

}  // namespace

}  // namespace ringfence::kernel_tests
