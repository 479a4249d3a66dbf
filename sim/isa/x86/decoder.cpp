// SPDX-License-Identifier: MIT
#include "sim/isa/x86/decoder.h"

#include "arch/x86/cpuid.h"

namespace ringfence::sim::isa::x86 {
namespace {

using cpu::ExecutionMode;
namespace feature = arch::x86::cpuid_feature;

/// What every x86-64 CPU has.
constexpr ZydisISASet baseline[] = {
    ZYDIS_ISA_SET_I86,      ZYDIS_ISA_SET_I186,        ZYDIS_ISA_SET_I286PROTECTED,
    ZYDIS_ISA_SET_I286REAL, ZYDIS_ISA_SET_I386,        ZYDIS_ISA_SET_I486,
    ZYDIS_ISA_SET_I486REAL, ZYDIS_ISA_SET_PENTIUMREAL, ZYDIS_ISA_SET_PPRO,
    ZYDIS_ISA_SET_LONGMODE, ZYDIS_ISA_SET_FAT_NOP,     ZYDIS_ISA_SET_PREFETCH_NOP,
    ZYDIS_ISA_SET_PAUSE,    ZYDIS_ISA_SET_RDPMC,       ZYDIS_ISA_SET_SSE_PREFETCH,
};

struct FeatureRow {
    ZydisISASet set;
    arch::x86::CpuidFeature feature;
};

/// Instructions that take a second feature. [intel/vol1]: 14.3, 14.4.1, 14.5.3
constexpr FeatureRow also_needed[] = {
    {ZYDIS_ISA_SET_AVXAES, feature::aes},     {ZYDIS_ISA_SET_AVX2, feature::avx},
    {ZYDIS_ISA_SET_AVX2GATHER, feature::avx}, {ZYDIS_ISA_SET_FMA, feature::avx},
    {ZYDIS_ISA_SET_F16C, feature::avx},
};

constexpr FeatureRow optional_sets[] = {
    {ZYDIS_ISA_SET_X87, feature::fpu},
    {ZYDIS_ISA_SET_FCMOV, feature::cmov},
    {ZYDIS_ISA_SET_CMOV, feature::cmov},
    {ZYDIS_ISA_SET_CMPXCHG16B, feature::cmpxchg16b},
    {ZYDIS_ISA_SET_LAHF, feature::lahf64},
    {ZYDIS_ISA_SET_CLFSH, feature::clflush},
    {ZYDIS_ISA_SET_CLFLUSHOPT, feature::clflushopt},
    {ZYDIS_ISA_SET_CLWB, feature::clwb},
    {ZYDIS_ISA_SET_FXSAVE, feature::fxsr},
    {ZYDIS_ISA_SET_FXSAVE64, feature::fxsr},
    {ZYDIS_ISA_SET_XSAVE, feature::xsave},
    {ZYDIS_ISA_SET_XSAVEOPT, feature::xsaveopt},
    {ZYDIS_ISA_SET_XSAVEC, feature::xsavec},
    {ZYDIS_ISA_SET_XSAVES, feature::xsaves},
    {ZYDIS_ISA_SET_PKU, feature::pku},
    {ZYDIS_ISA_SET_PENTIUMMMX, feature::mmx},
    {ZYDIS_ISA_SET_SSE, feature::sse},
    {ZYDIS_ISA_SET_SSEMXCSR, feature::sse},
    {ZYDIS_ISA_SET_SSE2, feature::sse2},
    {ZYDIS_ISA_SET_SSE2MMX, feature::sse2},
    {ZYDIS_ISA_SET_SSE3, feature::sse3},
    {ZYDIS_ISA_SET_SSE3X87, feature::sse3},
    {ZYDIS_ISA_SET_SSSE3, feature::ssse3},
    {ZYDIS_ISA_SET_SSSE3MMX, feature::ssse3},
    {ZYDIS_ISA_SET_SSE4, feature::sse4_1},
    {ZYDIS_ISA_SET_SSE42, feature::sse4_2},
    {ZYDIS_ISA_SET_POPCNT, feature::popcnt},
    {ZYDIS_ISA_SET_LZCNT, feature::lzcnt},
    {ZYDIS_ISA_SET_BMI1, feature::bmi1},
    {ZYDIS_ISA_SET_BMI2, feature::bmi2},
    {ZYDIS_ISA_SET_ADOX_ADCX, feature::adx},
    {ZYDIS_ISA_SET_MOVBE, feature::movbe},
    {ZYDIS_ISA_SET_MONITOR, feature::monitor},
    {ZYDIS_ISA_SET_INVPCID, feature::invpcid},
    {ZYDIS_ISA_SET_RDWRFSGS, feature::fsgsbase},
    {ZYDIS_ISA_SET_RDTSCP, feature::rdtscp},
    {ZYDIS_ISA_SET_RDPID, feature::rdpid},
    {ZYDIS_ISA_SET_SMAP, feature::smap},
    {ZYDIS_ISA_SET_AES, feature::aes},
    {ZYDIS_ISA_SET_PCLMULQDQ, feature::pclmulqdq},
    {ZYDIS_ISA_SET_SHA, feature::sha},
    {ZYDIS_ISA_SET_RTM, feature::rtm},
    {ZYDIS_ISA_SET_AVX, feature::avx},
    {ZYDIS_ISA_SET_AVXAES, feature::avx},
    {ZYDIS_ISA_SET_AVX2, feature::avx2},
    {ZYDIS_ISA_SET_AVX2GATHER, feature::avx2},
    {ZYDIS_ISA_SET_FMA, feature::fma},
    {ZYDIS_ISA_SET_F16C, feature::f16c},
};

constexpr u8 repeat_prefix = 0xf3;

/// Where Zydis 4.0 forgets that SIB base 101B with mod 0 means "no base, disp32" for R13D as well
/// as for EBP. [intel/vol2]: table 2-3
void correct_base(Instruction& instruction) {
    const auto& raw = instruction.info.raw;
    for (auto& operand : instruction.operands) {
        if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.base == ZYDIS_REGISTER_R13D &&
            raw.modrm.mod == 0 && raw.disp.size == 32) {
            operand.mem.base = ZYDIS_REGISTER_NONE;
            operand.mem.disp.has_displacement = 1;
            operand.mem.disp.value = raw.disp.value;
        }
    }
}

/// With REX.B, opcode 90H exchanges R8 and RAX, and F3 does not make it PAUSE.
bool is_exchange_with_repeat(const Instruction& instruction) {
    return instruction.info.mnemonic == ZYDIS_MNEMONIC_PAUSE && instruction.info.raw.rex.B != 0;
}

}  // namespace

Decoder::Decoder(const presets::CpuModel& model) {
    const bool has_lzcnt = model.has(feature::lzcnt);
    const bool has_tzcnt = model.has(feature::bmi1);
    constexpr struct {
        ZydisMachineMode mode;
        ZydisStackWidth stack;
    } machines[] = {{ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64},
                    {ZYDIS_MACHINE_MODE_LONG_COMPAT_32, ZYDIS_STACK_WIDTH_32},
                    {ZYDIS_MACHINE_MODE_LONG_COMPAT_16, ZYDIS_STACK_WIDTH_16}};
    for (unsigned i = 0; i < decoders_.size(); ++i) {
        ZydisDecoder& decoder = decoders_[i];
        ZydisDecoderInit(&decoder, machines[i].mode, machines[i].stack);
        // Encodings that are other instructions, or NOPs, where the feature is absent.
        ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_LZCNT, has_lzcnt ? 1 : 0);
        ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_TZCNT, has_tzcnt ? 1 : 0);
        ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, 0);
        ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_CET, 0);
        ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_WBNOINVD, 0);
        ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_CLDEMOTE, 0);
    }
    for (const ZydisISASet set : baseline) {
        support_[set] = Support::Shown;
    }
    for (const FeatureRow& row : optional_sets) {
        support_[row.set] = model.has(row.feature) ? Support::Shown : Support::Hidden;
    }
    for (const FeatureRow& row : also_needed) {
        if (!model.has(row.feature)) {
            support_[row.set] = Support::Hidden;
        }
    }
    support_[ZYDIS_ISA_SET_AMD] = Support::Shown;  // SYSCALL and SYSRET
}

DecodeResult Decoder::decode(std::span<const u8> bytes, Instruction& out) const {
    const ZydisDecoder& decoder = decoders_[operand_bits(out.mode) == 64   ? 0
                                            : operand_bits(out.mode) == 32 ? 1
                                                                           : 2];
    const ZyanStatus status = ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(),
                                                     &out.info, out.operands.data());
    if (status == ZYDIS_STATUS_NO_MORE_DATA) {
        return bytes.size() >= longest_instruction ? DecodeResult::TooLong
                                                   : DecodeResult::NeedsMoreBytes;
    }
    if (status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG) {
        return DecodeResult::TooLong;
    }
    // Real and virtual-8086 mode have no VEX prefixes. [intel/vol2]: 2.3.11
    const bool no_vex = ExecutionMode::paragraphs.test(out.mode);
    if (!ZYAN_SUCCESS(status) || (no_vex && out.info.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX)) {
        return DecodeResult::Undefined;
    }
    const Support support = support_[out.info.meta.isa_set];
    if (support != Support::Shown) {
        return support == Support::Hidden ? DecodeResult::Undefined : DecodeResult::Unimplemented;
    }
    correct_base(out);
    return is_exchange_with_repeat(out) ? decode_without_repeat(bytes, out) : DecodeResult::Ok;
}

DecodeResult Decoder::decode_without_repeat(std::span<const u8> bytes, Instruction& out) const {
    std::array<u8, longest_instruction> rest{};
    const unsigned length = out.info.length;
    unsigned kept = 0;
    for (unsigned i = 0; i < length; ++i) {
        if (bytes[i] != repeat_prefix) {
            rest[kept++] = bytes[i];
        }
    }
    const DecodeResult result = decode(std::span{rest}.first(kept), out);
    out.info.length = static_cast<u8>(length);
    return result;
}

unsigned operand_bits(u32 mode) {
    if (ExecutionMode::code64.test(mode)) {
        return 64;
    }
    return ExecutionMode::code32.test(mode) ? 32 : 16;
}

}  // namespace ringfence::sim::isa::x86
