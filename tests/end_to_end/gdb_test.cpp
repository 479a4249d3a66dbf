// SPDX-License-Identifier: MIT
// --gdb, as a debugger sees it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "sim/observe/symbol_table.h"
#include "tests/end_to_end/gdb_client.h"
#include "tests/end_to_end/tiny_kernel.h"

namespace ringfence::end_to_end {
namespace {

using lab::testing::ScratchDirectory;
using namespace std::string_literals;
using ::testing::HasSubstr;

constexpr unsigned rax = 0;
constexpr unsigned rdx = 3;
constexpr unsigned cr0 = 60;

/// Where the parts of `counts` lie behind its entry.
constexpr u64 loop = 5;
constexpr u64 store = 8;
constexpr u64 load = 13;
/// mov eax, 5; l: dec eax; jnz l; mov [200000h], eax; mov eax, [200000h]; mov al, 3; out f4h, al
const std::string counts =
    "\xb8\x05\0\0\0\x48\x75\xfd\xa3\0\0\x20\0\xa1\0\0\x20\0\xb0\x03\xe6\xf4"s;
constexpr u64 counts_instructions = 15;

class GdbBoot : public ::testing::TestWithParam<const char*> {
protected:
    /// `boot` with a kernel of that code, in the mode under test.
    std::vector<std::string> boot(const std::string& code) {
        return {"boot",
                "--mode",
                GetParam(),
                "--json",
                json_,
                "--kernel",
                directory_.write("kernel", tiny_kernel(code))};
    }
    [[nodiscard]] nlohmann::json result() const {
        std::ifstream file(json_);
        return nlohmann::json::parse(file);
    }

    ScratchDirectory directory_;
    std::string json_ = directory_ / "result.json";
};

TEST_P(GdbBoot, StopsBeforeTheFirstInstruction) {
    GdbClient gdb(boot(counts));
    const u64 start = gdb.rip();
    EXPECT_EQ(gdb.ask("m" + std::to_string(0) + ",1"), "00");
    EXPECT_EQ(gdb.read_register(cr0), 0x11U);
    EXPECT_EQ(gdb.ask("s"), "T05thread:01;");
    EXPECT_EQ(gdb.rip(), start + loop);
    EXPECT_EQ(gdb.read_register(rax), 5U);
}

TEST_P(GdbBoot, StopsAtABreakpointEachTimeAndGoesOn) {
    GdbClient gdb(boot(counts));
    const u64 start = gdb.rip();
    EXPECT_THAT(gdb.ask("qSupported:swbreak+"), HasSubstr("swbreak+"));
    gdb.set_breakpoint(start + loop);
    for (u64 left = 5; left > 0; --left) {
        EXPECT_EQ(gdb.go(), "T05thread:01;swbreak:;");
        EXPECT_EQ(gdb.rip(), start + loop);
        EXPECT_EQ(gdb.read_register(rax), left);
    }
    EXPECT_EQ(gdb.go_to_the_end(), "W03");
    EXPECT_EQ(gdb.finish().status, (3 << 1) | 1);
    EXPECT_EQ(result()["instructions"], counts_instructions);
}

TEST_P(GdbBoot, LeavesMemoryAsItIsUnderABreakpoint) {
    GdbClient gdb(boot(counts));
    std::ostringstream place;
    place << "m" << std::hex << gdb.rip() + loop << ",3";
    gdb.set_breakpoint(gdb.rip() + loop);
    EXPECT_EQ(gdb.ask(place.str()), "4875fd");
}

TEST_P(GdbBoot, StopsBehindAnAccessToAWatchedRange) {
    for (const auto& [packet, reason, at] : {std::tuple{"Z2,200000,4", "watch:200000;", load},
                                             std::tuple{"Z3,200002,1", "rwatch:200002;", load + 5},
                                             std::tuple{"Z4,1ffffe,8", "awatch:1ffffe;", load}}) {
        GdbClient gdb(boot(counts));
        const u64 start = gdb.rip();
        EXPECT_EQ(gdb.ask(packet), "OK");
        EXPECT_EQ(gdb.go(), "T05thread:01;"s + reason);
        EXPECT_EQ(gdb.rip(), start + at);
    }
}

TEST_P(GdbBoot, TakesWhatADebuggerWrites) {
    GdbClient gdb(boot(counts));
    gdb.set_breakpoint(gdb.rip() + load);
    gdb.go();
    EXPECT_EQ(gdb.ask("M200000,2:2a01"), "OK");
    EXPECT_EQ(gdb.ask("m1ffffe,6"), "00002a010000");
    EXPECT_EQ(gdb.ask("Qqemu.PhyMemMode:1"), "OK");
    EXPECT_EQ(gdb.ask("m200000,2"), "2a01");
    EXPECT_EQ(gdb.ask("s"), "T05thread:01;");
    EXPECT_EQ(gdb.read_register(rax), 0x12aU);
    EXPECT_EQ(gdb.ask("P3=1122334400000000"), "OK");
    EXPECT_EQ(gdb.read_register(rdx), 0x4433'2211U);
    EXPECT_EQ(gdb.ask("m10000000,4"), "E0e") << "behind the end of RAM";
}

TEST_P(GdbBoot, WritesCodeThatIsThenRun) {
    GdbClient gdb(boot(counts));
    const u64 start = gdb.rip();
    gdb.set_breakpoint(start + loop);
    gdb.go();
    std::ostringstream packet;
    packet << "M" << std::hex << start + loop << ",3:909090";
    EXPECT_EQ(gdb.ask(packet.str()), "OK");
    gdb.clear_breakpoint(start + loop);
    gdb.set_breakpoint(start + store);
    gdb.go();
    EXPECT_EQ(gdb.read_register(rax), 5U);
}

TEST_P(GdbBoot, StopsWhenAskedTo) {
    GdbClient gdb(boot("\xeb\xfe"));  // jmp $
    gdb.send("c");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    gdb.write_bytes("\x03");
    EXPECT_EQ(gdb.receive(), "T02thread:01;");
    gdb.send("k");
    EXPECT_EQ(gdb.finish().status, 0);
}

TEST_P(GdbBoot, GoesOnWithoutADebugger) {
    GdbClient leaves(boot(counts));
    leaves.set_breakpoint(leaves.rip() + loop);
    EXPECT_EQ(leaves.ask("D"), "OK");
    EXPECT_EQ(leaves.finish().status, (3 << 1) | 1);
    EXPECT_EQ(result()["instructions"], counts_instructions);
    GdbClient breaks(boot(counts));
    EXPECT_EQ(breaks.finish().status, (3 << 1) | 1);
}

TEST_P(GdbBoot, SurvivesAnyBytes) {
    GdbClient gdb(boot(counts));
    std::string bytes;
    u32 state = 3;
    for (int i = 0; i < 20'000; ++i) {
        state = state * 1'664'525 + 1'013'904'223;
        bytes.push_back(static_cast<char>(state >> 24));
    }
    gdb.write_bytes(bytes + "#00");
    gdb.write_bytes(GdbClient::framed("Hg0"));
    EXPECT_EQ(gdb.finish().status, (3 << 1) | 1);
}

INSTANTIATE_TEST_SUITE_P(Modes, GdbBoot, ::testing::Values("fast", "timed"),
                         [](const auto& info) { return std::string(info.param); });

// The way back
// -------------------------------------------------------------------------------------

class GdbReverse : public GdbBoot {};

TEST_P(GdbReverse, StepsGiveBackTheRegisters) {
    GdbClient gdb(boot(counts));
    std::vector<std::string> states;
    for (unsigned i = 0; i + 1 < counts_instructions; ++i) {
        states.push_back(gdb.registers());
        EXPECT_EQ(gdb.ask("s"), "T05thread:01;");
    }
    for (usize i = states.size(); i-- > 0;) {
        EXPECT_EQ(gdb.ask("bs"), "T05thread:01;");
        EXPECT_EQ(gdb.registers(), states[i]) << i;
    }
    EXPECT_EQ(gdb.ask("bs"), "T05thread:01;replaylog:begin;");
    EXPECT_EQ(gdb.go_to_the_end(), "W03");
    EXPECT_EQ(gdb.finish().status, (3 << 1) | 1);
    EXPECT_EQ(result()["instructions"], counts_instructions);
}

TEST_P(GdbReverse, ContinuesToEachBreakpointFromTheEnd) {
    GdbClient gdb(boot(counts));
    const u64 start = gdb.rip();
    EXPECT_EQ(gdb.go(), "T05thread:01;replaylog:end;");
    EXPECT_THAT(gdb.told, HasSubstr("the guest wrote 0x3 to the exit port"));
    gdb.set_breakpoint(start + loop);
    for (u64 left = 1; left <= 5; ++left) {
        EXPECT_EQ(gdb.ask("bc"), "T05thread:01;");
        EXPECT_EQ(gdb.rip(), start + loop);
        EXPECT_EQ(gdb.read_register(rax), left);
    }
    EXPECT_EQ(gdb.ask("bc"), "T05thread:01;replaylog:begin;");
    EXPECT_EQ(gdb.rip(), start);
    EXPECT_EQ(gdb.go(), "T05thread:01;");
    EXPECT_EQ(gdb.read_register(rax), 5U);
}

TEST_P(GdbReverse, ContinuesToBeforeAWatchedAccess) {
    GdbClient gdb(boot(counts));
    const u64 start = gdb.rip();
    gdb.go();
    EXPECT_EQ(gdb.ask("Z2,200000,4"), "OK");
    EXPECT_EQ(gdb.ask("bc"), "T05thread:01;watch:200000;");
    EXPECT_EQ(gdb.rip(), start + store);
    EXPECT_EQ(gdb.ask("bc"), "T05thread:01;replaylog:begin;");
}

/// So far that there are snapshots on the way.
TEST_P(GdbReverse, GoesFarBack) {
    std::string code = counts;
    code[4] = '\x02';  // 2000005H times round
    GdbClient gdb(boot(code));
    const u64 start = gdb.rip();
    EXPECT_EQ(gdb.go(), "T05thread:01;replaylog:end;");
    const std::string end = gdb.registers();
    EXPECT_EQ(gdb.ask("Z2,200000,4"), "OK");
    EXPECT_EQ(gdb.ask("bc"), "T05thread:01;watch:200000;");
    EXPECT_EQ(gdb.rip(), start + store);
    EXPECT_EQ(gdb.ask("bs"), "T05thread:01;");
    EXPECT_EQ(gdb.ask("bs"), "T05thread:01;");
    EXPECT_EQ(gdb.read_register(rax), 1U);
    EXPECT_EQ(gdb.ask("bc"), "T05thread:01;replaylog:begin;");
    EXPECT_EQ(gdb.ask("z2,200000,4"), "OK");
    EXPECT_EQ(gdb.go(), "T05thread:01;replaylog:end;");
    EXPECT_EQ(gdb.registers(), end);
}

TEST_P(GdbReverse, GoesBackNoFurtherThanToAChange) {
    GdbClient gdb(boot(counts));
    gdb.ask("s");
    gdb.ask("s");
    gdb.ask("bs");
    EXPECT_EQ(gdb.ask("P0=0200000000000000"), "OK");
    EXPECT_EQ(gdb.ask("bs"), "T05thread:01;replaylog:begin;");
    EXPECT_EQ(gdb.read_register(rax), 2U);
    EXPECT_EQ(gdb.go_to_the_end(), "W03");
    (void)gdb.finish();
    EXPECT_EQ(result()["instructions"], counts_instructions - 2 * 3);
}

INSTANTIATE_TEST_SUITE_P(Modes, GdbReverse, ::testing::Values("fast", "timed"),
                         [](const auto& info) { return std::string(info.param); });

// The kernel of the project, with symbols
// -----------------------------------------------------------

u64 kernel_symbol(const std::string& name) {
    std::ifstream file(RINGFENCE_COMMAND "-kernel", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    sim::observe::SymbolTable symbols;
    symbols.add_elf({reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
    const auto address = symbols.address_of(name);
    EXPECT_TRUE(address.has_value()) << name;
    return address ? address->value() : 0;
}

const std::vector<std::string> echo = {"run", "--", "/bin/busybox", "echo", "hello"};

TEST(GdbRun, GivesWhatARunWithoutItGives) {
    GdbClient gdb(echo);
    const u64 entry = kernel_symbol("syscall_isolated");
    gdb.set_breakpoint(entry);
    unsigned calls = 0;
    std::string stop = gdb.go();
    for (; stop == "T05thread:01;" && calls < 1000; stop = gdb.go()) {
        EXPECT_EQ(gdb.rip(), entry);
        ++calls;
    }
    EXPECT_GT(calls, 3U);
    EXPECT_EQ(gdb.go(), "W10");
    const Outcome with = gdb.finish();
    const Outcome without = ringfence(echo);
    EXPECT_EQ(with.output, without.output);
    EXPECT_EQ(with.status, without.status);
}

/// Twice over the whole run: what it read and wrote is there once.
TEST(GdbRun, LivesThroughItsInputAgain) {
    const std::vector<std::string> command = {"run", "--", "/bin/busybox", "md5sum"};
    const std::string input(100'000, 'x');
    GdbClient gdb(command, {.input = input});
    EXPECT_EQ(gdb.go(), "T05thread:01;replaylog:end;");
    const std::string end = gdb.registers();
    EXPECT_EQ(gdb.ask("bc"), "T05thread:01;replaylog:begin;");
    EXPECT_EQ(gdb.go(), "T05thread:01;replaylog:end;");
    EXPECT_EQ(gdb.registers(), end);
    EXPECT_EQ(gdb.ask("bs"), "T05thread:01;");
    EXPECT_NE(gdb.registers(), end);
    EXPECT_EQ(gdb.go_to_the_end(), "W10");
    const Outcome with = gdb.finish();
    const Outcome without = ringfence(command, {.input = input});
    EXPECT_EQ(with.output, without.output);
    EXPECT_EQ(with.status, without.status);
}

TEST(GdbMonitor, TellsOfTablesAndSymbols) {
    GdbClient gdb(echo);
    const u64 entry = kernel_symbol("syscall_isolated");
    EXPECT_THAT(gdb.monitor("translate 0x200018"), HasSubstr("no paging"));
    gdb.set_breakpoint(entry);
    gdb.go();
    const std::string before = gdb.registers();
    EXPECT_THAT(gdb.monitor("help"), HasSubstr("translate ADDRESS"));
    const std::string walk = gdb.monitor("translate syscall_isolated");
    EXPECT_THAT(walk, HasSubstr("level 4 at "));
    EXPECT_THAT(walk, HasSubstr("level 1 at "));
    EXPECT_THAT(walk, HasSubstr("present read-only supervisor"));
    EXPECT_THAT(walk, HasSubstr("s-x"));
    EXPECT_THAT(gdb.monitor("tables kernel"), HasSubstr("0xffffffffff000000"));
    EXPECT_THAT(gdb.monitor("translate 0x800000000000"), HasSubstr("not canonical"));
    EXPECT_THAT(gdb.monitor("symbol syscall_isolated"), HasSubstr("is 0xffffffffff000000"));
    EXPECT_THAT(gdb.monitor("symbol 0xffffffffff000003"), HasSubstr("is syscall_isolated+0x3"));
    EXPECT_THAT(gdb.monitor("counters"), HasSubstr("instructions "));
    EXPECT_THAT(gdb.monitor("physical 0x200020 4"), HasSubstr("0x200020: fc 89 dd bc"));
    EXPECT_THAT(gdb.monitor("tlb"), HasSubstr("ITLB 0x"));
    EXPECT_THAT(gdb.monitor("caches summary"), HasSubstr("--mode timed"));
    EXPECT_THAT(gdb.monitor("translate"), HasSubstr("expected: translate ADDRESS"));
    EXPECT_THAT(gdb.monitor("tables user x"), HasSubstr("expected: "));
    EXPECT_THAT(gdb.monitor("physical 0 0"), HasSubstr("expected: "));
    EXPECT_THAT(gdb.monitor("nonsense"), HasSubstr("no command 'nonsense'"));
    EXPECT_EQ(gdb.registers(), before);
}

/// In the isolated design user mode's tables have the entry text, but nothing of the kernel's.
TEST(GdbMonitor, TellsOfTlbsAndCachesInTimedMode) {
    std::vector<std::string> command = echo;
    command.insert(command.begin() + 1, {"--mode", "timed"});
    GdbClient gdb(command);
    gdb.set_breakpoint(kernel_symbol("syscall_isolated"));
    gdb.go();
    EXPECT_THAT(gdb.monitor("tlb"), HasSubstr("DTLB 0x"));
    EXPECT_THAT(gdb.monitor("tlb"), HasSubstr("PCID "));
    EXPECT_THAT(gdb.monitor("caches summary"), HasSubstr("L1D"));
    EXPECT_THAT(gdb.monitor("caches syscall_isolated"), HasSubstr("L1I "));
    const Outcome with = (gdb.clear_breakpoint(kernel_symbol("syscall_isolated")), gdb.finish());
    const Outcome without = ringfence(command);
    EXPECT_EQ(with.output, without.output);
    EXPECT_EQ(with.status, without.status);
}

TEST(GdbRun, SaysWhatIsWrongWithItsAddress) {
    for (const auto& [address, message] :
         {std::pair{"65536", "expected a port"}, std::pair{"tcp:1", "expected a port"},
          std::pair{"unix:", "expected a path"}, std::pair{"unix:/nothing/x", "No such file"}}) {
        const Outcome outcome = ringfence({"run", "--gdb", address, "--", "/bin/busybox", "true"});
        EXPECT_EQ(outcome.status, 125);
        EXPECT_THAT(outcome.error, HasSubstr(message));
    }
    const Outcome qemu =
        ringfence({"run", "--machine", "qemu", "--gdb", "0", "--", "/bin/busybox", "true"});
    EXPECT_EQ(qemu.status, 125);
    EXPECT_THAT(qemu.error, HasSubstr("QEMU has one of its own"));
}

}  // namespace
}  // namespace ringfence::end_to_end
