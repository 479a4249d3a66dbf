// SPDX-License-Identifier: MIT
// Snapshots of small machines: what comes back, and what is refused.
#include "sim/machine/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "sim/machine/machine.h"
#include "sim/presets/preset_file.h"
#include "sim/presets/saved_cpu.h"
#include "sim/presets/what_if.h"
#include "sim/state/field_list.h"
#include "tests/unit/sim/machine/pvh_image.h"

namespace ringfence::sim::machine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Reason = MachineEnd::Reason;
using Sections = std::vector<snapshot::Section>;

/// A busy guest: timers of all kinds that interrupt nobody, transactions that write to memory, port
/// I/O.
///
/// mov al, 34h; out 43h, al; mov al, 10h; out 40h, al; out 40h, al
/// mov esi, fee00000h; mov dword [esi+f0h], 1ffh; mov dword [esi+320h], 20040h;
/// mov dword [esi+3e0h], 0bh; mov dword [esi+380h], 5000
/// mov ebx, 200000h; fninit; fld1; l: xbegin n; mov [ebx], ecx; xend; n: add ebx, 4; and ebx,
/// 2fffffh; inc ecx; fadd st0; mov eax, ecx; mov edx, 3ffh; out dx, al; cmp ecx, 4000; jne l; mov
/// eax, 5; out f4h, eax
constexpr u8 busy[] = {
    0xb0, 0x34, 0xe6, 0x43, 0xb0, 0x10, 0xe6, 0x40, 0xe6, 0x40,  // the PIT
    0xbe, 0x00, 0x00, 0xe0, 0xfe,                                // mov esi, fee00000h
    0xc7, 0x86, 0xf0, 0x00, 0x00, 0x00, 0xff, 0x01, 0x00, 0x00,  // spurious vector
    0xc7, 0x86, 0x20, 0x03, 0x00, 0x00, 0x40, 0x00, 0x02, 0x00,  // periodic
    0xc7, 0x86, 0xe0, 0x03, 0x00, 0x00, 0x0b, 0x00, 0x00, 0x00,  // divide by 1
    0xc7, 0x86, 0x80, 0x03, 0x00, 0x00, 0x88, 0x13, 0x00, 0x00,  // 5000
    0xbb, 0x00, 0x00, 0x20, 0x00, 0xdb, 0xe3, 0xd9, 0xe8,        // mov ebx; fninit; fld1
    0xc7, 0xf8, 0x05, 0x00, 0x00, 0x00, 0x89, 0x0b, 0x0f, 0x01, 0xd5,
    0x83, 0xc3, 0x04, 0x81, 0xe3, 0xff, 0xff, 0x2f, 0x00, 0x41,  // l:
    0xdc, 0xc0, 0x89, 0xc8, 0xba, 0xff, 0x03, 0x00, 0x00, 0xee,  //
    0x81, 0xf9, 0xa0, 0x0f, 0x00, 0x00, 0x75, 0xd9,              // jne l
    0xb8, 0x05, 0x00, 0x00, 0x00, 0xe7, 0xf4};

/// A guest that no predictor, cache or TLB can follow: random numbers choose branches and
/// addresses.
///
/// mov edi, 3fe000h; mov eax, 3; p: mov [edi], eax; add edi, 4; add eax, 1000h; cmp eax, 400003h;
/// jne p; mov dword [edi], 3fe003h; mov cr3, edi; mov eax, cr0; or eax, 80000000h; mov cr0, eax
/// mov ecx, 1; mov eax, 7; l: imul eax, eax, 41c64e6dh; add eax, 12345; mov ebx, eax; shr ebx, 8;
/// and ebx, 0ffffch; mov edx, [ebx+200000h]; add edx, eax; test eax, 10000h; jz a; mov
/// [ebx+200000h], edx; a: test eax, 20000h; jnz b; xor edx, edx; mov esi, eax; div ecx; mov eax,
/// esi; b: inc ecx; cmp ecx, 4096; jne l; mov eax, 5; out f4h, eax
constexpr u8 restless[] = {
    0xbf, 0x00, 0xe0, 0x3f, 0x00, 0xb8, 0x03, 0x00, 0x00, 0x00,        // tables for 4 MiB
    0x89, 0x07, 0x83, 0xc7, 0x04, 0x05, 0x00, 0x10, 0x00, 0x00,        // p:
    0x3d, 0x03, 0x00, 0x40, 0x00, 0x75, 0xef,                          // jne p
    0xc7, 0x07, 0x03, 0xe0, 0x3f, 0x00, 0x0f, 0x22, 0xdf,              // mov cr3
    0x0f, 0x20, 0xc0, 0x0d, 0x00, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0,  // mov cr0
    0xb9, 0x01, 0x00, 0x00, 0x00, 0xb8, 0x07, 0x00, 0x00, 0x00,        //
    0x69, 0xc0, 0x6d, 0x4e, 0xc6, 0x41, 0x05, 0x39, 0x30, 0x00, 0x00,  // l:
    0x89, 0xc3, 0xc1, 0xeb, 0x08, 0x81, 0xe3, 0xfc, 0xff, 0x0f, 0x00,  //
    0x8b, 0x93, 0x00, 0x00, 0x20, 0x00, 0x01, 0xc2,                    //
    0xa9, 0x00, 0x00, 0x01, 0x00, 0x74, 0x06,                          // jz a
    0x89, 0x93, 0x00, 0x00, 0x20, 0x00,                                //
    0xa9, 0x00, 0x00, 0x02, 0x00, 0x75, 0x08,                          // a: jnz b
    0x31, 0xd2, 0x89, 0xc6, 0xf7, 0xf1, 0x89, 0xf0,                    //
    0x41, 0x81, 0xf9, 0x00, 0x10, 0x00, 0x00, 0x75, 0xbd,              // b: jne l
    0xb8, 0x05, 0x00, 0x00, 0x00, 0xe7, 0xf4};

presets::CpuModel preset(std::string_view name = presets::default_preset) {
    return presets::find_preset(name).value();
}

enum class Engine : u8 { Fast, Timed };

/// A machine on which `code` has run for so many instructions.
std::unique_ptr<Machine> run_code(std::span<const u8> code, u64 instructions, presets::CpuModel cpu,
                                  Engine engine) {
    const std::vector<u8> image = testing::make_image(code);
    auto machine = Machine::create({.ram_bytes = 4 * mib,
                                    .cpu = std::move(cpu),
                                    .boot = {.kernel = image},
                                    .timed = engine == Engine::Timed})
                       .value();
    const MachineEnd end = machine->run_to(instructions);
    EXPECT_EQ(end.reason, Reason::InstructionLimit) << end.detail;
    return machine;
}
std::unique_ptr<Machine> run_busy(u64 instructions, presets::CpuModel cpu = preset()) {
    return run_code(busy, instructions, std::move(cpu), Engine::Fast);
}

std::shared_ptr<const Snapshot> capture(const Machine& machine) {
    auto snapshot = machine.capture();
    EXPECT_TRUE(snapshot.ok()) << snapshot.error();
    return snapshot.value();
}

/// In the middle of things: the machine runs a transaction that has written.
std::shared_ptr<const Snapshot> capture_in_transaction() {
    for (u64 at = 5000;; ++at) {
        auto snapshot = capture(*run_busy(at));
        for (const auto& [path, field] : state::list_fields(snapshot->find("cpu")->bytes)) {
            if (path == "mmu.written.addresses" && field.count > 0) {
                return snapshot;
            }
        }
        if (at == 5100) {
            ADD_FAILURE() << "no transaction was seen";
            return snapshot;
        }
    }
}

Sections sections_of(const Snapshot& snapshot) {
    return {snapshot.sections().begin(), snapshot.sections().end()};
}

/// The snapshot with other sections.
Snapshot with_sections(const Snapshot& snapshot, Sections sections) {
    auto ram = memory::RamImage::create(snapshot.ram().end()).value();
    std::vector<u8> bytes;
    for (const u64 chunk : snapshot.ram().chunks()) {
        bytes.resize(ram.size_of(chunk));
        EXPECT_TRUE(snapshot.ram().get(chunk, bytes) && ram.put(chunk, bytes));
    }
    return {"file", std::move(sections), std::move(ram)};
}

std::vector<std::string> differences(std::span<const snapshot::Section> first,
                                     std::span<const snapshot::Section> second) {
    std::vector<std::string> found;
    for (usize i = 0; i < first.size() && i < second.size(); ++i) {
        state::for_each_difference(first[i].bytes, second[i].bytes, [&](const auto& difference) {
            found.push_back(first[i].name + "." + difference.path + ": " + difference.first +
                            " and " + difference.second);
            return found.size() < 10;
        });
    }
    return found;
}

/// The error of going on from `snapshot`; empty if that works.
std::string resume_error(const Snapshot& snapshot) {
    const auto machine = Machine::resume(snapshot, {});
    return machine.ok() ? "" : machine.error();
}

TEST(Snapshot, GoesOnFromEachInstruction) {
    const auto whole = run_busy(400);
    const auto end = capture(*whole);
    for (u64 at = 0; at < 400; ++at) {
        const auto snapshot = capture(*run_busy(at));
        auto machine = Machine::resume(*snapshot, {}).value();
        ASSERT_EQ(machine->counters().total_instructions(), at);
        ASSERT_EQ(machine->run_to(400).reason, Reason::InstructionLimit);
        ASSERT_THAT(differences(end->sections(), capture(*machine)->sections()), IsEmpty()) << at;
    }
}

void expect_to_go_on_to_the_cycle(std::span<const u8> code, std::string_view cpu, u64 all,
                                  u64 rounds) {
    const auto whole = run_code(code, all, preset(cpu), Engine::Timed);
    const auto end = capture(*whole);
    std::mt19937_64 random{cpu.size()};
    for (u64 round = 0; round < rounds; ++round) {
        const u64 at = round < rounds / 3 ? round : random() % all;
        const auto snapshot = capture(*run_code(code, at, preset(cpu), Engine::Timed));
        auto machine = Machine::resume(*snapshot, {}).value();
        ASSERT_THAT(differences(snapshot->sections(), capture(*machine)->sections()), IsEmpty());
        ASSERT_EQ(machine->run_to(all).reason, Reason::InstructionLimit);
        ASSERT_THAT(differences(end->sections(), capture(*machine)->sections()), IsEmpty()) << at;
        EXPECT_EQ(machine->cycles(), whole->cycles());
        EXPECT_EQ(machine->timing_digest(), whole->timing_digest());
        EXPECT_EQ(machine->timed_counts()->stack, whole->timed_counts()->stack);
    }
}

class TimedSnapshot : public ::testing::TestWithParam<std::string_view> {};

TEST_P(TimedSnapshot, GoesOnToTheCycle) {
    constexpr u64 all = 14'000;
    expect_to_go_on_to_the_cycle(restless, GetParam(), all, 9);
}

INSTANTIATE_TEST_SUITE_P(Cpus, TimedSnapshot,
                         ::testing::Values("nehalem", "haswell", "skylake-sp", "icelake", "zen2",
                                           "zen4"),
                         [](const auto& info) {
                             std::string name{info.param};
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(Snapshot, OfATimedTransactionGoesOnToTheCycle) {
    constexpr u64 all = 6000;
    expect_to_go_on_to_the_cycle(busy, "skylake-sp", all, 15);
}

TEST(Snapshot, OfATimedMachineKnowsOfABranchThatIsNotResolvedYet) {
    constexpr u64 all = 14'000;
    constexpr u64 loop = 57;  // l: in `restless`
    const auto whole = run_code(restless, all, preset(), Engine::Timed);
    const auto machine = run_code(restless, 6000, preset(), Engine::Timed);
    machine->stop_at({VirtualAddress{testing::load_address + loop}});
    for (int stops = 0; stops < 50; ++stops) {
        ASSERT_EQ(machine->run().reason, Reason::Paused);
    }
    const auto snapshot = capture(*machine);
    bool waits = false;
    for (const auto& [path, field] : state::list_fields(snapshot->find("timing")->bytes)) {
        waits = waits || path == "branch_kind";
    }
    EXPECT_TRUE(waits);
    const auto again = Machine::resume(*snapshot, {}).value();
    again->run_to(all);
    EXPECT_EQ(again->cycles(), whole->cycles());
    EXPECT_EQ(again->timing_digest(), whole->timing_digest());
}

/// mov ecx, 3000; mov edi, 200000h; rep stosd; mov eax, 5; out f4h, eax
constexpr u8 fills[] = {0xb9, 0xb8, 0x0b, 0x00, 0x00, 0xbf, 0x00, 0x00, 0x20, 0x00,
                        0xf3, 0xab, 0xb8, 0x05, 0x00, 0x00, 0x00, 0xe7, 0xf4};

TEST(Snapshot, OfATimedMachineWaitsUntilARepeatedInstructionIsTimed) {
    const std::vector<u8> image = testing::make_image(fills);
    const MachineConfig config{
        .ram_bytes = 4 * mib, .cpu = preset(), .boot = {.kernel = image}, .timed = true};
    const auto whole = Machine::create(config).value();
    EXPECT_EQ(whole->run().exit_code, 5U);
    const auto machine = Machine::create(config).value();
    machine->stop_at({VirtualAddress{testing::load_address + 12}});
    EXPECT_EQ(machine->run().reason, Reason::Paused);
    ASSERT_FALSE(machine->can_be_captured());
    EXPECT_THAT(machine->capture().error(), HasSubstr("timing: a repeated string instruction is"));
    EXPECT_EQ(machine->run_to(4).reason, Reason::InstructionLimit);
    ASSERT_TRUE(machine->can_be_captured());
    const auto again = Machine::resume(*capture(*machine), {}).value();
    EXPECT_EQ(again->run().exit_code, 5U);
    EXPECT_EQ(again->cycles(), whole->cycles());
    EXPECT_EQ(again->timing_digest(), whole->timing_digest());
}

TEST(Snapshot, IsUntouchedByTheMachinesThatStartFromIt) {
    const auto machine = run_busy(20'000);
    const auto snapshot = capture(*machine);
    const MachineEnd first_end = machine->run();
    EXPECT_EQ(first_end.exit_code, 5U) << first_end.detail;
    auto second = Machine::resume(*snapshot, {}).value();
    auto third = Machine::resume(*snapshot, {}).value();
    EXPECT_EQ(second->run().exit_code, 5U);
    EXPECT_EQ(third->run().exit_code, 5U);
    const auto end = capture(*machine);
    for (const Machine* const other : {second.get(), third.get()}) {
        EXPECT_THAT(differences(end->sections(), capture(*other)->sections()), IsEmpty());
        std::vector<u8> first_ram(1 * mib);
        std::vector<u8> other_ram(1 * mib);
        ASSERT_TRUE(machine->read_physical(PhysicalAddress{2 * mib}, first_ram));
        ASSERT_TRUE(other->read_physical(PhysicalAddress{2 * mib}, other_ram));
        EXPECT_EQ(first_ram, other_ram);
    }
}

TEST(Snapshot, HoldsTheCpuByValue) {
    const presets::Override cheaper[] = {{"cr3_write", "1"}, {"tlb", "infinite"}, {"pcid", "off"}};
    const auto changed = presets::with_overrides(preset("icelake"), cheaper);
    ASSERT_TRUE(changed.ok());
    const auto snapshot = capture(*run_busy(10, changed.value()));
    const auto cpu = snapshot->cpu();
    ASSERT_TRUE(cpu.ok()) << cpu.error();
    EXPECT_EQ(cpu.value().figures().values, changed.value().figures().values);
    EXPECT_EQ(presets::visible_difference(cpu.value(), changed.value()), std::nullopt);
    EXPECT_NE(presets::visible_difference(cpu.value(), preset("icelake")), std::nullopt);
}

TEST(Snapshot, GoesOnWithAnotherCpuIfSoftwareCannotTell) {
    const auto with = [](const char* key, const char* value) {
        const presets::Override change[] = {{key, value}};
        return presets::with_overrides(preset(), change).value();
    };
    const auto snapshot = capture(*run_busy(1000));
    EXPECT_TRUE(Machine::resume(*snapshot, {.cpu = with("cr3_write", "1")}).ok());
    EXPECT_THAT(Machine::resume(*snapshot, {.cpu = with("pcid", "off")}).error(),
                HasSubstr("the machine: was saved with another CPU: "));
    auto timed = Machine::resume(*snapshot, {.timed = true, .cpu = with("cr3_write", "1")}).value();
    EXPECT_EQ(timed->run().exit_code, 5U);
    EXPECT_EQ(timed->timed_counts()->stack.total(), timed->cycles());
}

TEST(Snapshot, HasAHashOfItsContents) {
    const auto snapshot = capture(*run_busy(1000));
    EXPECT_EQ(snapshot->content_hash(), capture(*run_busy(1000))->content_hash());
    EXPECT_NE(snapshot->content_hash(), capture(*run_busy(1001))->content_hash());
}

TEST(Snapshot, KeepsTheCallersOwnSections) {
    const auto machine = run_busy(10);
    const auto snapshot = machine->capture({{"host.console", {1, 2, 3}}}).value();
    ASSERT_NE(snapshot->find("host.console"), nullptr);
    EXPECT_EQ(snapshot->find("host.console")->bytes, (std::vector<u8>{1, 2, 3}));
    EXPECT_EQ(snapshot->find("host.other"), nullptr);
    EXPECT_EQ(resume_error(*snapshot), "");
}

TEST(Snapshot, OfAMachineThatHasEndedEndsAgain) {
    const auto machine = run_busy(10);
    EXPECT_EQ(machine->run().exit_code, 5U);
    auto again = Machine::resume(*capture(*machine), {}).value();
    const MachineEnd end = again->run();
    EXPECT_EQ(end.reason, Reason::DebugExit);
    EXPECT_EQ(end.exit_code, 5U);
}

TEST(Snapshot, WithoutASectionIsRefusedByItsName) {
    const auto snapshot = capture(*run_busy(1000));
    for (usize i = 0; i < snapshot->sections().size(); ++i) {
        Sections sections = sections_of(*snapshot);
        const std::string name = sections[i].name;
        sections.erase(sections.begin() + static_cast<i64>(i));
        EXPECT_EQ(resume_error(with_sections(*snapshot, sections)),
                  "file: section '" + name + "': missing");
    }
}

TEST(Snapshot, WithARestInASectionIsRefused) {
    const auto snapshot = capture(*run_busy(1000));
    for (usize i = 0; i < snapshot->sections().size(); ++i) {
        Sections sections = sections_of(*snapshot);
        sections[i].bytes.push_back(0);
        EXPECT_THAT(resume_error(with_sections(*snapshot, sections)),
                    HasSubstr("section '" + sections[i].name + "': expected the end"));
    }
}

TEST(Snapshot, OfImpossibleStateIsRefused) {
    const auto snapshot = capture(*run_busy(1000));
    const auto error_with = [&](const std::string& section, const std::string& path, u64 value) {
        Sections sections = sections_of(*snapshot);
        for (snapshot::Section& changed : sections) {
            for (const state::NamedField& field : state::list_fields(changed.bytes)) {
                if (changed.name == section && field.path == path) {
                    std::memcpy(const_cast<u8*>(field.field.value.data()), &value,
                                field.field.value.size());
                }
            }
        }
        return resume_error(with_sections(*snapshot, sections));
    };
    EXPECT_EQ(error_with("cpu", "cpl", 4), "file: section 'cpu': cpl: 4, at most 3");
    EXPECT_EQ(error_with("cpu", "direction", 0),
              "file: section 'cpu': direction: expected 1 or -1");
    EXPECT_EQ(error_with("cpu", "fpu.mxcsr", 0x1'0000),
              "file: section 'cpu': fpu.mxcsr: 65536, at most 65535");
    EXPECT_THAT(error_with("cpu", "mmu.registers.cr0", 0x8000'0000),
                HasSubstr("paging without protection"));
    EXPECT_THAT(error_with("cpu", "mmu.registers.efer", 0x400), HasSubstr("long mode"));
    EXPECT_THAT(error_with("cpu", "cycles", 5), HasSubstr("an impossible time"));
    EXPECT_THAT(error_with("devices", "clock.now", u64{1} << 62), HasSubstr("impossible time"));
    EXPECT_THAT(error_with("devices", "events.events[0].kind", 9), HasSubstr("no device expects"));
    EXPECT_THAT(error_with("devices", "pit.channel_0.reload", 0), HasSubstr("no ticks"));
    EXPECT_THAT(error_with("machine", "ram_bytes", 5 * mib), HasSubstr("RAM of 5242880 bytes"));
    EXPECT_THAT(error_with("machine", "ram_bytes", 4 * mib + 1), HasSubstr("RAM of"));
    EXPECT_THAT(error_with("cpu_model", "clock_hz", 0), HasSubstr("a CPU without a clock"));
    EXPECT_THAT(error_with("cpu_model", "figures[3].value", ~u64{0}), HasSubstr("expected"));
}

/// A timed machine in the midst of loads, stores and wrong paths, with small caches.
std::shared_ptr<const Snapshot> capture_timed() {
    const presets::Override small[] = {{"l2.kib", "64"}, {"l2.ways", "4"}, {"llc.kib", "256"}};
    const auto cpu = presets::with_overrides(preset("nehalem"), small);
    EXPECT_TRUE(cpu.ok()) << cpu.error().message;
    return capture(*run_code(restless, 12'000, cpu.value(), Engine::Timed));
}

/// Changes each field of `snapshot`, or of one section, in turn: it is refused, or found in the
/// machine. Returns how many were taken.
usize change_each_field(const Snapshot& snapshot, std::string_view only = {}) {
    usize taken = 0;
    for (usize i = 0; i < snapshot.sections().size(); ++i) {
        if (!only.empty() && snapshot.sections()[i].name != only) {
            continue;
        }
        for (const state::NamedField& field : state::list_fields(snapshot.sections()[i].bytes)) {
            if (field.field.value.empty()) {
                continue;
            }
            Sections sections = sections_of(snapshot);
            const auto offset = field.field.value.data() - snapshot.sections()[i].bytes.data();
            sections[i].bytes[static_cast<usize>(offset)] ^= 1;
            const auto machine = Machine::resume(with_sections(snapshot, sections), {});
            if (!machine.ok()) {
                EXPECT_THAT(machine.error(), ::testing::StartsWith("file: ")) << field.path;
                continue;
            }
            ++taken;
            EXPECT_THAT(differences(sections, capture(*machine.value())->sections()), IsEmpty())
                << field.path;
        }
    }
    return taken;
}

// Every field that is saved is loaded.
TEST(Snapshot, EachFieldCounts) {
    EXPECT_GT(change_each_field(*capture_in_transaction()), 200U);
    EXPECT_GT(change_each_field(*capture_timed(), "timing"), 150U);
}

/// Puts something else into a field: all of a small one, a few bytes of a large one.
void scramble(std::span<const u8> value, std::mt19937_64& random) {
    constexpr usize small = 64;
    const usize tries = value.size() <= small ? value.size() : 8;
    for (usize i = 0; i < tries; ++i) {
        const usize at = value.size() <= small ? i : random() % value.size();
        if (random() % 2 == 0) {
            const_cast<u8&>(value[at]) = static_cast<u8>(random());
        }
    }
}

/// Changes some fields of `snapshot`, and runs what is not refused. Returns how often that was.
usize run_changed(const Snapshot& snapshot, int rounds) {
    std::mt19937_64 random{1};
    usize taken = 0;
    for (int round = 0; round < rounds; ++round) {
        Sections sections = sections_of(snapshot);
        for (snapshot::Section& section : sections) {
            const auto fields = state::list_fields(section.bytes);
            if (section.name == "cpu_model" || section.name == "machine" || fields.empty()) {
                continue;
            }
            for (u64 changes = random() % 3; changes > 0; --changes) {
                scramble(fields[random() % fields.size()].field.value, random);
            }
        }
        auto machine = Machine::resume(with_sections(snapshot, sections), {});
        if (machine.ok()) {
            ++taken;
            machine.value()->run_to(machine.value()->counters().total_instructions() + 2000);
        }
    }
    return taken;
}

// Whatever a file says that is accepted, running from there harms the guest alone.
TEST(Snapshot, MayHoldAnythingWithoutHarm) {
    EXPECT_GT(run_changed(*capture_in_transaction(), 600), 50U);
    EXPECT_GT(run_changed(*capture_timed(), 400), 20U);
}

/// mov ecx, 1000h; l: dec ecx; jnz l; mov eax, 5; out f4h, eax
constexpr u8 counts_down[] = {0xb9, 0x00, 0x10, 0x00, 0x00, 0x49, 0x75, 0xfd,
                              0xb8, 0x05, 0x00, 0x00, 0x00, 0xe7, 0xf4};

TEST(Snapshot, ATimedMachineMayBeginWhereAnotherEnded) {
    const std::vector<u8> image = testing::make_image(counts_down);
    const auto machine =
        Machine::create({.ram_bytes = 4 * mib, .cpu = preset(), .boot = {.kernel = image}}).value();
    ASSERT_EQ(machine->run_to(1).reason, Reason::InstructionLimit);
    const auto timed = Machine::resume(*capture(*machine), {.timed = true}).value();
    ASSERT_TRUE(timed->timed_counts().has_value());
    EXPECT_EQ(timed->timed_counts()->stack.total(), machine->cycles())
        << "what came before is one time that passed";
    EXPECT_EQ(timed->run().reason, Reason::DebugExit);
    EXPECT_EQ(timed->counters().total_instructions(), 1 + 2 * 4096 + 2U);
    EXPECT_GT(timed->timed_counts()->stack.total(), machine->cycles() + 4096);
    EXPECT_EQ(timed->timed_counts()->stack.total(), timed->cycles());
}

}  // namespace
}  // namespace ringfence::sim::machine
