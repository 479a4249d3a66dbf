// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>
#include <optional>

#include "tests/differential/test_case.h"

namespace ringfence::differential {

namespace {

using sim::isa::x86::DecodeResult;

constexpr u64 background_count = 8;
/// Where branches and pointers to code lead: far from any instruction under test.
constexpr u64 landing = code_base + 0x800;

/// Where a case's instruction lies: mostly within a page, sometimes across the two, sometimes
/// running into the unmapped page behind them.
u64 place_of(Random& random, unsigned length) {
    const u64 kind = random.below(100);
    if (kind < 94) {
        return code_base + 0x100 + random.below(64);
    }
    const u64 end = kind < 98 ? code_base + page_bytes : code_base + code_bytes;
    return end - random.below(length + 1U) - (kind < 98 ? 0 : 1);
}

/// Where a memory operand of `bytes` lies.
u64 target_of(Random& random, u64 bytes) {
    const u64 kind = random.below(100);
    const u64 inside = data_base + random.below(data_bytes - 600);
    if (kind < 50) {
        return align_down(inside, 16);
    }
    if (kind < 80) {
        return inside;
    }
    const u64 back = random.below(bytes + 1);
    switch (kind) {
        case 80 ... 86:
            return data_base + page_bytes - back;
        case 87 ... 89:
            return unmapped_page - back;
        case 90 ... 92:
            return read_only_page + random.below(page_bytes);
        case 93:
            return read_only_page - back;
        case 94 ... 95:
            return unmapped_page + random.below(page_bytes);
        case 96:
            return code_base + random.below(64);
        case 97:
            return 0x0000'8000'0000'0000 - back;
        case 98:
            return random.next() | u64{1} << 63;
        default:
            return data_base - back;
    }
}

/// Writes `value` as the instruction's displacement, if it has one of a sufficient size.
bool patch_displacement(TestCase& out, const Instruction& instruction, i64 value) {
    const auto& field = instruction.info.raw.disp;
    if (field.size == 32 && value == static_cast<i32>(value)) {
        const i32 narrow = static_cast<i32>(value);
        std::memcpy(&out.bytes[field.offset], &narrow, sizeof(narrow));
        return true;
    }
    if (field.size == 64) {
        std::memcpy(&out.bytes[field.offset], &value, sizeof(value));
        return true;
    }
    return false;
}

u64* general_register(ProcessorState& state, ZydisRegister reg) {
    const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    if (ZydisRegisterGetClass(whole) != ZYDIS_REGCLASS_GPR64) {
        return nullptr;
    }
    return &state.gpr[static_cast<usize>(ZydisRegisterGetId(whole))];
}

/// Chooses base, index or displacement so that the operand lies at `target`.
void aim(Random& random, TestCase& out, const Instruction& instruction,
         const ZydisDecodedOperand& operand, u64 target) {
    const auto& memory = operand.mem;
    const u64 displacement =
        memory.disp.has_displacement != 0 ? static_cast<u64>(memory.disp.value) : 0;
    u64* index =
        memory.index != ZYDIS_REGISTER_NONE ? general_register(out.state, memory.index) : nullptr;
    if (memory.base == ZYDIS_REGISTER_RIP || memory.base == ZYDIS_REGISTER_EIP) {
        patch_displacement(out, instruction,
                           static_cast<i64>(target - out.state.rip - instruction.info.length));
        return;
    }
    if (memory.base == ZYDIS_REGISTER_NONE) {
        if (index == nullptr) {
            patch_displacement(out, instruction, static_cast<i64>(target));
        } else if (memory.scale != 0) {
            *index = (target - displacement) / memory.scale;
        }
        return;
    }
    u64* base = general_register(out.state, memory.base);
    if (base == nullptr) {
        return;
    }
    if (index == base) {
        *base = (target - displacement) / (memory.scale + 1U);
        return;
    }
    if (index != nullptr && random.chance(80)) {
        *index = random.below(256);
    }
    *base = target - displacement - (index != nullptr ? *index * memory.scale : 0);
}

/// SHLD and SHRD of 16 bits by more than 16.
bool shifts_too_far(const Instruction& instruction, const ProcessorState& state) {
    const bool double_shift = instruction.info.mnemonic == ZYDIS_MNEMONIC_SHLD ||
                              instruction.info.mnemonic == ZYDIS_MNEMONIC_SHRD;
    if (!double_shift || instruction.size(0) != 2) {
        return false;
    }
    const u64 count =
        instruction.is_immediate(2) ? instruction.operand(2).imm.value.u : state.gpr[rcx];
    return count % 32 > 16;
}

/// Indexes that stay near `target`, or, where that is far from all that the host's process has
/// mapped, now and then any.
void choose_indexes(Random& random, const Instruction& instruction, ZydisRegister index, u64 target,
                    ProcessorState& state) {
    constexpr u64 far_from_stack = u64{1} << 40;
    if (target < far_from_stack && random.chance(15)) {
        return;
    }
    const std::string_view name = ZydisMnemonicGetString(instruction.info.mnemonic);
    const bool quadwords = name.ends_with("qd") || name.ends_with("qq") || name.ends_with("qps") ||
                           name.ends_with("qpd");
    const auto number = static_cast<usize>(ZydisRegisterGetId(index));
    for (Xmm* const half : {&state.fpu.xmm[number], &state.upper[number]}) {
        const auto near = [&] { return random.below(40) - 8; };
        const auto pair = [&] { return (near() & 0xffff'ffff) | near() << 32; };
        *half = quadwords ? Xmm{near(), near()} : Xmm{pair(), pair()};
    }
}

bool uses_segment_base(const ZydisDecodedOperand& operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY &&
           (operand.mem.segment == ZYDIS_REGISTER_FS || operand.mem.segment == ZYDIS_REGISTER_GS);
}

/// A branch into its own bytes would run whatever they mean.
bool branches_into_itself(const Instruction& instruction) {
    for (unsigned i = 0; i < instruction.info.operand_count_visible; ++i) {
        const auto& operand = instruction.operand(i);
        if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand.imm.is_relative != 0) {
            const i64 distance = operand.imm.value.s + instruction.info.length;
            return distance > -16 && distance < instruction.info.length;
        }
    }
    return false;
}

/// What may not run: its effects lie outside the sandbox.
bool unsafe(const Instruction& instruction) {
    const auto& operands = instruction.operands;
    return std::any_of(operands.begin(), operands.begin() + instruction.info.operand_count,
                       uses_segment_base) ||
           branches_into_itself(instruction) || has_excluded_prefix(instruction);
}

/// A VEX prefix with registers chosen at random, in two bytes where it can be. Returns its length.
usize write_vex(Random& random, const VexPrefix& vex, u8 extensions, std::span<u8> bytes) {
    constexpr u8 two_bytes = 0xc5;
    constexpr u8 only_r = 4;
    const u8 source = random.chance(70) ? static_cast<u8>(random.below(16)) : u8{0};
    const auto prefix = vex_bytes(vex, {.extensions = extensions, .source = source});
    if (vex.map == 1 && !vex.w && (extensions & ~only_r) == 0 && random.chance(70)) {
        bytes[0] = two_bytes;
        bytes[1] = static_cast<u8>((prefix[1] & 0x80) | (prefix[2] & 0x7f));
        return 2;
    }
    std::ranges::copy(prefix, bytes.begin());
    return prefix.size();
}

/// The bytes of `encoding`, completed at random.
void write_encoding(Random& random, const Encoding& encoding, std::array<u8, 15>& bytes) {
    random.fill(bytes);
    usize n = 0;
    if (random.chance(6)) {
        constexpr u8 redundant[] = {0x2e, 0x36, 0x3e, 0x26, 0x67, 0xf0, 0x66, 0xf2, 0xf3};
        bytes[n++] = random.pick(redundant);
    }
    for (unsigned i = 0; i < encoding.prefix_count; ++i) {
        bytes[n++] = encoding.prefixes[i];
    }
    const u8 extensions = random.chance(50) ? static_cast<u8>(random.below(8)) : u8{0};
    if (encoding.vex.map != 0) {
        n += write_vex(random, encoding.vex, extensions, std::span{bytes}.subspan(n));
    } else if (encoding.rex_w || extensions != 0) {
        bytes[n++] = static_cast<u8>(0x40 | (encoding.rex_w ? 8 : 0) | extensions);
    }
    for (unsigned i = 0; i < encoding.opcode_count; ++i) {
        bytes[n++] = encoding.opcode[i];
    }
    if (encoding.has_modrm) {
        const u8 free =
            encoding.has_memory() ? static_cast<u8>(random.below(3) << 6 | random.below(8)) : u8{0};
        bytes[n++] = encoding.modrm | free;
    }
}

}  // namespace

CaseGenerator::CaseGenerator(const Decoder& decoder, const sim::presets::CpuModel& model, u64 seed)
    : decoder_(decoder), model_(model), seed_(seed), backgrounds_(background_count) {
    Random random(seed, ~u64{0});
    for (DataImage& image : backgrounds_) {
        for (usize i = 0; i < image.size(); i += 8) {
            const u64 word =
                random.chance(3) ? landing + random.below(256) : interesting_word(random);
            std::memcpy(&image[i], &word, sizeof(word));
        }
    }
}

bool CaseGenerator::encode(Random& random, const Form& form, TestCase& out,
                           Instruction& instruction) const {
    const Encoding& encoding = form.encodings[random.below(form.encodings.size())];
    write_encoding(random, encoding, out.bytes);
    if (decoder_.decode(out.bytes, instruction) != DecodeResult::Ok ||
        instruction.info.mnemonic != form.mnemonic || unsafe(instruction)) {
        return false;
    }
    return form_signature(instruction) == form.signature;
}

void CaseGenerator::place_operands(Random& random, Instruction& instruction, TestCase& out) const {
    for (unsigned i = 0; i < instruction.info.operand_count; ++i) {
        const auto& operand = instruction.operand(i);
        if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY) {
            continue;
        }
        const u64 bytes = std::max<u64>(operand.size / 8U, 1);
        const u64 target = target_of(random, bytes);
        if (is_vector_indexed(operand)) {
            choose_indexes(random, instruction, operand.mem.index, target, out.state);
        }
        aim(random, out, instruction, operand, target);
        if (target >= data_base && target + 32 <= data_base + data_bytes && random.chance(70)) {
            if (bytes == 10) {
                const auto value = interesting_float80(random);
                std::memcpy(&out.data[target - data_base], &value, 10);
            } else {
                const Xmm value[] = {interesting_vector(random), interesting_vector(random)};
                std::memcpy(&out.data[target - data_base], &value, bytes > 16 ? 32 : 16);
            }
        }
    }
    constexpr u64 repeats = ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
    if ((instruction.info.attributes & repeats) != 0) {
        out.state.gpr[rcx] = random.below(20);
    }
}

void CaseGenerator::generate(u64 index, const Form& form, TestCase& out) const {
    Random random(seed_, index);
    out.form = &form;
    randomize_registers(random, out.state);
    out.data = backgrounds_[random.below(background_count)];
    Instruction instruction = blank_instruction(model_, code_base);
    constexpr int attempts = 1000;
    for (int i = 0; i < attempts; ++i) {
        if (encode(random, form, out, instruction)) {
            out.length = instruction.info.length;
            out.state.rip = place_of(random, out.length);
            instruction.rip = out.state.rip;
            place_operands(random, instruction, out);
            out.undefined_result = shifts_too_far(instruction, out.state);
            const auto* flags = instruction.info.cpu_flags;
            out.undefined_flags = flags != nullptr ? flags->undefined : 0;
            return;
        }
    }
    out.length = 0;
}

}  // namespace ringfence::differential
