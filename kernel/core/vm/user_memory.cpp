// SPDX-License-Identifier: MIT
#include "kernel/core/vm/user_memory.h"

#include "kernel_arch/user_access.h"

namespace ringfence::kernel {

namespace {
constexpr usize longest_path = 4096;

Fallible<void> fault_unless(bool copied) {
    if (!copied) {
        return Error{Errno::Efault};
    }
    return {};
}
}  // namespace

Fallible<void> read_user_bytes(VirtualAddress from, std::span<u8> to) {
    return fault_unless(arch::copy_from_user(to.data(), from, to.size()));
}

Fallible<void> write_user_bytes(VirtualAddress to, std::span<const u8> from) {
    return fault_unless(arch::copy_to_user(to, from.data(), from.size()));
}

Fallible<void> clear_user_bytes(VirtualAddress to, u64 count) {
    return fault_unless(arch::clear_user(to, count));
}

u64 read_user_part(VirtualAddress from, std::span<u8> to) {
    return to.size() - arch::copy_from_user_partial(to.data(), from, to.size());
}

u64 write_user_part(VirtualAddress to, std::span<const u8> from) {
    return from.size() - arch::copy_to_user_partial(to, from.data(), from.size());
}

u64 clear_user_part(VirtualAddress to, u64 count) {
    return count - arch::clear_user_partial(to, count);
}

Fallible<String> read_user_string(VirtualAddress from, usize limit, Errno too_long) {
    constexpr usize piece = 256;
    String text;
    char bytes[piece];
    while (text.size() <= limit) {
        const auto length = arch::user_string(bytes, from + text.size(), piece);
        if (length) {
            text.append({bytes, length.value()});
            return text.size() <= limit ? Fallible<String>(std::move(text)) : Error{too_long};
        }
        if (length.error() == arch::UserStringError::Fault) {
            return Error{Errno::Efault};
        }
        RF_TRY(read_user_bytes(from + text.size(), {reinterpret_cast<u8*>(bytes), piece}));
        text.append({bytes, piece});
    }
    return Error{too_long};
}

Fallible<String> read_user_path(VirtualAddress from) {
    return read_user_string(from, longest_path - 1, Errno::Enametoolong);
}

}  // namespace ringfence::kernel
