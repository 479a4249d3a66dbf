// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/signal_extended_state.h"

#include "kernel/arch/x86_64/extended_state.h"
#include "kernel/arch/x86_64/extended_state_image.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::arch {

namespace {

using Image = ExtendedStateImage;

/// struct _fpx_sw_bytes: what lies in the part of FXSAVE's 512 bytes that CPUs leave to software.
struct SoftwareBytes {
    u32 magic;
    u32 bytes_with_end;  ///< all that belongs to the state
    u64 components;
    u32 bytes;  ///< of the image; the second magic number is behind it
    u32 reserved[7];
};
static_assert(sizeof(SoftwareBytes) == 48);
constexpr u32 software_offset = 464;
constexpr ImageField<software_offset, SoftwareBytes> software_field{};
static_assert(software_offset + sizeof(SoftwareBytes) == Image::header);

constexpr u32 first_magic = 0x4650'5853;
constexpr u32 second_magic = 0x4650'5845;

constexpr u64 legacy_components = x86::Xcr0::x87.mask | x86::Xcr0::sse.mask;
constexpr u64 fxrstor_alignment = 16;

/// `extended`: whether the program, which may have put together the frame by itself, knows of more
/// than FXSAVE's part. As in Linux the magic numbers and plausible sizes decide. False: it cannot
/// be read.
bool find_software_bytes(VirtualAddress place, SoftwareBytes& found, bool& extended) {
    if (!get_user(found, place + software_offset)) {
        return false;
    }
    extended = found.magic == first_magic && found.bytes >= Image::extended &&
               found.bytes <= extended_state_bytes() && found.bytes <= found.bytes_with_end;
    if (!extended) {
        return true;
    }
    u32 end = 0;
    if (!get_user(end, place + found.bytes)) {
        return false;
    }
    extended = end == second_magic;
    return true;
}

/// FXSAVE's part alone: the other components get their initial state.
bool read_legacy_image(ExtendedState& image, VirtualAddress place) {
    if (!place.is_aligned(fxrstor_alignment) || !copy_from_user(&image, place, Image::header)) {
        return false;
    }
    Image::xsave_header.put(image, {.state = legacy_components, .compaction = 0, .reserved = {}});
    return true;
}

/// Of the components that the header says are there, takes those that are in `wanted` too.
bool read_xsave_image(ExtendedState& image, VirtualAddress place, u64 wanted) {
    if (!place.is_aligned(signal_extended_state_alignment) ||
        !copy_from_user(&image, place, Image::extended)) {
        return false;
    }
    if (!x86::Xcr0::sse.test(wanted)) {
        Image::mxcsr.put(image, Image::initial_mxcsr);
    }
    if (!is_loadable(image)) {
        return false;
    }
    x86::XsaveHeader header = Image::xsave_header.get(image);
    header.state &= wanted;
    Image::xsave_header.put(image, header);
    // What nobody will load need not be there.
    return (header.state & ~legacy_components) == 0 ||
           copy_from_user(image.bytes + Image::extended, place + u64{Image::extended},
                          extended_state_bytes() - Image::extended);
}

bool read_image(ExtendedState& image, VirtualAddress place) {
    if (!is_user_range(place, signal_extended_state_bytes())) {
        return false;
    }
    SoftwareBytes software{};
    bool extended = false;
    if (extended_state().xsave() && !find_software_bytes(place, software, extended)) {
        return false;
    }
    return extended ? read_xsave_image(image, place, software.components)
                    : read_legacy_image(image, place) && is_loadable(image);
}

}  // namespace

u64 signal_extended_state_bytes() {
    return extended_state_bytes() + (extended_state().xsave() ? sizeof(second_magic) : 0);
}

bool signal_frame_has_xsave() {
    return extended_state().xsave();
}

bool push_extended_state(VirtualAddress place) {
    // Zero, for not all of it is written to, and all of it goes to the program.
    ExtendedState image{};
    copy_extended_state(image);
    const u32 bytes = extended_state_bytes();
    software_field.put(image, {.magic = first_magic,
                               .bytes_with_end = bytes + u32{sizeof(second_magic)},
                               .components = extended_state().components,
                               .bytes = bytes,
                               .reserved = {}});
    if (!extended_state().xsave()) {
        return copy_to_user(place, &image, bytes);
    }
    // Handlers that know FXSAVE's part only change it without a word in the header.
    x86::XsaveHeader header = Image::xsave_header.get(image);
    header.state |= legacy_components;
    Image::xsave_header.put(image, header);
    return copy_to_user(place, &image, bytes) && put_user(place + u64{bytes}, second_magic);
}

bool pop_extended_state(VirtualAddress place) {
    if (place == VirtualAddress{}) {
        load_extended_state(initial_extended_state());
        return true;
    }
    ExtendedState image;  // of what is not read the header says that it is not there
    const bool good = read_image(image, place);
    load_extended_state(good ? image : initial_extended_state());
    return good;
}

}  // namespace ringfence::kernel::arch
