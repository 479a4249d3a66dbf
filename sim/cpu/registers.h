// SPDX-License-Identifier: MIT
// The register file that cached instructions address by byte offset, and the segment registers with
// the descriptors they cache.
#pragma once

#include <array>

#include "base/bits.h"
#include "base/types.h"
#include "sim/state/forward.h"

namespace ringfence::sim::cpu {

/// Encoding order of the general registers. [intel/vol2]: 3.1.1.1
enum class Gpr : u8 {
    Rax,
    Rcx,
    Rdx,
    Rbx,
    Rsp,
    Rbp,
    Rsi,
    Rdi,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
};

/// Encoding order of the segment registers. [intel/vol2]: 3.1.1.3
enum class SegmentRegister : u8 { Es, Cs, Ss, Ds, Fs, Gs };
inline constexpr unsigned segment_register_count = 6;

/// Where a value lies in the register file, in bytes from its start. AL has the slot of RAX, AH
/// that slot plus one.
using Slot = u8;

constexpr Slot slot_of(Gpr r) {
    return static_cast<Slot>(static_cast<u8>(r) * 8);
}
/// Always reads as zero: the base or index of an operand that has none.
inline constexpr Slot zero_slot = 16 * 8;
/// A linear address computed by an earlier op of the same instruction.
inline constexpr Slot address_slot = 17 * 8;
/// Segment bases. Those of FS and GS are IA32_FS_BASE and IA32_GS_BASE.
constexpr Slot base_slot(SegmentRegister s) {
    return static_cast<Slot>((18 + static_cast<u8>(s)) * 8);
}
inline constexpr unsigned slot_count = 24;

/// General registers and what address arithmetic needs beside them, in one array, so that an op
/// reads any of them with one indexed load.
class RegisterFile {
public:
    /// The `Word`-sized value at `slot`.
    template <typename Word>
    [[nodiscard]] Word get(Slot slot) const {
        Word value;
        __builtin_memcpy(&value, bytes() + slot, sizeof(Word));
        return value;
    }
    /// Writes as instructions do: 32-bit writes clear bits 63:32, smaller ones keep the rest.
    template <typename Word>
    void set(Slot slot, Word value) {
        if constexpr (sizeof(Word) == 4) {
            const u64 wide = value;
            __builtin_memcpy(bytes() + slot, &wide, sizeof(wide));
        } else {
            __builtin_memcpy(bytes() + slot, &value, sizeof(Word));
        }
    }

    u64& operator[](Gpr r) { return slots_[static_cast<u8>(r)]; }
    u64 operator[](Gpr r) const { return slots_[static_cast<u8>(r)]; }
    [[nodiscard]] u64 base(SegmentRegister s) const { return slots_[18 + static_cast<u8>(s)]; }
    void set_base(SegmentRegister s, u64 value) { slots_[18 + static_cast<u8>(s)] = value; }

private:
    [[nodiscard]] const u8* bytes() const { return reinterpret_cast<const u8*>(slots_.data()); }
    u8* bytes() { return reinterpret_cast<u8*>(slots_.data()); }

    std::array<u64, slot_count> slots_{};
};

/// The visible and the hidden part of a segment register, LDTR or TR; the base of a segment
/// register is in the register file.
struct Segment {
    u16 selector = 0;
    /// False after a null selector was loaded.
    bool usable = false;
    /// The last valid offset, granularity applied.
    u32 limit = 0;
    /// As read from the table (its first 8 bytes): arch::x86::SegmentDescriptor.
    u64 descriptor = 0;

    void visit_state(state::Visitor& visitor);
};

/// LDTR and TR.
struct SystemSegment : Segment {
    u64 base = 0;

    void visit_state(state::Visitor& visitor);
};

/// GDTR and IDTR.
struct TableRegister {
    u64 base = 0;
    u16 limit = 0;
};

}  // namespace ringfence::sim::cpu
