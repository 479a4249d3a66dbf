// SPDX-License-Identifier: MIT
// x87, SSE and AVX registers of a thread that is stopped for its tracer.
#include <algorithm>
#include <cstring>

#include "kernel/arch/x86_64/extended_state.h"
#include "kernel/arch/x86_64/extended_state_image.h"
#include "kernel_arch/traced_thread.h"

namespace ringfence::kernel::arch {

namespace {

using Image = ExtendedStateImage;

constexpr u64 legacy_components = x86::Xcr0::x87.mask | x86::Xcr0::sse.mask;
/// Where Linux says in the image which components there are: XSTATE's part of what FXSAVE leaves to
/// software. [linux/abi]: struct _fpx_sw_bytes of arch/x86/include/uapi/asm/sigcontext.h
constexpr ImageField<464, u64> components_field{};

/// Of FXSAVE's part, what each component has: XMM registers lie between the two of x87.
struct Part {
    usize start, end;
};
constexpr Part x87_control{0, 24};
constexpr Part x87_registers{32, 160};
constexpr Part sse_registers{160, 416};

void copy_part(ExtendedState& to, const ExtendedState& from, Part part) {
    std::memcpy(to.bytes + part.start, from.bytes + part.start, part.end - part.start);
}

/// XSAVE leaves in the image what it finds in its initial state, as it was.
ExtendedState with_initial_parts(const ExtendedState& saved, u64 present) {
    ExtendedState all = saved;
    const ExtendedState& initial = initial_extended_state();
    if (!x86::Xcr0::x87.test(present)) {
        copy_part(all, initial, x87_control);
        copy_part(all, initial, x87_registers);
    }
    if (!x86::Xcr0::sse.test(present)) {
        copy_part(all, initial, sse_registers);
    }
    if (!x86::Xcr0::avx.test(present)) {
        std::memset(all.bytes + Image::extended, 0, sizeof(all.bytes) - Image::extended);
    }
    return all;
}

}  // namespace

usize traced_extended_state_bytes() {
    return extended_state_bytes();
}

ExtendedState read_extended_state(const ThreadState& state) {
    if (!extended_state().xsave()) {
        return state.extended;
    }
    const x86::XsaveHeader header = Image::xsave_header.get(state.extended);
    ExtendedState all = with_initial_parts(state.extended, header.state);
    components_field.put(all, extended_state().components);
    Image::xsave_header.put(all, {.state = header.state, .compaction = 0, .reserved = {}});
    return all;
}

Fallible<void> write_extended_state(ThreadState& state, std::span<const u8> image) {
    ExtendedState wanted = read_extended_state(state);
    std::memcpy(wanted.bytes, image.data(), std::min(image.size(), sizeof(wanted.bytes)));
    if (extended_state().xsave()) {
        x86::XsaveHeader header = Image::xsave_header.get(wanted);
        if (image.size() == legacy_state_bytes) {
            header.state |= legacy_components;
        }
        for (const u64 reserved : header.reserved) {
            if (reserved != 0) {
                return Error{Errno::Einval};
            }
        }
        Image::xsave_header.put(wanted, header);
    }
    if (!is_loadable(wanted)) {
        return Error{Errno::Einval};
    }
    state.extended = wanted;
    return {};
}

}  // namespace ringfence::kernel::arch
