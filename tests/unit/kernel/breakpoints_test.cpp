// SPDX-License-Identifier: MIT
// Which hardware breakpoints programs may have, and which instructions load TF.
#include "kernel/arch/x86_64/breakpoints.h"

#include <gtest/gtest.h>

#include "kernel/arch/x86_64/flag_loads.h"

namespace ringfence::kernel::arch {
namespace {

using Condition = x86::BreakpointCondition;

constexpr u64 length_code(u64 length) {
    return length == 1 ? 0 : length == 2 ? 1 : length == 4 ? 3 : 2;
}
constexpr u64 control(unsigned number, Condition condition, u64 length) {
    return bit(2 * number) | (static_cast<u64>(condition) | length_code(length) << 2)
                                 << (16 + 4 * number);
}

TEST(Breakpoints, LieInTheUserHalf) {
    for (const Condition condition : {Condition::Execution, Condition::Write, Condition::Access}) {
        const u64 on = control(0, condition, 1);
        EXPECT_TRUE(is_allowed_breakpoint(0, on, 0));
        EXPECT_TRUE(is_allowed_breakpoint(user_end.value() - 1, on, 0));
        EXPECT_FALSE(is_allowed_breakpoint(user_end.value(), on, 0));
        EXPECT_FALSE(is_allowed_breakpoint(0xffff'8000'0000'0000, on, 0));
        EXPECT_FALSE(is_allowed_breakpoint(~u64{0}, on, 0));
    }
}

TEST(Breakpoints, ThatAreOffLieThereToo) {
    EXPECT_TRUE(is_allowed_breakpoint(0x1001, 0, 0));
    EXPECT_FALSE(is_allowed_breakpoint(0xffff'8000'0000'0000, 0, 0));
}

TEST(Breakpoints, DoNotReachBeyondIt) {
    const u64 on = control(1, Condition::Write, 8);
    EXPECT_TRUE(is_allowed_breakpoint(user_end.value() - 8, on, 1));
    EXPECT_FALSE(is_allowed_breakpoint(user_end.value() - 4, on, 1));
    EXPECT_FALSE(is_allowed_breakpoint(~u64{0} - 3, on, 1));
}

TEST(Breakpoints, AreAlignedToTheirLength) {
    for (const u64 length : {1, 2, 4, 8}) {
        const u64 on = control(2, Condition::Access, length);
        EXPECT_TRUE(is_allowed_breakpoint(0x1000 + length, on, 2)) << length;
        EXPECT_EQ(is_allowed_breakpoint(0x1001, on, 2), length == 1) << length;
    }
}

TEST(Breakpoints, OfInstructionsAreOneByteLong) {
    EXPECT_TRUE(is_allowed_breakpoint(0x1000, control(3, Condition::Execution, 1), 3));
    EXPECT_FALSE(is_allowed_breakpoint(0x1000, control(3, Condition::Execution, 2), 3));
}

TEST(Breakpoints, AreNotOfPorts) {
    EXPECT_FALSE(is_allowed_breakpoint(0x60, control(0, Condition::Port, 1), 0));
}

TEST(Breakpoints, AreAllLookedAt) {
    DebugRegisters debug;
    EXPECT_TRUE(are_allowed_breakpoints(debug));
    debug.addresses[3] = 0xffff'8000'0000'0000;
    EXPECT_FALSE(are_allowed_breakpoints(debug));
}

TEST(LoadedControl, HasNeitherGlobalEnablesNorGeneralDetect) {
    const u64 loaded = loaded_control(~u64{0});
    EXPECT_EQ(loaded & x86::Dr7::enables.mask, x86::Dr7::local_enables);
    EXPECT_FALSE(x86::Dr7::gd.test(loaded));
    EXPECT_FALSE(x86::Dr7::exact.test(loaded));
    EXPECT_EQ(loaded_control(0), x86::Dr7::reset);
    EXPECT_EQ(loaded_control(0b10), x86::Dr7::reset | 1);  // G0 alone
}

TEST(ReportedStatus, IsOfBreakpointsThatAreOnAndOfSteps) {
    EXPECT_EQ(reported_status(0xf, control(1, Condition::Write, 4)), 2U);
    EXPECT_EQ(reported_status(x86::Dr6::bs.mask | x86::Dr6::bd.mask, 0), x86::Dr6::bs.mask);
}

TEST(StoppedBeforeInstruction, IsTrueOfExecutionAlone) {
    DebugRegisters debug;
    debug.control = control(0, Condition::Execution, 1) | control(1, Condition::Write, 4);
    debug.status = 1;
    EXPECT_TRUE(stopped_before_instruction(debug));
    debug.status = 2;
    EXPECT_FALSE(stopped_before_instruction(debug));
}

TEST(LoadsFlags, IsTrueOfPopfAndIretBehindPrefixes) {
    const auto loads = [](std::initializer_list<u8> code) {
        return loads_flags({code.begin(), code.size()});
    };
    EXPECT_TRUE(loads({0x9d}));
    EXPECT_TRUE(loads({0x48, 0xcf}));
    EXPECT_TRUE(loads({0x66, 0xf3, 0x9d}));
    EXPECT_FALSE(loads({0x9c}));
    EXPECT_FALSE(loads({0x90, 0x9d}));
    EXPECT_FALSE(loads({0x66}));
    EXPECT_FALSE(loads({}));
}

}  // namespace
}  // namespace ringfence::kernel::arch
