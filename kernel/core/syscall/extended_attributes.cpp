// SPDX-License-Identifier: MIT
// Extended attributes: no file has any, or can be given one. [linux/abi]: xattr(7)
#include <algorithm>

#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

Nothing check_name(Pointer name) {
    constexpr usize longest_name = 255;
    RF_TRY_ASSIGN(text, read_user_string(name, longest_name, Errno::Erange));
    if (text.empty()) {
        return Error{Errno::Erange};
    }
    return {};
}

/// All of it can be read, and is not too much.
Nothing check_value(Pointer value, u64 size) {
    constexpr u64 largest = 65536;
    if (size > largest) {
        return Error{Errno::E2big};
    }
    u8 bytes[512];
    for (u64 done = 0; done < size; done += sizeof(bytes)) {
        RF_TRY(read_user_bytes(value + done, {bytes, std::min<u64>(sizeof(bytes), size - done)}));
    }
    return {};
}

Value get(Pointer name) {
    RF_TRY(check_name(name));
    return Error{Errno::Enodata};
}

Nothing set(Pointer name, Pointer value, u64 size, u32 flags) {
    using Create = Flag<0, u32>;
    using Replace = Flag<1, u32>;
    if ((flags & ~(Create::mask | Replace::mask)) != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY(check_name(name));
    RF_TRY(check_value(value, size));
    return Error{Errno::Eopnotsupp};
}

Nothing remove(Pointer name) {
    RF_TRY(check_name(name));
    return Error{Errno::Eopnotsupp};
}

Nothing find(Pointer path) {
    RF_TRY(file_at(at_working_directory, path));
    return {};
}

Nothing find_link(Pointer path) {
    RF_TRY(file_at(at_working_directory, path, at_bits::NoFollow::mask));
    return {};
}

Nothing find_open(i32 descriptor) {
    RF_TRY(file_of(descriptor));
    return {};
}

}  // namespace

Value getxattr(Pointer path, Pointer name) {
    RF_TRY(find(path));
    return get(name);
}

Value lgetxattr(Pointer path, Pointer name) {
    RF_TRY(find_link(path));
    return get(name);
}

Value fgetxattr(i32 descriptor, Pointer name) {
    RF_TRY(find_open(descriptor));
    return get(name);
}

Value listxattr(Pointer path) {
    RF_TRY(find(path));
    return u64{0};
}

Value llistxattr(Pointer path) {
    RF_TRY(find_link(path));
    return u64{0};
}

Value flistxattr(i32 descriptor) {
    RF_TRY(find_open(descriptor));
    return u64{0};
}

Nothing setxattr(Pointer path, Pointer name, Pointer value, u64 size, u32 flags) {
    RF_TRY(find(path));
    return set(name, value, size, flags);
}

Nothing lsetxattr(Pointer path, Pointer name, Pointer value, u64 size, u32 flags) {
    RF_TRY(find_link(path));
    return set(name, value, size, flags);
}

Nothing fsetxattr(i32 descriptor, Pointer name, Pointer value, u64 size, u32 flags) {
    RF_TRY(find_open(descriptor));
    return set(name, value, size, flags);
}

Nothing removexattr(Pointer path, Pointer name) {
    RF_TRY(find(path));
    return remove(name);
}

Nothing lremovexattr(Pointer path, Pointer name) {
    RF_TRY(find_link(path));
    return remove(name);
}

Nothing fremovexattr(i32 descriptor, Pointer name) {
    RF_TRY(find_open(descriptor));
    return remove(name);
}

}  // namespace ringfence::kernel::syscalls
