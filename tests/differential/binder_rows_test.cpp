// SPDX-License-Identifier: MIT
// Mnemonics with several binder rows: each form has one row that takes it, and no row before that
// one raises an exception which the form would not.
#include <gtest/gtest.h>

#include "sim/presets/preset_file.h"
#include "tests/differential/form_catalog.h"

namespace ringfence::differential {
namespace {

using sim::isa::x86::BinderRow;
using sim::isa::x86::DecodeResult;
using sim::isa::x86::OpBuilder;
using sim::isa::x86::Unit;

/// Whether all that makes `earlier` unavailable makes `later` so, too, by the same exception.
/// [intel/vol3]: 2.5, tables 2-2 and 2-3
bool implies(Unit earlier, Unit later) {
    return earlier == Unit::Integer || earlier == later ||
           (earlier == Unit::Mmx && later == Unit::Sse);
}

/// How many rows take the instruction; the units of those before the first must imply its own.
unsigned takers(const Instruction& instruction, const std::string& name) {
    const auto rows = sim::isa::x86::binder_rows(instruction.info.mnemonic);
    unsigned count = 0;
    for (const BinderRow& row : rows) {
        OpBuilder builder;
        builder.op.length = instruction.info.length;
        if (!row.binder(instruction, builder) || ++count != 1) {
            continue;
        }
        for (const BinderRow* before = rows.data(); before != &row; ++before) {
            EXPECT_TRUE(implies(before->unit, row.unit)) << name;
        }
    }
    return count;
}

class BinderRows : public ::testing::TestWithParam<u32> {};

TEST_P(BinderRows, TakeEachFormOnce) {
    const auto model = sim::presets::find_preset("icelake");
    ASSERT_TRUE(model.ok());
    const Decoder decoder(model.value());
    unsigned looked_at = 0;
    for (const Form& form : catalog_forms(decoder, model.value())) {
        for (const Encoding& encoding : form.encodings) {
            Instruction instruction = blank_instruction(model.value(), 0x1000);
            instruction.mode = GetParam();
            // In legacy modes a REX prefix is an instruction of its own.
            if ((encoding.rex_w && !instruction.code64()) ||
                decoder.decode(bytes_of(encoding), instruction) != DecodeResult::Ok) {
                continue;
            }
            ++looked_at;
            const std::string name = form_name(instruction);
            EXPECT_LE(takers(instruction, name), 1U) << name;
        }
    }
    EXPECT_GE(looked_at, 5000U);
}

using sim::cpu::ExecutionMode;
constexpr u32 protected_mode = ExecutionMode::protected_mode.mask;

INSTANTIATE_TEST_SUITE_P(Modes, BinderRows,
                         ::testing::Values(protected_mode | ExecutionMode::code64.mask,
                                           protected_mode | ExecutionMode::code32.mask));

}  // namespace
}  // namespace ringfence::differential
