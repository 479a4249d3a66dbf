// SPDX-License-Identifier: MIT
// The floating point and vector registers of an x86 processor, as plain data, and the memory images
// that FXSAVE, FNSAVE and FNSTENV make of them.
#pragma once

#include <array>

#include "base/bits.h"
#include "base/types.h"
#include "sim/state/forward.h"

namespace ringfence::sim::cpu {

/// One XMM register, or any 16-byte memory operand. Byte 0 is the lowest byte of `low`.
struct alignas(16) Xmm {
    u64 low = 0;
    u64 high = 0;

    bool operator==(const Xmm&) const = default;
};
static_assert(sizeof(Xmm) == 16);

/// A number in double extended precision. [intel/vol1]: 4.2.2, 8.2
struct Float80 {
    /// Bit 63 is the explicit integer bit.
    u64 significand = 0;
    /// Bit 15 is the sign, bits 14:0 the exponent biased by 16383.
    u16 sign_exponent = 0;

    bool operator==(const Float80&) const = default;
};

/// The MXCSR register. [intel/vol1]: 10.2.3
namespace mxcsr {
using Flags = Bitfield<0, 6, u32>;
using DenormalsAreZero = Flag<6, u32>;
/// Set bits mask the exception whose flag has the same place in `Flags`.
using Masks = Bitfield<7, 6, u32>;
using RoundingControl = Bitfield<13, 2, u32>;
using FlushToZero = Flag<15, u32>;
inline constexpr u32 reset_value = 0x1f80;
/// Bits that software may set; LDMXCSR and FXRSTOR of any other bit raise #GP(0).
inline constexpr u32 writable = 0xffff;
}  // namespace mxcsr

/// The x87 control word. [intel/vol1]: 8.1.5
namespace x87_control {
using Masks = Bitfield<0, 6, u16>;
/// 0 single, 2 double, 3 double extended; 1 is reserved.
using PrecisionControl = Bitfield<8, 2, u16>;
using RoundingControl = Bitfield<10, 2, u16>;
/// Value after FNINIT, and after power-up.
inline constexpr u16 init_value = 0x037f;
inline constexpr u16 reset_value = 0x0040;
/// Bits that FLDCW keeps; bit 6 always reads as one.
inline constexpr u16 writable = 0x1f3f;
inline constexpr u16 always_set = 0x0040;
}  // namespace x87_control

/// The x87 status word. [intel/vol1]: 8.1.3
namespace x87_status {
using Flags = Bitfield<0, 6, u16>;
using StackFault = Flag<6, u16>;
using ErrorSummary = Flag<7, u16>;
using C0 = Flag<8, u16>;
using C1 = Flag<9, u16>;
using C2 = Flag<10, u16>;
using Top = Bitfield<11, 3, u16>;
using C3 = Flag<14, u16>;
using Busy = Flag<15, u16>;
}  // namespace x87_status

/// What FXSAVE writes: the first 416 of the area's 512 bytes; the rest stays as software left it.
/// The 32-bit forms write only the part that ends before XMM8. [intel/vol1]: 10.5.1
struct FxsaveImage {
    u16 control;
    u16 status;
    /// Bit i set: physical register Ri is not empty.
    u8 valid;
    u8 reserved_5;
    u16 opcode;
    /// With REX.W 64 bits of offset; without, 32 bits of offset, the selector above them.
    u64 instruction_pointer;
    u64 data_pointer;
    u32 mxcsr;
    u32 mxcsr_mask;
    struct Register {
        u64 significand;
        u16 sign_exponent;
        std::array<u8, 6> reserved;
    };
    /// In stack order: st[0] is ST(0).
    std::array<Register, 8> st;
    std::array<Xmm, 16> xmm;
};
inline constexpr usize fxsave_area_bytes = 512;
inline constexpr usize fxsave_bytes_without_xmm8 = 288;
static_assert(sizeof(FxsaveImage) == 416);

/// Whether an FXSAVE or FXRSTOR image holds 64-bit pointers (REX.W) or offset and selector.
enum class FxsaveForm : u8 { Legacy, Wide };

/// What FNSTENV writes with a 32-bit operand size in protected mode. [intel/vol1]: 8.1.10
struct X87Environment {
    u16 control;
    u16 reserved_2;
    u16 status;
    u16 reserved_6;
    /// Two bits a register: 0 valid, 1 zero, 2 special, 3 empty.
    u16 tags;
    u16 reserved_10;
    u32 instruction_pointer;
    u16 code_selector;
    u16 opcode;
    u32 data_pointer;
    u16 data_selector;
    u16 reserved_26;
};
static_assert(sizeof(X87Environment) == 28);

/// The same with a 16-bit operand size.
struct X87Environment16 {
    u16 control;
    u16 status;
    u16 tags;
    u16 instruction_pointer;
    u16 code_selector;
    u16 data_pointer;
    u16 data_selector;
};
static_assert(sizeof(X87Environment16) == 14);

/// An 80-bit register in memory, as FSTP m80 and FNSAVE write it.
struct [[gnu::packed]] Float80Image {
    u64 significand;
    u16 sign_exponent;
};
static_assert(sizeof(Float80Image) == 10);

/// All x87, MMX, SSE and AVX state of one logical processor. Plain data: copy it to save it.
///
/// The selectors of the last instruction and its operand are not kept: like every Intel CPU since
/// Haswell this one reports CPUID.7.0:EBX[13], "deprecates FPU CS and FPU DS", and stores zeros.
struct FpuState {
    /// Bits 127:0 of the vector registers, and bits 255:128: YMMi is both. SSE instructions leave
    /// the upper half alone; VEX-encoded ones of 128 bits and less clear it. [intel/vol1]: 14.1.3
    std::array<Xmm, 16> xmm{};
    std::array<Xmm, 16> upper{};
    /// Physical registers R0 to R7; the low 64 bits of Ri are MMi.
    std::array<Float80, 8> registers{};
    u64 last_instruction_pointer = 0;
    u64 last_data_pointer = 0;
    u32 mxcsr = mxcsr::reset_value;
    u16 control = x87_control::reset_value;
    u16 status = 0;
    /// The low 11 bits of the last instruction's first two opcode bytes.
    u16 last_opcode = 0;
    /// Bit i set: Ri is not empty. The values at power-up are zeros that are tagged valid.
    u8 valid = 0xff;

    bool operator==(const FpuState&) const = default;

    [[nodiscard]] unsigned top() const { return x87_status::Top::get(status); }
    void set_top(unsigned value) { status = x87_status::Top::set(status, static_cast<u16>(value)); }
    /// Physical index of ST(i).
    [[nodiscard]] unsigned physical(unsigned i) const { return (top() + i) % 8; }
    [[nodiscard]] bool is_empty(unsigned i) const { return (valid >> physical(i) & 1) == 0; }

    /// FNINIT. Registers keep their contents and become empty; MXCSR and XMM stay. [intel/vol2]:
    /// FINIT
    void initialize_x87();

    /// Two-bit tags as FNSTENV and FNSAVE report them, computed from the contents.
    [[nodiscard]] u16 full_tags() const;
    void set_full_tags(u16 tags);

    /// Sets ES and B to say whether an unmasked exception is pending.
    void update_error_summary();
    /// Whether the next waiting x87 instruction must report an error.
    [[nodiscard]] bool error_pending() const { return x87_status::ErrorSummary::test(status); }

    [[nodiscard]] FxsaveImage fxsave_image(FxsaveForm form) const;
    /// Loads the image with its first `xmm_count` (8 or 16) XMM registers. The caller has checked
    /// that `image.mxcsr` holds no reserved bits.
    void load_fxsave_image(const FxsaveImage& image, FxsaveForm form, unsigned xmm_count);

    [[nodiscard]] X87Environment environment() const;
    [[nodiscard]] X87Environment16 environment16() const;
    void load_environment(const X87Environment& image);
    void load_environment(const X87Environment16& image);

    [[nodiscard]] Float80Image register_image(unsigned i) const;
    void load_register(unsigned i, const Float80Image& image);

    void visit_state(state::Visitor& visitor);
};

}  // namespace ringfence::sim::cpu
