// SPDX-License-Identifier: MIT
// Whole machines with guests of a few instructions.
#include "sim/machine/machine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <thread>

#include "sim/observe/tracer.h"
#include "sim/presets/preset_file.h"
#include "tests/unit/sim/machine/pvh_image.h"

namespace ringfence::sim::machine {
namespace {

using ::testing::HasSubstr;
using Reason = MachineEnd::Reason;

/// mov edx, 3f8h; mov al, 'H'; out dx, al; mov al, 'i'; out dx, al; mov eax, 42h; mov edx, f4h;
/// out dx, eax
constexpr u8 greets[] = {0xba, 0xf8, 0x03, 0x00, 0x00, 0xb0, 'H',  0xee, 0xb0, 'i',  0xee,
                         0xb8, 0x42, 0x00, 0x00, 0x00, 0xba, 0xf4, 0x00, 0x00, 0x00, 0xef};
constexpr unsigned greets_instructions = 8;
/// cli; hlt; jmp $-1
constexpr u8 halts[] = {0xfa, 0xf4, 0xeb, 0xfd};
/// jmp $
constexpr u8 spins[] = {0xeb, 0xfe};
/// ud2, with no interrupt table
constexpr u8 faults[] = {0x0f, 0x0b};
/// mov edx, cf9h; mov al, 6; out dx, al; jmp $
constexpr u8 resets[] = {0xba, 0xf9, 0x0c, 0x00, 0x00, 0xb0, 0x06, 0xee, 0xeb, 0xfe};
/// mov esp, 8000h; push 0; push 0; lidt [esp]; ud2
constexpr u8 faults_without_table[] = {0xbc, 0x00, 0x80, 0x00, 0x00, 0x6a, 0x00, 0x6a,
                                       0x00, 0x0f, 0x01, 0x1c, 0x24, 0x0f, 0x0b};
/// mov edx, 604h; mov ax, 2000h; out dx, ax; cli; hlt
constexpr u8 switches_off[] = {0xba, 0x04, 0x06, 0x00, 0x00, 0x66, 0xb8,
                               0x00, 0x20, 0x66, 0xef, 0xfa, 0xf4};
/// mov edx, 3fdh; l: in al, dx; test al, 1; jz l; mov edx, 3f8h; in al, dx; inc eax; out dx, al;
/// cli; hlt
constexpr u8 answers[] = {0xba, 0xfd, 0x03, 0x00, 0x00, 0xec, 0xa8, 0x01, 0x74, 0xfb,
                          0xba, 0xf8, 0x03, 0x00, 0x00, 0xec, 0x40, 0xee, 0xfa, 0xf4};
/// A periodic PIT on channel 0, then cli; hlt.
constexpr u8 halts_with_timer[] = {0xb0, 0x34, 0xe6, 0x43, 0xb0, 0x00, 0xe6,
                                   0x40, 0xb0, 0x10, 0xe6, 0x40, 0xfa, 0xf4};
/// mov esi, [ebx]; cmp esi, 336ec578h; jne $; then as greets' end: the start info is where EBX says
constexpr u8 checks_start_info[] = {0x8b, 0x33, 0x81, 0xfe, 0x78, 0xc5, 0x6e, 0x33, 0x75,
                                    0xfe, 0xb8, 0x07, 0x00, 0x00, 0x00, 0xe7, 0xf4};

/// mov edx, 3f9h; mov al, 1; out dx, al (receive interrupts); mov dl, fch; mov al, 0bh; out dx, al
/// (DTR, RTS, OUT2); l: sti; hlt; jmp l
constexpr u8 listens[] = {0xba, 0xf9, 0x03, 0x00, 0x00, 0xb0, 0x01, 0xee, 0xb2,
                          0xfc, 0xb0, 0x0b, 0xee, 0xfb, 0xf4, 0xeb, 0xfc};
constexpr u64 listens_instructions = 8;

/// mov esi, fee00000h; enable the APIC; divide its timer by 1; start it at ffffffffh; mov ecx,
/// 100000; l: dec ecx; jnz l; mov eax, [esi+390h]; not eax; mov edx, f4h; out dx, eax
constexpr u8 reads_timer[] = {
    0xbe, 0x00, 0x00, 0xe0, 0xfe, 0xc7, 0x86, 0xf0, 0x00, 0x00, 0x00, 0xff, 0x01, 0x00, 0x00,
    0xc7, 0x86, 0xe0, 0x03, 0x00, 0x00, 0x0b, 0x00, 0x00, 0x00, 0xc7, 0x86, 0x80, 0x03, 0x00,
    0x00, 0xff, 0xff, 0xff, 0xff, 0xb9, 0xa0, 0x86, 0x01, 0x00, 0x49, 0x75, 0xfd, 0x8b, 0x86,
    0x90, 0x03, 0x00, 0x00, 0xf7, 0xd0, 0xba, 0xf4, 0x00, 0x00, 0x00, 0xef};

class Serial final : public memory::ByteSink, public memory::ByteSource {
public:
    void put(u8 byte) override { text.push_back(static_cast<char>(byte)); }
    bool available() override { return !input.empty(); }
    u8 take() override {
        const u8 byte = input.front();
        input.pop_front();
        return byte;
    }
    std::string text;
    std::deque<u8> input;
};

/// Answers with the numbers given, then that all cycles pass.
class ScriptedHost final : public IdleHost {
public:
    u64 halted(const IdleMoment& moment) override {
        moments.push_back(moment);
        const usize asked = moments.size();
        return asked <= answers.size() ? answers[asked - 1] : moment.cycles;
    }
    bool running() override { return false; }

    std::vector<u64> answers;
    std::vector<IdleMoment> moments;
};

class MachineTest : public ::testing::Test {
protected:
    MachineConfig config(std::span<const u8> program) {
        image_ = testing::make_image(program);
        auto model = presets::find_preset(presets::default_preset);
        EXPECT_TRUE(model.ok());
        MachineConfig config{
            .ram_bytes = 16 * mib, .cpu = std::move(model).value(), .boot = {.kernel = image_}};
        config.serial[0] = {&serial_, &serial_};
        config.instruction_limit = 100'000'000;
        return config;
    }
    std::unique_ptr<Machine> make(MachineConfig with) {
        auto machine = Machine::create(std::move(with));
        EXPECT_TRUE(machine.ok()) << (machine.ok() ? "" : machine.error());
        return std::move(machine).value();
    }
    MachineEnd run(std::span<const u8> program) { return make(config(program))->run(); }

    std::vector<u8> image_;
    Serial serial_;
};

TEST_F(MachineTest, PrintsAndExitsWithTheGuestsCode) {
    const auto machine = make(config(greets));
    const MachineEnd end = machine->run();
    EXPECT_EQ(end.reason, Reason::DebugExit);
    EXPECT_EQ(end.exit_code, 0x42U);
    EXPECT_EQ(serial_.text, "Hi");
    EXPECT_EQ(machine->counters().total_instructions(), greets_instructions);
    EXPECT_EQ(machine->counters().instructions_at(observe::Place::Kernel), greets_instructions);
    EXPECT_FALSE(machine->counters_at_first_user().has_value());
}

TEST_F(MachineTest, StartsWithTheStartInfoInEbx) {
    const MachineEnd end = run(checks_start_info);
    EXPECT_EQ(end.reason, Reason::DebugExit) << end.detail;
    EXPECT_EQ(end.exit_code, 7U);
}

TEST_F(MachineTest, SeesThatNothingCanWakeIt) {
    EXPECT_EQ(run(halts).reason, Reason::HaltedForever);
    const MachineEnd end = run(halts_with_timer);
    EXPECT_EQ(end.reason, Reason::HaltedForever) << "the timer's interrupt is not heard";
    EXPECT_THAT(end.detail, HasSubstr("at rip 0x10000e"));
}

TEST_F(MachineTest, TimePassesAsTheIdleHostSays) {
    ScriptedHost host;
    host.answers = {1000, 0, 500};
    auto with = config(listens);
    with.idle_host = &host;
    const auto machine = make(std::move(with));
    EXPECT_EQ(machine->run().reason, Reason::HaltedForever);
    EXPECT_EQ(machine->cycles(), listens_instructions + 1500);
    ASSERT_EQ(host.moments.size(), 4U);
    EXPECT_EQ(host.moments[0].now, listens_instructions);
    EXPECT_EQ(host.moments[3].now, listens_instructions + 1500);
    for (const IdleMoment& moment : host.moments) {
        EXPECT_EQ(moment.cycles, IdleMoment::never);
        EXPECT_THAT(moment.listening, ::testing::ElementsAre(true, false, false, false));
    }
}

TEST_F(MachineTest, NobodyWaitsForAGuestThatHearsNothing) {
    ScriptedHost host;
    host.answers = {1000};
    auto with = config(halts);
    with.idle_host = &host;
    EXPECT_EQ(make(std::move(with))->run().reason, Reason::HaltedForever);
    EXPECT_TRUE(host.moments.empty());
}

TEST_F(MachineTest, ReportsATripleFaultWithItsPlace) {
    const MachineEnd end = run(faults);
    EXPECT_EQ(end.reason, Reason::TripleFault);
    EXPECT_THAT(end.detail, HasSubstr("rip 0x100000"));
}

TEST_F(MachineTest, CodeOutsideOfRamIsUndefined) {
    // mov eax, N; jmp eax
    const auto jump_to = [](u32 address) {
        std::vector<u8> program{0xb8, 0, 0, 0, 0, 0xff, 0xe0};
        std::memcpy(program.data() + 1, &address, sizeof(address));
        return program;
    };
    for (const u32 address : {0xa'0000U, 0xf'fffeU, 0x4000'0000U, 0xfee0'0000U, 0xffff'fff0U}) {
        const MachineEnd end = run(jump_to(address));
        EXPECT_EQ(end.reason, Reason::TripleFault) << "there is no interrupt table";
        EXPECT_THAT(end.detail, HasSubstr(fmt::format("rip {:#x}", address)));
    }
}

/// mov ecx, 5; l: mov eax, ecx; out f8h, eax; dec ecx; jnz l; out f4h, eax
constexpr u8 marks[] = {0xb9, 0x05, 0x00, 0x00, 0x00, 0x89, 0xc8,
                        0xe7, 0xf8, 0x49, 0x75, 0xf9, 0xe7, 0xf4};
constexpr u64 marks_loop = 0x10'0005;

TEST_F(MachineTest, PausesRightBehindWhatAnObserverHeardOf) {
    struct Pauses final : observe::Observer {
        void mark(u32 value) override {
            if (value == 3) {
                machine->pause();
            }
        }
        Machine* machine = nullptr;
    } observer;
    auto with = config(marks);
    with.observers = {&observer};
    const auto machine = make(std::move(with));
    observer.machine = machine.get();
    const MachineEnd end = machine->run();
    EXPECT_EQ(end.reason, Reason::Paused);
    EXPECT_EQ(machine->counters().total_instructions(), 1 + 2 * 4 + 2U);
    EXPECT_THAT(end.detail, HasSubstr("at rip 0x100009,"));
    EXPECT_EQ(machine->run().reason, Reason::DebugExit);
}

TEST_F(MachineTest, PausesBeforeEachInstructionAtAnAddress) {
    for (const bool timed : {false, true}) {
        for (const u64 address : {marks_loop, marks_loop + 2, marks_loop + 4, marks_loop + 5}) {
            auto with = config(marks);
            with.timed = timed;
            const auto whole = make(with);
            EXPECT_EQ(whole->run().reason, Reason::DebugExit);
            const auto machine = make(with);
            machine->stop_at({VirtualAddress{address}});
            unsigned pauses = 0;
            MachineEnd end = machine->run();
            for (; end.reason == Reason::Paused && pauses < 100; end = machine->run()) {
                EXPECT_THAT(end.detail, HasSubstr(fmt::format("at rip {:#x},", address)));
                ++pauses;
            }
            EXPECT_EQ(pauses, 5U);
            EXPECT_EQ(end.reason, Reason::DebugExit);
            EXPECT_EQ(machine->cycles(), whole->cycles());
            EXPECT_EQ(machine->timing_digest(), whole->timing_digest());
        }
    }
}

TEST_F(MachineTest, ReportsAReset) {
    const MachineEnd warm = run(resets);
    EXPECT_EQ(warm.reason, Reason::Reset);
    EXPECT_FALSE(warm.power_cycle);
    auto full = std::to_array(resets);
    full[6] = 0x0e;
    EXPECT_TRUE(run(full).power_cycle);
}

TEST_F(MachineTest, ATripleFaultWithAnEmptyTableIsAReset) {
    const MachineEnd end = run(faults_without_table);
    EXPECT_EQ(end.reason, Reason::Reset);
    EXPECT_TRUE(end.power_cycle);
}

TEST_F(MachineTest, IsSwitchedOff) {
    EXPECT_EQ(run(switches_off).reason, Reason::PowerOff);
    auto sleeps = std::to_array(switches_off);
    sleeps[8] = 0x24;  // another sleep type
    EXPECT_EQ(run(sleeps).reason, Reason::HaltedForever);
}

TEST_F(MachineTest, StopsAtExactlyTheInstructionLimit) {
    for (const u64 limit : {u64{0}, u64{1}, u64{12'345}, u64{2'000'000}, u64{2'000'001}}) {
        auto with = config(spins);
        with.instruction_limit = limit;
        const auto machine = make(std::move(with));
        EXPECT_EQ(machine->run().reason, Reason::InstructionLimit);
        EXPECT_EQ(machine->counters().total_instructions(), limit);
    }
}

TEST_F(MachineTest, StoppingOnTheWayChangesNoCycle) {
    const auto run_with = [&](bool stops) {
        auto with = config(reads_timer);
        with.timed = true;
        std::vector<VirtualAddress> everywhere;
        for (u64 offset = 0; stops && offset < sizeof reads_timer; ++offset) {
            everywhere.emplace_back(testing::load_address + offset);
        }
        const auto machine = make(std::move(with));
        machine->stop_at(std::move(everywhere));
        u64 times = 0;
        while (machine->run().reason == Reason::Paused) {
            ++times;
        }
        EXPECT_EQ(times, stops ? 200'009U : 0U) << "before every instruction";
        return std::pair{machine->timing_digest(), machine->cycles()};
    };
    EXPECT_EQ(run_with(true), run_with(false));
}

TEST_F(MachineTest, AMachineCheckEndsAGuestThatTakesNone) {
    const auto machine = make(config(spins));
    machine->run_to(1000);
    machine->raise_machine_check();
    const auto snapshot = machine->capture();
    ASSERT_TRUE(snapshot.ok());
    EXPECT_EQ(machine->run().reason, Reason::TripleFault);
    EXPECT_EQ(machine->counters().total_instructions(), 1000U);
    const auto resumed = Machine::resume(*snapshot.value(), {.instruction_limit = 2000});
    ASSERT_TRUE(resumed.ok()) << resumed.error();
    EXPECT_EQ(resumed.value()->run().reason, Reason::TripleFault) << "it was on its way";
}

TEST_F(MachineTest, AnInterruptNeedsAnApicAndWaitsUntilItMayCome) {
    const auto machine = make(config(spins));
    machine->run_to(1000);
    EXPECT_TRUE(machine->raise_interrupt(0x40));
    EXPECT_EQ(machine->run_to(2000).reason, Reason::InstructionLimit) << "interrupts are off";

    MachineConfig without = config(spins);
    without.cpu = without.cpu.without({arch::x86::cpuid_feature::apic});
    EXPECT_FALSE(make(std::move(without))->raise_interrupt(0x40));
}

TEST_F(MachineTest, RaisedExceptionsComeBeforeTheNextInstruction) {
    const auto machine = make(config(spins));
    machine->run_to(1000);
    machine->raise_debug_trap(2);
    EXPECT_EQ(machine->run().reason, Reason::TripleFault) << "the guest has no interrupt table";
    EXPECT_EQ(machine->debug_view().registers().rip, testing::load_address);
    EXPECT_EQ(machine->counters().total_instructions(), 1000U);

    const auto other = make(config(spins));
    other->run_to(1000);
    other->raise_page_fault(VirtualAddress{0x1234}, 0);
    const MachineEnd end = other->run();
    EXPECT_EQ(end.reason, Reason::TripleFault);
    EXPECT_THAT(end.detail, HasSubstr("cr2 0x1234"));
}

TEST_F(MachineTest, StopsSoonAfterItIsAsked) {
    std::atomic<bool> stop = false;
    auto with = config(spins);
    with.instruction_limit = ~u64{0};
    with.stop = &stop;
    const auto machine = make(std::move(with));
    std::chrono::steady_clock::time_point asked;
    std::thread asker{[&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        asked = std::chrono::steady_clock::now();
        stop = true;
    }};
    const MachineEnd end = machine->run();
    const auto took = std::chrono::steady_clock::now() - asked;
    asker.join();
    EXPECT_EQ(end.reason, Reason::Stopped);
    EXPECT_LT(took, std::chrono::seconds{2});  // generous: the host may be busy
}

TEST_F(MachineTest, ReceivesWhatTheHostSends) {
    serial_.input = {'A'};
    EXPECT_EQ(run(answers).reason, Reason::HaltedForever);
    EXPECT_EQ(serial_.text, "B");
}

TEST_F(MachineTest, ATraceListsEachInstructionAndChangesNothing) {
    std::FILE* const file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    const observe::SymbolTable symbols;
    observe::Tracer tracer{file, symbols};
    auto with = config(greets);
    with.observers = {&tracer};
    const auto machine = make(std::move(with));
    EXPECT_EQ(machine->run().exit_code, 0x42U);
    EXPECT_EQ(machine->counters().total_instructions(), greets_instructions);
    EXPECT_EQ(serial_.text, "Hi");
    std::string text(static_cast<usize>(std::ftell(file)), '\0');
    std::rewind(file);
    EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
    std::fclose(file);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), greets_instructions);
    EXPECT_THAT(text, HasSubstr("1 k 0000000000100000 -  mov edx, 0x3F8\n"));
    EXPECT_THAT(text, HasSubstr("8 k 0000000000100015 -  out dx, eax\n"));
}

TEST_F(MachineTest, DevicesSeeTheExactTimeInTheMiddleOfABlock) {
    // The timer starts at cycle 3 and is read at cycle 200,005: 25 MHz beside 3.496 GHz.
    constexpr u64 expected = 200'005ULL * 25'000'000 / 3'496'000'000;
    const auto machine = make(config(reads_timer));
    const MachineEnd end = machine->run();
    EXPECT_EQ(end.exit_code, expected) << end.detail;
    EXPECT_EQ(machine->counters().total_instructions(), 200'009U) << "nothing counts twice";
}

TEST_F(MachineTest, RefusesBadConfigurations) {
    auto with = config(greets);
    with.ram_bytes = 12345;
    auto machine = Machine::create(std::move(with));
    ASSERT_FALSE(machine.ok());
    EXPECT_THAT(machine.error(), HasSubstr("memory: 12345 bytes"));

    const u8 garbage[] = {'#', '!', '/', 'b', 'i', 'n'};
    with = config(greets);
    with.boot.kernel = garbage;
    machine = Machine::create(std::move(with));
    ASSERT_FALSE(machine.ok());
    EXPECT_THAT(machine.error(), HasSubstr("kernel: not an ELF file"));
}

}  // namespace
}  // namespace ringfence::sim::machine
