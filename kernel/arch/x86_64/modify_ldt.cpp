// SPDX-License-Identifier: MIT
#include "kernel_arch/modify_ldt.h"

#include <algorithm>

#include "arch/x86/segment_descriptor.h"
#include "base/bits.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/arch/x86_64/ldt.h"
#include "kernel/core/errors.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel::arch {

namespace {

using x86::SegmentDescriptor;

/// struct user_desc. [linux/abi]: arch/x86/include/uapi/asm/ldt.h
struct UserDescriptor {
    u32 entry_number;
    u32 base;
    u32 limit;
    u32 flags;

    static constexpr Flag<0, u32> seg_32bit{};
    static constexpr Bitfield<1, 2, u32> contents{};  ///< bits 10 and 11 of the descriptor's type
    static constexpr Flag<3, u32> read_exec_only{};
    static constexpr Flag<4, u32> limit_in_pages{};
    static constexpr Flag<5, u32> seg_not_present{};
    static constexpr Flag<6, u32> useable{};
    static constexpr Flag<7, u32> lm{};  ///< never granted
    static constexpr u32 used = low_mask<u32>(7) | lm.mask;
};
static_assert(sizeof(UserDescriptor) == 16);

constexpr u32 conforming_code = 3;
/// What function 2 gives: a table of zeroes.
constexpr u64 default_bytes = 128;

/// Functions 1 and 0x11.
enum class Mode : u8 { Old, New };

/// Linux's way to ask for an empty entry.
bool is_empty(const UserDescriptor& d) {
    using U = UserDescriptor;
    return d.base == 0 && d.limit == 0 &&
           (d.flags & U::used) == (U::read_exec_only.mask | U::seg_not_present.mask);
}

u64 type_of(const UserDescriptor& d) {
    const bool writable_or_readable = !UserDescriptor::read_exec_only.test(d.flags);
    return UserDescriptor::contents.get(d.flags) << 2 |
           static_cast<u64>(writable_or_readable) << 1 | 1;
}

/// A code or data segment of user mode, never 64-bit. It is marked accessed, so that the processor
/// has nothing to write: it cannot, the table is mapped read-only.
u64 descriptor_of(const UserDescriptor& d, Mode mode) {
    using S = SegmentDescriptor;
    using U = UserDescriptor;
    constexpr u64 user_privilege = 3;
    return S::limit_low.make(d.limit) | S::limit_high.make(d.limit >> 16) |
           S::base_low.make(d.base) | S::base_high.make(d.base >> 24) | S::type.make(type_of(d)) |
           S::code_or_data.mask | S::dpl.make(user_privilege) |
           S::present.make(!U::seg_not_present.test(d.flags)) |
           S::available.make(mode == Mode::New && U::useable.test(d.flags)) |
           S::default_big.make(U::seg_32bit.test(d.flags)) |
           S::granularity.make(U::limit_in_pages.test(d.flags));
}

Fallible<u64> write_entry(AddressSpace& space, VirtualAddress pointer, u64 bytes, Mode mode) {
    UserDescriptor wanted;
    if (bytes != sizeof(wanted)) {
        return Error{Errno::Einval};
    }
    if (!get_user(wanted, pointer)) {
        return Error{Errno::Efault};
    }
    const bool conforming = UserDescriptor::contents.get(wanted.flags) == conforming_code;
    const bool present = !UserDescriptor::seg_not_present.test(wanted.flags);
    if (wanted.entry_number >= Ldt::most_entries ||
        (conforming && (mode == Mode::Old || present))) {
        return Error{Errno::Einval};
    }
    const bool clears =
        is_empty(wanted) || (mode == Mode::Old && wanted.base == 0 && wanted.limit == 0);
    const u64 descriptor = clears ? 0 : descriptor_of(wanted, mode);
    if (!space.set_ldt_entry(wanted.entry_number, descriptor)) {
        return Error{Errno::Enomem};
    }
    return u64{0};
}

bool clear_rest(VirtualAddress pointer, u64 done, u64 bytes) {
    return done == bytes || clear_user(pointer + done, bytes - done);
}

/// Beyond the table there are zeroes, up to what a whole one would be.
Fallible<u64> read_table(const Ldt* ldt, VirtualAddress pointer, u64 bytes) {
    if (ldt == nullptr) {
        return u64{0};
    }
    const u64 wanted = std::min(bytes, Ldt::most_bytes);
    const u64 there = std::min(wanted, ldt->entries() * sizeof(u64));
    for (u64 at = 0; at < there; at += sizeof(u64)) {
        const u64 entry = ldt->entry(static_cast<unsigned>(at / sizeof(u64)));
        if (!copy_to_user(pointer + at, &entry, std::min(sizeof(u64), there - at))) {
            return Error{Errno::Efault};
        }
    }
    if (!clear_rest(pointer, there, wanted)) {
        return Error{Errno::Efault};
    }
    return wanted;
}

Fallible<u64> read_default(VirtualAddress pointer, u64 bytes) {
    const u64 wanted = std::min(bytes, default_bytes);
    if (!clear_rest(pointer, 0, wanted)) {
        return Error{Errno::Efault};
    }
    return wanted;
}

Fallible<u64> run(AddressSpace& space, u32 function, VirtualAddress pointer, u64 bytes) {
    switch (function) {
        case 0:
            return read_table(space.ldt(), pointer, bytes);
        case 1:
            return write_entry(space, pointer, bytes, Mode::Old);
        case 2:
            return read_default(pointer, bytes);
        case 0x11:
            return write_entry(space, pointer, bytes, Mode::New);
        default:
            return Error{Errno::Enosys};
    }
}

}  // namespace

u64 modify_ldt(AddressSpace& space, u32 function, VirtualAddress pointer, u64 bytes) {
    const auto result = run(space, function, pointer, bytes);
    return result.ok() ? result.value() : u32{0} - static_cast<u32>(result.error());
}

}  // namespace ringfence::kernel::arch
