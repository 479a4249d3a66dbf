// SPDX-License-Identifier: MIT
// The design of a running program changes, by its own choice and with the system's. Whatever it was
// when the program says so is what the tables show from outside, at each return to user mode.
#include <gtest/gtest.h>

#include "arch/x86/cr3.h"
#include "tests/kernel/user_table.h"

namespace ringfence::kernel_tests {
namespace {

const std::string program = RINGFENCE_GUESTS "/isolation_modes";
/// Each stretch of the program makes 12 turns of a system call and a page fault: at least 6
/// isolated ones and 5 shared ones.
constexpr u64 least_returns = 100;

struct AddressRange {
    VirtualAddress begin;
    VirtualAddress end;

    [[nodiscard]] bool contains(VirtualAddress address) const {
        return address >= begin && address < end;
    }
};

/// Where the program says in which design it runs.
class DesignWatch final : public sim::observe::Observer {
public:
    DesignWatch() {
        const auto image = lab::machine::KernelImage::load(program);
        const auto& symbols = image.symbols();
        const auto range = [&](const std::string& name) {
            return AddressRange{symbols.address_of(name + "_begin").value(),
                                symbols.address_of(name + "_end").value()};
        };
        isolated_ = range("isolated");
        shared_ = range("shared");
    }
    void attach(Guest& guest) { checker_.attach(guest); }

    void root_write(const sim::observe::RootWrite& event) override {
        root_ = arch::x86::Cr3::root(event.new_value);
    }
    void user_entered(VirtualAddress target) override {
        if (isolated_.contains(target)) {
            ++isolated_returns;
            checker_.check_user_root(root_);
        } else if (shared_.contains(target)) {
            ++shared_returns;
            checker_.check_kernel_root(root_);
        }
    }

    u64 isolated_returns = 0;
    u64 shared_returns = 0;

private:
    PhysicalAddress root_;
    AddressRange isolated_{};
    AddressRange shared_{};
    UserTableChecker checker_;
};

struct Mode {
    const char* name;
    const char* cpu;
    const char* command_line;
};

class DesignChange : public testing::TestWithParam<Mode> {};

TEST_P(DesignChange, HoldsFromTheNextUserInstructionOn) {
    DesignWatch watch;
    Guest guest(
        {.cpu = GetParam().cpu, .command_line = GetParam().command_line, .program = {program}},
        &watch);
    watch.attach(guest);
    guest.run();
    ASSERT_TRUE(guest.report().exit.has_value()) << guest.report().kernel_log;
    EXPECT_EQ(guest.report().exit->code, 0U) << guest.output();
    EXPECT_GE(watch.isolated_returns, least_returns);
    EXPECT_GE(watch.shared_returns, least_returns);
}

/// The same program, wherever it starts and whatever the processor has.
TEST_P(DesignChange, ChangesNothingThatTheProgramSees) {
    Guest here(
        {.cpu = GetParam().cpu, .command_line = GetParam().command_line, .program = {program}},
        nullptr);
    Guest reference({.cpu = "skylake-sp", .command_line = "pti=on", .program = {program}}, nullptr);
    here.run();
    reference.run();
    EXPECT_EQ(here.output(), reference.output());
    EXPECT_NE(here.output().find("a waiting thread answered 20 of 20\n"), std::string::npos)
        << here.output();
}

INSTANTIATE_TEST_SUITE_P(Designs, DesignChange,
                         testing::Values(Mode{"from_isolated", "skylake-sp", "pti=on"},
                                         Mode{"from_shared", "skylake-sp", "pti=off"},
                                         Mode{"without_invpcid", "skylake-sp", "pti=on noinvpcid"},
                                         Mode{"without_pcid", "skylake-sp", "pti=off nopcid"},
                                         Mode{"nehalem", "nehalem", "pti=on"},
                                         Mode{"zen2", "zen2", ""}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ringfence::kernel_tests
