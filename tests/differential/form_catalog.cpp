// SPDX-License-Identifier: MIT
#include "tests/differential/form_catalog.h"

#include <algorithm>

#include "tests/differential/exclusions.h"

namespace ringfence::differential {

namespace {

using sim::isa::x86::DecodeResult;
using sim::isa::x86::OpBuilder;

constexpr u8 prefix_choices[][2] = {{0, 0},    {0x66, 0},    {0xf2, 0},
                                    {0xf3, 0}, {0x66, 0xf2}, {0x66, 0xf3}};
/// The escape bytes of the opcode maps.
constexpr u8 maps[][2] = {{0, 0}, {0x0f, 0}, {0x0f, 0x38}, {0x0f, 0x3a}};

bool is_prefix(u8 byte) {
    constexpr u8 legacy[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
    const bool rex = byte >= 0x40 && byte <= 0x4f;
    return rex || std::ranges::find(legacy, byte) != std::end(legacy);
}

bool loads_segment(const Instruction& instruction) {
    for (unsigned i = 0; i < instruction.info.operand_count; ++i) {
        const auto& operand = instruction.operand(i);
        const bool writes = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
        if (writes && operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
            ZydisRegisterGetClass(operand.reg.value) == ZYDIS_REGCLASS_SEGMENT) {
            return true;
        }
    }
    return false;
}

/// The decoder gives far returns no branch type.
bool is_far(const Instruction& instruction) {
    const bool far_return =
        instruction.info.mnemonic == ZYDIS_MNEMONIC_RET && (instruction.info.opcode & ~1) == 0xca;
    return far_return || instruction.info.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
}

bool has_vector_index(const Instruction& instruction) {
    for (unsigned i = 0; i < instruction.info.operand_count_visible; ++i) {
        if (is_vector_indexed(instruction.operand(i))) {
            return true;
        }
    }
    return false;
}

bool is_skipped(const Instruction& instruction) {
    const bool far = is_far(instruction);
    return is_excluded(instruction.info.mnemonic, Exclusion::Skip) ||
           (far && is_excluded(ZYDIS_MNEMONIC_INVALID, Exclusion::FarTransfer)) ||
           (loads_segment(instruction) &&
            is_excluded(ZYDIS_MNEMONIC_INVALID, Exclusion::SegmentLoad)) ||
           has_excluded_prefix(instruction);
}

std::string operand_name(const ZydisDecodedOperand& operand) {
    std::string text;
    switch (operand.type) {
        case ZYDIS_OPERAND_TYPE_REGISTER:
            text = "r" + std::to_string(ZydisRegisterGetClass(operand.reg.value));
            break;
        case ZYDIS_OPERAND_TYPE_MEMORY:
            text = "m";
            break;
        case ZYDIS_OPERAND_TYPE_IMMEDIATE:
            text = operand.imm.is_relative != 0 ? "rel" : "i";
            break;
        default:
            text = "p";
            break;
    }
    return text + ":" + std::to_string(operand.size);
}

class Cataloguer {
public:
    Cataloguer(const Decoder& decoder, const sim::presets::CpuModel& model)
        : decoder_(decoder), instruction_(blank_instruction(model, 0x1000)) {}

    void try_opcode(Encoding encoding) {
        if (!decodes(encoding)) {
            // Perhaps only with another reg field, or with register operands.
            try_modrms(encoding);
            return;
        }
        if ((instruction_.info.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0) {
            try_modrms(encoding);
        } else {
            add(encoding);
        }
    }

    std::vector<Form> take() {
        std::vector<Form> forms;
        for (auto& [name, form] : forms_) {
            forms.push_back(std::move(form));
        }
        return forms;
    }

private:
    void try_modrms(Encoding encoding) {
        encoding.has_modrm = true;
        for (unsigned modrm = 0; modrm < 256; ++modrm) {
            const bool memory = modrm < 0xc0;
            const bool with_sib = encoding.vex.map != 0 && (modrm & 0xc7) == 4;
            if (memory && (modrm & 0xc7) != 0 && !with_sib) {
                continue;  // one memory operand stands for all, but for a gather's
            }
            encoding.modrm = static_cast<u8>(modrm);
            if (decodes(encoding) && (instruction_.info.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0 &&
                with_sib == has_vector_index(instruction_)) {
                add(encoding);
            }
        }
    }

    bool decodes(const Encoding& encoding) {
        return decoder_.decode(bytes_of(encoding), instruction_) == DecodeResult::Ok;
    }

    void add(const Encoding& encoding) {
        const std::string name = form_name(instruction_);
        Form& form = forms_[name];
        if (form.encodings.empty()) {
            form.mnemonic = instruction_.info.mnemonic;
            form.name = name;
            form.signature = form_signature(instruction_);
            OpBuilder builder;
            builder.op.length = instruction_.info.length;
            form.bound = sim::isa::x86::bind(instruction_, builder);
            form.skipped = is_skipped(instruction_);
        }
        const u8 opcode = encoding.opcode[encoding.opcode_count - 1U];
        if (excluded(form.mnemonic, Exclusion::Opcode) != opcode || opcode == 0) {
            form.encodings.push_back(encoding);
        }
    }

    const Decoder& decoder_;
    Instruction instruction_;
    std::map<std::string, Form> forms_;
};

}  // namespace

std::array<u8, sim::isa::x86::longest_instruction> bytes_of(const Encoding& encoding) {
    constexpr u8 rex_w = 0x48;
    std::array<u8, sim::isa::x86::longest_instruction> bytes{};
    constexpr u8 sib_with_second_index = 0x08;
    auto next = std::copy_n(encoding.prefixes, encoding.prefix_count, bytes.begin());
    if (encoding.vex.map != 0) {
        next = std::ranges::copy(vex_bytes(encoding.vex, {}), next).out;
    }
    if (encoding.rex_w) {
        *next++ = rex_w;
    }
    next = std::copy_n(encoding.opcode, encoding.opcode_count, next);
    if (encoding.has_modrm) {
        *next++ = encoding.modrm;
        *next = encoding.vex.map != 0 ? sib_with_second_index : u8{0};
    }
    return bytes;
}

std::array<u8, 3> vex_bytes(const VexPrefix& vex, const VexRegisters& registers) {
    constexpr u8 three_bytes = 0xc4;
    const unsigned first = (~registers.extensions & 7U) << 5 | vex.map;
    const unsigned second =
        (vex.w ? 0x80U : 0U) | (~registers.source & 0xfU) << 3 | (vex.l ? 4U : 0U) | vex.prefix;
    return {three_bytes, static_cast<u8>(first), static_cast<u8>(second)};
}

bool is_vector_indexed(const ZydisDecodedOperand& operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_VSIB;
}

Instruction blank_instruction(const sim::presets::CpuModel& model, u64 rip) {
    using sim::cpu::ExecutionMode;
    Instruction instruction;
    instruction.rip = rip;
    instruction.mode = ExecutionMode::code64.mask | ExecutionMode::user.mask |
                       ExecutionMode::monitor.mask | ExecutionMode::protected_mode.mask;
    instruction.model = &model;
    return instruction;
}

bool has_excluded_prefix(const Instruction& instruction) {
    const auto has = [&](u8 wanted) {
        const auto& raw = instruction.info.raw;
        return std::any_of(raw.prefixes, raw.prefixes + raw.prefix_count,
                           [&](const auto& prefix) { return prefix.value == wanted; });
    };
    const auto type = instruction.info.meta.branch_type;
    const bool near = type == ZYDIS_BRANCH_TYPE_SHORT || type == ZYDIS_BRANCH_TYPE_NEAR;
    return (near && has(0x66) &&
            is_excluded(ZYDIS_MNEMONIC_INVALID, Exclusion::OperandSizePrefix)) ||
           ((has(0xf2) || has(0xf3)) &&
            is_excluded(instruction.info.mnemonic, Exclusion::RepeatPrefix));
}

std::string form_name(const Instruction& instruction) {
    std::string name = ZydisMnemonicGetString(instruction.info.mnemonic);
    name += is_far(instruction) ? " far" : "";
    for (unsigned i = 0; i < instruction.info.operand_count_visible; ++i) {
        name += " " + operand_name(instruction.operand(i));
    }
    if (instruction.info.operand_count_visible == 0) {
        name += " w" + std::to_string(instruction.info.operand_width);
    }
    return name;
}

u64 form_signature(const Instruction& instruction) {
    u64 signature = is_far(instruction) ? 1 : 0;
    const unsigned visible = instruction.info.operand_count_visible;
    const auto append = [&](u64 value) { signature = signature * 0x1000'0000'01b3 + value; };
    append(visible == 0 ? instruction.info.operand_width : 0U);
    for (unsigned i = 0; i < visible; ++i) {
        const auto& operand = instruction.operand(i);
        append(operand.type);
        append(operand.size);
        append(operand.type == ZYDIS_OPERAND_TYPE_REGISTER
                   ? ZydisRegisterGetClass(operand.reg.value)
                   : ZYDIS_REGCLASS_INVALID);
        append(operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? operand.imm.is_relative : 0U);
    }
    return signature;
}

namespace {

void catalog_legacy(Cataloguer& cataloguer) {
    for (const auto& prefixes : prefix_choices) {
        for (const auto& map : maps) {
            for (unsigned rex_w = 0; rex_w < 2; ++rex_w) {
                for (unsigned opcode = 0; opcode < 256; ++opcode) {
                    const bool one_byte = map[0] == 0;
                    if (one_byte && (is_prefix(static_cast<u8>(opcode)) || opcode == 0x0f)) {
                        continue;
                    }
                    Encoding encoding;
                    encoding.rex_w = rex_w != 0;
                    for (const u8 prefix : prefixes) {
                        if (prefix != 0) {
                            encoding.prefixes[encoding.prefix_count++] = prefix;
                        }
                    }
                    for (const u8 escape : map) {
                        if (escape != 0) {
                            encoding.opcode[encoding.opcode_count++] = escape;
                        }
                    }
                    encoding.opcode[encoding.opcode_count++] = static_cast<u8>(opcode);
                    cataloguer.try_opcode(encoding);
                }
            }
        }
    }
}

void catalog_vex(Cataloguer& cataloguer) {
    for (unsigned bits = 0; bits < 16; ++bits) {
        for (u8 map = 1; map <= 3; ++map) {
            for (unsigned opcode = 0; opcode < 256; ++opcode) {
                Encoding encoding;
                encoding.vex = {.map = map,
                                .prefix = static_cast<u8>(bits & 3),
                                .w = (bits & 4) != 0,
                                .l = (bits & 8) != 0};
                encoding.opcode[encoding.opcode_count++] = static_cast<u8>(opcode);
                cataloguer.try_opcode(encoding);
            }
        }
    }
}

}  // namespace

std::vector<Form> catalog_forms(const Decoder& decoder, const sim::presets::CpuModel& model) {
    Cataloguer cataloguer(decoder, model);
    catalog_legacy(cataloguer);
    catalog_vex(cataloguer);
    return cataloguer.take();
}

}  // namespace ringfence::differential
