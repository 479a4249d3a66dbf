// SPDX-License-Identifier: MIT
// The numbers that GDB gives to registers, and the bytes that they have.
#include "lab/gdb/registers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/gdb/commands.h"
#include "tests/unit/lab/gdb/fake_target.h"

namespace ringfence::lab::gdb {
namespace {

using testing::FakeDebugger;
using testing::FakeTarget;
using ::testing::HasSubstr;

/// [RAX ...] by their encoding are 1000H, 1001H, ...
DebugRegisters numbered() {
    DebugRegisters registers;
    for (unsigned i = 0; i < 16; ++i) {
        registers.general[i] = 0x1122'3344'0000'1000 + i;
        registers.xmm[i].fill(static_cast<u8>(i));
    }
    registers.rip = 0xffff'ffff'8000'1234;
    registers.rflags = 0x246;
    registers.selectors = {0, 0x33, 0x2b, 1, 2, 3};
    registers.st[7].fill(0x77);
    registers.bases[DebugRegisters::Gs] = 0xffff'8880'0000'0000;
    registers.cr3 = 0x1234'5000;
    registers.cr8 = 9;
    registers.efer = 0xd01;
    registers.mxcsr = 0x1f80;
    return registers;
}

/// Where a register is among the others, as text.
std::string field(const RegisterLayout& layout, const DebugRegisters& registers,
                  std::string_view name) {
    for (usize i = 0; i < layout.fields().size(); ++i) {
        if (layout.fields()[i].name == name) {
            return to_hex(*layout.one(registers, i));
        }
    }
    return "none";
}

TEST(GdbRegisters, HaveGdbsNumbersIn64BitMode) {
    const RegisterLayout layout(true);
    const char* const first[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8",
                                 "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip", "eflags",
                                 "cs",  "ss",  "ds",  "es",  "fs",  "gs",  "st0"};
    for (usize i = 0; i < std::size(first); ++i) {
        EXPECT_EQ(layout.fields()[i].name, first[i]);
    }
    EXPECT_EQ(layout.fields()[40].name, "xmm0");
    EXPECT_EQ(layout.fields()[56].name, "mxcsr");
    EXPECT_EQ(layout.fields()[57].name, "fs_base");
}

TEST(GdbRegisters, HaveTheirValues) {
    const RegisterLayout layout(true);
    const DebugRegisters registers = numbered();
    EXPECT_EQ(field(layout, registers, "rbx"), "0310000044332211");
    EXPECT_EQ(field(layout, registers, "rsp"), "0410000044332211");
    EXPECT_EQ(field(layout, registers, "rip"), "34120080ffffffff");
    EXPECT_EQ(field(layout, registers, "eflags"), "46020000");
    EXPECT_EQ(field(layout, registers, "cs"), "33000000");
    EXPECT_EQ(field(layout, registers, "ss"), "2b000000");
    EXPECT_EQ(field(layout, registers, "ds"), "01000000");
    EXPECT_EQ(field(layout, registers, "st7"), "77777777777777777777");
    EXPECT_EQ(field(layout, registers, "xmm15"), "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f");
    EXPECT_EQ(field(layout, registers, "mxcsr"), "801f0000");
    EXPECT_EQ(field(layout, registers, "gs_base"), "000000008088ffff");
    EXPECT_EQ(field(layout, registers, "cr3"), "0050341200000000");
    EXPECT_EQ(field(layout, registers, "cr8"), "0900000000000000");
    EXPECT_EQ(field(layout, registers, "efer"), "010d000000000000");
}

TEST(GdbRegisters, AreNarrowOnA32BitProcessor) {
    const RegisterLayout layout(false);
    const DebugRegisters registers = numbered();
    EXPECT_EQ(layout.fields()[3].name, "ebx");
    EXPECT_EQ(layout.fields()[8].name, "eip");
    EXPECT_EQ(field(layout, registers, "ebx"), "03100000");
    EXPECT_EQ(field(layout, registers, "rax"), "none");
    EXPECT_EQ(field(layout, registers, "r8"), "none");
    EXPECT_EQ(field(layout, registers, "xmm7"), "07070707070707070707070707070707");
    EXPECT_EQ(field(layout, registers, "xmm8"), "none");
    EXPECT_EQ(field(layout, registers, "efer"), "none");
    EXPECT_THAT(layout.description(), HasSubstr("<architecture>i386</architecture>"));
}

TEST(GdbRegisters, AreDescribedOneByOne) {
    for (const bool wide : {false, true}) {
        const RegisterLayout layout(wide);
        usize bytes = 0;
        for (const RegisterField& register_ : layout.fields()) {
            EXPECT_THAT(layout.description(), HasSubstr("<reg name=\"" + register_.name + "\""));
            bytes += register_.bytes;
        }
        EXPECT_EQ(layout.all(numbered()).size(), bytes);
    }
}

class GdbRegisterCommands : public ::testing::Test {
protected:
    GdbRegisterCommands() { target.now = numbered(); }
    std::string ask(std::string_view packet) { return commands.handle(packet).value(); }

    FakeTarget target;
    FakeDebugger debugger;
    Commands commands{target, debugger};
};

TEST_F(GdbRegisterCommands, WriteWhatTheyRead) {
    const std::string all = ask("g");
    EXPECT_EQ(ask("G" + all), "OK");
    EXPECT_EQ(target.now, numbered());
    EXPECT_EQ(ask("p10"), "34120080ffffffff");
    EXPECT_EQ(ask("P10=0011223344556677"), "OK");
    EXPECT_EQ(target.now.rip, 0x7766'5544'3322'1100U);
    EXPECT_EQ(ask("G" + all.substr(0, 16)), "OK") << "the first alone";
    EXPECT_EQ(ask("G" + all.substr(0, 18)), "E16") << "a part of one";
    EXPECT_EQ(ask("G" + all + "00"), "E16");
}

TEST_F(GdbRegisterCommands, SayWhatCannotBeWritten) {
    EXPECT_EQ(ask("P3e=0000000000000000"), "E16") << "CR3";
    EXPECT_EQ(target.now, numbered());
}

}  // namespace
}  // namespace ringfence::lab::gdb
