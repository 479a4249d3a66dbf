// SPDX-License-Identifier: MIT
// The extended state in a signal frame. [linux/abi]: arch/x86/include/uapi/asm/sigcontext.h
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <ucontext.h>

constexpr std::uint32_t first_magic = 0x46505853;
constexpr std::uint32_t second_magic = 0x46505845;
constexpr std::uint64_t x87_component = 1;
constexpr std::uint64_t sse_component = 2;
constexpr std::uint64_t avx_component = 4;

/// Its first 832 bytes, or what there is of them.
struct SignalArea {
    std::uint16_t control_word;
    unsigned char unused[22];
    std::uint32_t mxcsr;
    std::uint32_t mxcsr_mask;
    unsigned char x87[8][16];
    unsigned char xmm[16][16];
    unsigned char reserved[48];
    std::uint32_t magic;  ///< from here on struct _fpx_sw_bytes
    std::uint32_t bytes_with_end;
    std::uint64_t features;
    std::uint32_t bytes;
    std::uint32_t padding[7];
    std::uint64_t state;  ///< from here on the XSAVE header
    std::uint64_t compaction;
    std::uint64_t header_reserved[6];
    unsigned char upper[16][16];
};
static_assert(offsetof(SignalArea, magic) == 464);
static_assert(offsetof(SignalArea, state) == 512);
static_assert(sizeof(SignalArea) == 832);

inline SignalArea& area_of(const ucontext_t& context) {
    return *reinterpret_cast<SignalArea*>(context.uc_mcontext.fpregs);
}
inline void move_area(ucontext_t& context, void* to) {
    context.uc_mcontext.fpregs = static_cast<fpregset_t>(to);
}
inline void move_area(ucontext_t& context, std::uint64_t to) {
    std::memcpy(&context.uc_mcontext.fpregs, &to, sizeof to);
}

inline std::uint32_t end_of(const SignalArea& area) {
    std::uint32_t end;
    std::memcpy(&end, reinterpret_cast<const unsigned char*>(&area) + area.bytes, sizeof end);
    return end;
}
inline void set_end(SignalArea& area, std::uint32_t end) {
    std::memcpy(reinterpret_cast<unsigned char*>(&area) + area.bytes, &end, sizeof end);
}

/// Whether all of the frame is as it should be on this processor.
bool is_well_formed(const ucontext_t& context);

/// Frames that a handler changed before it returned: what is loaded, and what ends the program.
void damaged_frames();
