// SPDX-License-Identifier: MIT
// One case: an instruction, the registers and the memory that it starts from.
#pragma once

#include <span>
#include <vector>

#include "tests/differential/form_catalog.h"
#include "tests/differential/processor_state.h"
#include "tests/differential/random.h"
#include "tests/differential/sandbox.h"

namespace ringfence::differential {

struct TestCase {
    const Form* form = nullptr;
    std::array<u8, 15> bytes{};
    unsigned length = 0;
    /// The flags that the decoder's tables call undefined after it.
    u64 undefined_flags = 0;
    /// A double shift by more than its operand's width.
    bool undefined_result = false;
    ProcessorState state;
    DataImage data;

    [[nodiscard]] std::span<const u8> instruction() const { return std::span{bytes}.first(length); }
};

/// Makes cases from a seed: registers, flags and memory take values on which instructions depend,
/// and memory operands lie where they are aligned, misaligned, across pages, read-only, unmapped or
/// not canonical.
class CaseGenerator {
public:
    CaseGenerator(const Decoder& decoder, const sim::presets::CpuModel& model, u64 seed);

    /// Case `index` of this seed, for `form`.
    void generate(u64 index, const Form& form, TestCase& out) const;

private:
    bool encode(Random& random, const Form& form, TestCase& out, Instruction& instruction) const;
    void place_operands(Random& random, Instruction& instruction, TestCase& out) const;

    const Decoder& decoder_;
    const sim::presets::CpuModel& model_;
    u64 seed_;
    std::vector<DataImage> backgrounds_;
};

/// Values at the edges of formats, among random ones.
u64 interesting_word(Random& random);
sim::cpu::Xmm interesting_vector(Random& random);
sim::cpu::Float80 interesting_float80(Random& random);
void randomize_registers(Random& random, ProcessorState& state);

}  // namespace ringfence::differential
