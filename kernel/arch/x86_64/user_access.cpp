// SPDX-License-Identifier: MIT
#include "kernel_arch/user_access.h"

#include "kernel/arch/x86_64/exception_table.h"
#include "kernel/arch/x86_64/late_root.h"

using ringfence::i64;
using ringfence::u32;
using ringfence::u64;
using ringfence::usize;

extern "C" {
usize copy_user_bytes(void* to, const void* from, usize bytes);
usize clear_user_bytes(void* start, usize bytes);
i64 copy_user_string(char* to, const char* from, usize capacity);
u64 compare_exchange_user_word(u32* word, u32 expected, u32 desired);

/// Rows of MAY_FAULT (user_copy.S).
struct ExceptionRow {
    u64 instruction;
    u64 go_on;
};
extern const ExceptionRow __exception_table_start[];
extern const ExceptionRow __exception_table_end[];
}

namespace ringfence::kernel::arch {

namespace {

template <typename T>
T* pointer(VirtualAddress address) {
    return reinterpret_cast<T*>(address.value());
}

}  // namespace

VirtualAddress find_fault_continuation(VirtualAddress instruction) {
    for (auto* row = __exception_table_start; row != __exception_table_end; ++row) {
        if (row->instruction == instruction.value()) {
            return VirtualAddress{row->go_on};
        }
    }
    return {};
}

usize copy_from_user_partial(void* to, VirtualAddress from, usize bytes) {
    if (!is_user_range(from, bytes)) {
        return bytes;
    }
    if (const u8* const place = reach_user_memory(from, bytes, UserAccess::Read)) {
        __builtin_memcpy(to, place, bytes);
        return 0;
    }
    return copy_user_bytes(to, pointer<const void>(from), bytes);
}

usize copy_to_user_partial(VirtualAddress to, const void* from, usize bytes) {
    if (!is_user_range(to, bytes)) {
        return bytes;
    }
    if (u8* const place = reach_user_memory(to, bytes, UserAccess::Write)) {
        __builtin_memcpy(place, from, bytes);
        return 0;
    }
    return copy_user_bytes(pointer<void>(to), from, bytes);
}

bool copy_from_user(void* to, VirtualAddress from, usize bytes) {
    return copy_from_user_partial(to, from, bytes) == 0;
}

bool copy_to_user(VirtualAddress to, const void* from, usize bytes) {
    return copy_to_user_partial(to, from, bytes) == 0;
}

usize clear_user_partial(VirtualAddress start, usize bytes) {
    need_root();
    return is_user_range(start, bytes) ? clear_user_bytes(pointer<void>(start), bytes) : bytes;
}

bool clear_user(VirtualAddress start, usize bytes) {
    return clear_user_partial(start, bytes) == 0;
}

Result<usize, UserStringError> user_string(char* to, VirtualAddress from, usize capacity) {
    if (from >= user_end) {
        return Error{UserStringError::Fault};
    }
    need_root();
    const usize reach = user_end - from;
    const i64 length =
        copy_user_string(to, pointer<const char>(from), capacity < reach ? capacity : reach);
    constexpr i64 faulted = -1;
    if (length < 0) {
        const bool fault = length == faulted || reach < capacity;
        return Error{fault ? UserStringError::Fault : UserStringError::TooLong};
    }
    return static_cast<usize>(length);
}

bool compare_exchange_user(VirtualAddress address, u32 expected, u32 desired, u32& found) {
    if (!is_user_range(address, sizeof(u32)) || !address.is_aligned(sizeof(u32))) {
        return false;
    }
    need_root();
    constexpr u64 faulted = ~u64{0};
    const u64 old = compare_exchange_user_word(pointer<u32>(address), expected, desired);
    found = static_cast<u32>(old);
    return old != faulted;
}

}  // namespace ringfence::kernel::arch
