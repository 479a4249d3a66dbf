// SPDX-License-Identifier: MIT
// What an image of extended state holds where, and which images a CPU would refuse.
// [intel/vol1]: 10.5.1, 13.4
#pragma once

#include "kernel/arch/x86_64/extended_state_support.h"
#include "kernel_arch/thread_state.h"

namespace ringfence::kernel::arch {

/// A field of an image at a fixed place.
template <usize offset, typename T>
struct ImageField {
    static_assert(offset + sizeof(T) <= sizeof(ExtendedState));

    static T get(const ExtendedState& image) {
        T value;
        __builtin_memcpy(&value, image.bytes + offset, sizeof(T));
        return value;
    }
    static void put(ExtendedState& image, const T& value) {
        __builtin_memcpy(image.bytes + offset, &value, sizeof(T));
    }
};

struct ExtendedStateImage {
    static constexpr ImageField<0, u16> control_word{};
    static constexpr ImageField<24, u32> mxcsr{};
    static constexpr ImageField<28, u32> mxcsr_mask{};
    static constexpr u32 header = x86::XsaveArea::header;  ///< where FXSAVE's part ends
    static constexpr ImageField<header, x86::XsaveHeader> xsave_header{};
    static constexpr u32 extended = x86::XsaveArea::extended;

    static constexpr u16 initial_control_word = 0x37f;  // all exceptions masked, 64-bit precision
    static constexpr u32 initial_mxcsr = 0x1f80;        // all exceptions masked, round to nearest
    /// The bits of MXCSR if `mxcsr_mask` is 0: no denormals-are-zero. [intel/vol1]: 11.6.6
    static constexpr u32 oldest_mxcsr_mask = 0xffbf;
};

/// No component is in use, by the header; FXRSTOR, which has no header, finds the same.
inline ExtendedState make_initial_extended_state() {
    ExtendedState image{};
    ExtendedStateImage::control_word.put(image, ExtendedStateImage::initial_control_word);
    ExtendedStateImage::mxcsr.put(image, ExtendedStateImage::initial_mxcsr);
    return image;
}

/// Whether XRSTOR of all components that `support` has takes `image`, or FXRSTOR if it has none:
/// the compacted format, which XRSTOR knows too, is not asked for by anyone and refused.
/// [intel/vol1]: 13.8.1
inline bool is_loadable(const ExtendedState& image, const ExtendedStateSupport& support,
                        u32 usable_mxcsr) {
    if ((ExtendedStateImage::mxcsr.get(image) & ~usable_mxcsr) != 0) {
        return false;
    }
    // Of what is reserved in the header XRSTOR looks at the first 16 bytes.
    const auto header = ExtendedStateImage::xsave_header.get(image);
    return !support.xsave() || ((header.state & ~support.components) == 0 &&
                                header.compaction == 0 && header.reserved[0] == 0);
}

}  // namespace ringfence::kernel::arch
