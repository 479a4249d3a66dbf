// SPDX-License-Identifier: MIT
// Writes code at run time: how many instructions lie between two others is what many measurements
// vary.
#pragma once

#include <span>

#include "base/types.h"

namespace ringfence::measurements {

/// Instructions written one after another into memory that may be executed. Asserts that they fit.
class Code {
public:
    explicit Code(std::span<u8> memory) : memory_(memory) {}

    /// Begins anew.
    void clear() { used_ = 0; }
    /// Where the next instruction will lie.
    [[nodiscard]] u8* here() const { return memory_.data() + used_; }
    [[nodiscard]] u8* begin() const { return memory_.data(); }
    [[nodiscard]] std::span<u8> memory() const { return memory_; }

    void add(std::span<const u8> bytes, u64 copies = 1);
    /// One-byte NOPs.
    void add_nops(u64 count);
    /// NOPs of the longest length that an instruction may have. [intel/vol2]: NOP, 2.3.11
    void add_longest_nops(u64 count);
    /// JMP rel32; five bytes.
    void jump_to(const u8* target);
    /// Goes on at `place`, which lies behind all that was written.
    void move_to(u8* place);
    /// JMP rel8; two bytes.
    void jump_short_to(const u8* target);
    /// CALL rel32; five bytes.
    void call(const u8* target);
    /// JNZ rel32.
    void jump_if_not_zero_to(const u8* target);
    /// MOV of what lies `distance` bytes behind RDI into RCX; seven bytes.
    void load_at_distance(u64 distance);
    /// PREFETCHT1 of it.
    void prefetch_at_distance(u64 distance);
    /// MOV of a constant into RAX, RCX, RDX or another register by its number.
    void load_constant(unsigned register_number, u64 value);

private:
    void add_byte(u8 byte) { add(std::span{&byte, 1}); }
    void add_number(u64 value, unsigned bytes);
    void add_distance_to(const u8* target);

    std::span<u8> memory_;
    usize used_ = 0;
};

inline constexpr unsigned longest_instruction = 15;

}  // namespace ringfence::measurements
