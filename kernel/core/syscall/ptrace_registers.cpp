// SPDX-License-Identifier: MIT
// ptrace(2): registers, one by one and in sets.
#include <algorithm>

#include "kernel/core/syscall/ptrace.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/syscall/user_vectors.h"
#include "kernel_arch/traced_thread.h"

namespace ringfence::kernel::syscalls {

namespace {

/// Notes of ELF core files, by which register sets are called. [linux/abi]:
/// include/uapi/linux/elf.h
enum class RegisterSet : u64 { General = 1, Legacy = 2, Extended = 514 };

arch::ThreadState& registers(const Tracee& tracee) {
    return tracee.thread->registers;
}

arch::UserRegisters general(const Tracee& tracee) {
    return arch::read_registers(registers(tracee), tracee.process->memory->tables());
}

template <typename T>
std::span<const u8> bytes_of(const T& object, usize count = sizeof(T)) {
    return {reinterpret_cast<const u8*>(&object), count};
}

/// Whether `address` is a word of the area's debug registers; which one.
std::optional<unsigned> debug_register(u64 address) {
    constexpr u64 count = 8;
    const u64 index = (address - arch::UserArea::debug_registers) / sizeof(u64);
    return address >= arch::UserArea::debug_registers && index < count
               ? std::optional(static_cast<unsigned>(index))
               : std::nullopt;
}

Fallible<void> check_area(u64 address) {
    if (address % sizeof(u64) != 0 || address >= arch::UserArea::bytes) {
        return Error{Errno::Eio};
    }
    return {};
}

Nothing peek_user(const Tracee& tracee, u64 address, Pointer to) {
    RF_TRY(check_area(address));
    u64 word = 0;
    if (address < sizeof(arch::UserRegisters)) {
        const arch::UserRegisters all = general(tracee);
        word = reinterpret_cast<const u64*>(&all)[address / sizeof(u64)];
    } else if (const auto number = debug_register(address)) {
        word = arch::read_debug_register(registers(tracee), *number);
    }
    return write_user(to, word);
}

Nothing poke_user(const Tracee& tracee, u64 address, u64 word) {
    RF_TRY(check_area(address));
    if (address < sizeof(arch::UserRegisters)) {
        return arch::write_registers(registers(tracee), address / sizeof(u64), {&word, 1});
    }
    const auto number = debug_register(address);
    if (!number) {
        return Error{Errno::Eio};
    }
    RF_TRY(arch::write_debug_register(registers(tracee), *number, word));
    using thread_work::Breakpoints;
    u8& work = tracee.thread->work;
    work = Breakpoints::set(work, arch::has_breakpoints(registers(tracee)) ? 1 : 0);
    return {};
}

Nothing set_general(const Tracee& tracee, Pointer from, usize words) {
    arch::UserRegisters wanted{};
    auto* const first = reinterpret_cast<u64*>(&wanted);
    RF_TRY(read_user_bytes(from, {reinterpret_cast<u8*>(first), words * sizeof(u64)}));
    return arch::write_registers(registers(tracee), 0, {first, words});
}

Nothing get_extended(const Tracee& tracee, Pointer to, usize bytes) {
    const arch::ExtendedState state = arch::read_extended_state(registers(tracee));
    return write_user_bytes(to, bytes_of(state, bytes));
}

/// The whole of an image that is `whole` bytes long.
Nothing set_extended(const Tracee& tracee, Pointer from, usize bytes, usize whole, Errno other) {
    if (bytes != whole) {
        return Error{other};
    }
    arch::ExtendedState wanted{};
    const std::span<u8> image{wanted.bytes, bytes};
    RF_TRY(read_user_bytes(from, image));
    return arch::write_extended_state(registers(tracee), image);
}

Fallible<usize> size_of(RegisterSet set) {
    switch (set) {
        case RegisterSet::General:
            return sizeof(arch::UserRegisters);
        case RegisterSet::Legacy:
            return arch::legacy_state_bytes;
        case RegisterSet::Extended:
            return arch::traced_extended_state_bytes();
    }
    return Error{Errno::Einval};
}

Nothing get_set(const Tracee& tracee, RegisterSet set, Pointer to, usize bytes) {
    if (set == RegisterSet::General) {
        return write_user_bytes(to, bytes_of(general(tracee), bytes));
    }
    return get_extended(tracee, to, bytes);
}

Nothing set_set(const Tracee& tracee, RegisterSet set, Pointer from, usize bytes, usize whole) {
    switch (set) {
        case RegisterSet::General:
            return set_general(tracee, from, bytes / sizeof(u64));
        case RegisterSet::Legacy:
            return set_extended(tracee, from, bytes, whole, Errno::Einval);
        case RegisterSet::Extended:
            return set_extended(tracee, from, bytes, whole, Errno::Efault);
    }
    return Error{Errno::Einval};
}

/// GETREGSET and SETREGSET: a vector says where, and how much; how much it was is written back.
Nothing register_set(const Tracee& tracee, TraceRequest request, u64 name, Pointer vector_at) {
    RF_TRY_ASSIGN(vector, read_user<UserVector>(vector_at));
    const auto set = static_cast<RegisterSet>(name);
    RF_TRY_ASSIGN(whole, size_of(set));
    if (vector.size % sizeof(u64) != 0) {
        return Error{Errno::Einval};
    }
    vector.size = std::min<u64>(vector.size, whole);
    const Pointer place{vector.base};
    if (request == TraceRequest::GetRegisterSet) {
        RF_TRY(get_set(tracee, set, place, vector.size));
    } else {
        RF_TRY(set_set(tracee, set, place, vector.size, whole));
    }
    return write_user(vector_at + offsetof(UserVector, size), vector.size);
}

Nothing arch_prctl_for(const Tracee& tracee, u64 address, Pointer operation) {
    RF_TRY_ASSIGN(found,
                  arch::traced_arch_prctl(registers(tracee), tracee.process->memory->tables(),
                                          operation.value(), address));
    return found ? write_user(Pointer{address}, *found) : Nothing{};
}

Nothing dispatch(const Tracee& tracee, TraceRequest request, u64 address, Pointer data) {
    switch (request) {
        case TraceRequest::PeekUser:
            return peek_user(tracee, address, data);
        case TraceRequest::PokeUser:
            return poke_user(tracee, address, data.value());
        case TraceRequest::GetRegisters:
            return write_user(data, general(tracee));
        case TraceRequest::SetRegisters:
            return set_general(tracee, data, arch::user_register_count);
        case TraceRequest::GetLegacyState:
            return get_extended(tracee, data, arch::legacy_state_bytes);
        case TraceRequest::SetLegacyState:
            return set_extended(tracee, data, arch::legacy_state_bytes, arch::legacy_state_bytes,
                                Errno::Einval);
        case TraceRequest::GetRegisterSet:
        case TraceRequest::SetRegisterSet:
            return register_set(tracee, request, address, data);
        case TraceRequest::ArchPrctl:
            return arch_prctl_for(tracee, address, data);
        default:
            return Error{Errno::Eio};
    }
}

}  // namespace

Value trace_registers(Tracee& tracee, TraceRequest request, u64 address, Pointer data) {
    RF_TRY(dispatch(tracee, request, address, data));
    return u64{0};
}

}  // namespace ringfence::kernel::syscalls
