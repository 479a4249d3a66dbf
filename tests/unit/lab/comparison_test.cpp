// SPDX-License-Identifier: MIT
// Small guests that use a byte: what makes two runs of them differ, and what does not.
#include "lab/relational/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/machine/bytes.h"
#include "sim/presets/preset_file.h"
#include "tests/unit/sim/machine/pvh_image.h"

namespace ringfence::lab::relational {
namespace {

using Code = std::vector<u8>;
using Kind = TimingEvent::Kind;

constexpr u64 byte_address = 0x30'0000;
constexpr u64 table = 0x20'0000;
constexpr char value = 0x21;

/// movzx eax, byte [300000h]
const Code load_byte = {0x0f, 0xb6, 0x05, 0x00, 0x00, 0x30, 0x00};
/// mov eax, 5; out f4h, eax
const Code end = {0xb8, 0x05, 0x00, 0x00, 0x00, 0xe7, 0xf4};

std::unique_ptr<sim::machine::Machine> make_machine(const Code& use) {
    Code code = load_byte;
    code.insert(code.end(), use.begin(), use.end());
    code.insert(code.end(), end.begin(), end.end());
    const std::vector<u8> image = sim::machine::testing::make_image(code);
    auto machine = sim::machine::Machine::create(
                       {.ram_bytes = 4 * mib,
                        .cpu = sim::presets::find_preset(sim::presets::default_preset).value(),
                        .boot = {.kernel = image},
                        .timed = true})
                       .value();
    EXPECT_TRUE(machine->debug_view().write(PhysicalAddress{byte_address},
                                            std::array{static_cast<u8>(value)}));
    return machine;
}

/// Two runs of code that uses what EAX holds.
Comparison compare_uses(const Code& use, Keep keep = Keep::Nothing) {
    machine::StopRequest stop;
    const VirtualAddress first{byte_address};
    return compare({.machine = make_machine(use)->capture().value(),
                    .place = {first, first + 1},
                    .content = std::string(1, value)},
                   keep, stop);
}

TEST(Compare, AByteThatOnlyMovesMakesNoDifference) {
    // add al, 5; mov [200000h], eax
    const Comparison result = compare_uses({0x04, 0x05, 0xa3, 0x00, 0x00, 0x20, 0x00});
    EXPECT_FALSE(result.difference);
    EXPECT_FALSE(result.stopped);
    EXPECT_EQ(result.instructions, 4U) << "of five: what ends the run has no successor";
    EXPECT_GE(result.states, 1U) << "the end's";
}

TEST(Compare, AnAddressThatIsMadeOfItDoes) {
    // shl eax, 6; mov ebx, [eax+200000h]
    const Comparison result =
        compare_uses({0xc1, 0xe0, 0x06, 0x8b, 0x98, 0x00, 0x00, 0x20, 0x00}, Keep::Evidence);
    ASSERT_TRUE(result.difference);
    EXPECT_EQ(result.instructions, 2U);
    ASSERT_TRUE(result.difference->first_access && result.difference->second_access);
    const auto other = static_cast<u8>(~value);
    EXPECT_EQ(result.difference->first_access->kind, Kind::Access);
    EXPECT_EQ(result.difference->first_access->address.value(), table + u64{value} * 64);
    EXPECT_EQ(result.difference->second_access->address.value(), table + u64{other} * 64);
    EXPECT_EQ(result.difference->first_line->physical.value(), table + u64{value} * 64);
    ASSERT_TRUE(result.evidence);
    EXPECT_EQ(result.evidence->first[result.evidence->at], *result.difference->first);
}

TEST(Compare, AnAddressInTheSameLineDoesToo) {
    // and eax, 1; mov bl, [eax+200000h]: that it is the same line matters to nobody but the store
    // buffer, and it is an access to another place.
    const Comparison result = compare_uses({0x83, 0xe0, 0x01, 0x8a, 0x98, 0x00, 0x00, 0x20, 0x00});
    ASSERT_TRUE(result.difference);
    EXPECT_EQ(result.difference->first->kind, Kind::Access);
    EXPECT_FALSE(result.difference->first_line) << "no line is another";
}

TEST(Compare, ABranchThatDependsOnItDoes) {
    // cmp al, 80h; jb next; nop
    const Comparison result = compare_uses({0x3c, 0x80, 0x72, 0x01, 0x90});
    EXPECT_TRUE(result.difference);
}

TEST(Compare, SaysWhenItWasStopped) {
    machine::StopRequest stop;
    stop.request(machine::StopReason::Timeout);
    const VirtualAddress first{byte_address};
    const Comparison result = compare({.machine = make_machine({})->capture().value(),
                                       .place = {first, first + 1},
                                       .content = std::string(1, value)},
                                      Keep::Nothing, stop);
    EXPECT_TRUE(result.stopped);
}

TEST(StateDifference, NamesAField) {
    const auto first = make_machine({});
    const auto second = make_machine({});
    EXPECT_EQ(first->run_to(1).reason, sim::machine::MachineEnd::Reason::InstructionLimit);
    EXPECT_EQ(second->run_to(2).reason, sim::machine::MachineEnd::Reason::InstructionLimit);
    const Difference difference = state_difference(*first, *second);
    EXPECT_FALSE(difference.first);
    EXPECT_NE(difference.field, "");
    EXPECT_NE(difference.first_value, difference.second_value);
}

}  // namespace
}  // namespace ringfence::lab::relational
