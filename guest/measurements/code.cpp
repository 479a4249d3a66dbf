// SPDX-License-Identifier: MIT
#include "guest/measurements/code.h"

#include "base/compiler.h"

namespace ringfence::measurements {

void Code::add(std::span<const u8> bytes, u64 copies) {
    RF_ASSERT(copies * bytes.size() <= memory_.size() - used_);
    for (u64 copy = 0; copy < copies; ++copy) {
        for (const u8 byte : bytes) {
            memory_[used_++] = byte;
        }
    }
}

void Code::add_nops(u64 count) {
    constexpr u8 nop = 0x90;
    add(std::span{&nop, 1}, count);
}

/// Operand-size prefixes, then the long form with a 32-bit displacement.
void Code::add_longest_nops(u64 count) {
    constexpr u8 prefix = 0x66;
    constexpr u8 long_nop[] = {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00};
    for (u64 i = 0; i < count; ++i) {
        add(std::span{&prefix, 1}, longest_instruction - sizeof long_nop);
        add(long_nop);
    }
}

void Code::add_number(u64 value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) {
        add_byte(static_cast<u8>(value >> (8 * i)));
    }
}

/// Relative to the end of the four bytes that it is written as.
void Code::add_distance_to(const u8* target) {
    constexpr unsigned bytes = 4;
    const i64 distance = target - (here() + bytes);
    RF_ASSERT(distance == static_cast<i32>(distance));
    add_number(static_cast<u64>(distance), bytes);
}

void Code::jump_to(const u8* target) {
    add_byte(0xe9);
    add_distance_to(target);
}

void Code::jump_short_to(const u8* target) {
    add_byte(0xeb);
    const i64 distance = target - (here() + 1);
    RF_ASSERT(distance == static_cast<i8>(distance));
    add_byte(static_cast<u8>(distance));
}

void Code::call(const u8* target) {
    add_byte(0xe8);
    add_distance_to(target);
}

void Code::jump_if_not_zero_to(const u8* target) {
    add_byte(0x0f);
    add_byte(0x85);
    add_distance_to(target);
}

void Code::move_to(u8* place) {
    RF_ASSERT(place >= here() && place < memory_.data() + memory_.size());
    used_ = static_cast<usize>(place - memory_.data());
}

void Code::load_at_distance(u64 distance) {
    constexpr u8 load_rcx_from_rdi[] = {0x48, 0x8b, 0x8f};
    add(load_rcx_from_rdi);
    add_number(distance, sizeof(u32));
}

void Code::prefetch_at_distance(u64 distance) {
    constexpr u8 prefetch_from_rdi[] = {0x0f, 0x18, 0x97};
    add(prefetch_from_rdi);
    add_number(distance, sizeof(u32));
}

void Code::load_constant(unsigned register_number, u64 value) {
    constexpr u8 rex_w = 0x48;
    constexpr u8 move_immediate = 0xb8;
    add_byte(static_cast<u8>(rex_w | (register_number >> 3U)));
    add_byte(static_cast<u8>(move_immediate | (register_number & 7U)));
    add_number(value, sizeof value);
}

}  // namespace ringfence::measurements
