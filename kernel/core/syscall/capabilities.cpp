// SPDX-License-Identifier: MIT
// What a process may do beyond its user's rights: capget, capset, and prctl's options for them.
// [linux/abi]: capabilities(7)
#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/process_options.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

/// `struct __user_cap_header_struct`, and one word of each of the three sets.
struct CapabilityHeader {
    u32 version;
    i32 id;
};
struct CapabilityWords {
    u32 effective;
    u32 permitted;
    u32 inheritable;
};
constexpr usize capability_words = 2;
using LowWord = Bitfield<0, 32>;
using HighWord = Bitfield<32, 32>;
using KeepCapabilitiesBit = Flag<4>;  ///< SECBIT_KEEP_CAPS

/// Einval, with the newest version told to the program, if it speaks another one.
Fallible<CapabilityHeader> read_capability_header(Pointer header) {
    constexpr u32 version_3 = 537396514;
    RF_TRY_ASSIGN(wanted, read_user<CapabilityHeader>(header));
    if (wanted.version != version_3) {
        RF_TRY(write_user(header, version_3));
        return Error{Errno::Einval};
    }
    return wanted;
}

CapabilityWords words_of(const Capabilities& own, usize index) {
    const auto word = [&](CapabilitySet set) {
        return static_cast<u32>(index == 0 ? LowWord::get(set.bits()) : HighWord::get(set.bits()));
    };
    return {word(own.effective), word(own.permitted), word(own.inheritable)};
}

CapabilitySet set_of(u32 low, u32 high) {
    return CapabilitySet(LowWord::make(low) | HighWord::make(high));
}

Capabilities& own_capabilities() {
    return current_process().credentials.capabilities;
}

Fallible<Capability> capability_called(u64 number) {
    return number <= static_cast<u64>(Capability::Last)
               ? Fallible<Capability>(static_cast<Capability>(number))
               : Error{Errno::Einval};
}

}  // namespace

Nothing capget(Pointer header, Pointer data) {
    RF_TRY_ASSIGN(wanted, read_capability_header(header));
    if (wanted.id < 0) {
        return Error{Errno::Einval};
    }
    RF_TRY_ASSIGN(process, process_called(wanted.id));
    CapabilityWords sets[capability_words];
    for (usize i = 0; i < capability_words; ++i) {
        sets[i] = words_of(process->credentials.capabilities, i);
    }
    return data == Pointer{}
               ? Nothing{}
               : write_user_bytes(data, {reinterpret_cast<const u8*>(sets), sizeof(sets)});
}

Nothing capset(Pointer header, Pointer data) {
    RF_TRY_ASSIGN(wanted, read_capability_header(header));
    if (wanted.id != 0 && static_cast<u32>(wanted.id) != current_process().id()) {
        return Error{Errno::Eperm};
    }
    CapabilityWords sets[capability_words];
    RF_TRY(read_user_bytes(data, {reinterpret_cast<u8*>(sets), sizeof(sets)}));
    const bool taken = own_capabilities().set(set_of(sets[0].effective, sets[1].effective),
                                              set_of(sets[0].permitted, sets[1].permitted),
                                              set_of(sets[0].inheritable, sets[1].inheritable));
    return taken ? Nothing{} : Error{Errno::Eperm};
}

Value bounding_capability(u64 number) {
    RF_TRY_ASSIGN(one, capability_called(number));
    return u64{own_capabilities().bounding.has(one) ? 1U : 0U};
}

Value drop_bounding_capability(u64 number) {
    Capabilities& own = own_capabilities();
    if (!own.effective.has(Capability::SetPcap)) {
        return Error{Errno::Eperm};
    }
    RF_TRY_ASSIGN(one, capability_called(number));
    own.bounding = own.bounding.without(one);
    return u64{0};
}

Value keep_capabilities(u64 keep) {
    if (keep > 1) {
        return Error{Errno::Einval};
    }
    own_capabilities().keep = keep == 1;
    return u64{0};
}

Value change_ambient_capabilities(u64 operation, u64 number, u64 rest) {
    enum class Operation : u64 { IsSet = 1, Raise = 2, Lower = 3, ClearAll = 4 };
    Capabilities& own = own_capabilities();
    if (rest != 0) {
        return Error{Errno::Einval};
    }
    if (static_cast<Operation>(operation) == Operation::ClearAll) {
        if (number != 0) {
            return Error{Errno::Einval};
        }
        own.ambient = {};
        return u64{0};
    }
    RF_TRY_ASSIGN(one, capability_called(number));
    switch (static_cast<Operation>(operation)) {
        case Operation::IsSet:
            return u64{own.ambient.has(one) ? 1U : 0U};
        case Operation::Raise:
            return own.raise_ambient(one) ? Value(u64{0}) : Error{Errno::Eperm};
        case Operation::Lower:
            own.ambient = own.ambient.without(one);
            return u64{0};
        case Operation::ClearAll:
            break;
    }
    return Error{Errno::Einval};
}

/// Of the bits that change what the superuser is, only KEEP_CAPS can be changed here.
Value security_bits() {
    return KeepCapabilitiesBit::make(own_capabilities().keep);
}

Value set_security_bits(u64 bits) {
    Capabilities& own = own_capabilities();
    if (!own.effective.has(Capability::SetPcap) || (bits & ~KeepCapabilitiesBit::mask) != 0) {
        return Error{Errno::Eperm};
    }
    own.keep = bits != 0;
    return u64{0};
}

Value forbid_new_privileges(u64 forbid, u64 rest) {
    if (forbid != 1 || rest != 0) {
        return Error{Errno::Einval};
    }
    own_capabilities().no_new_privileges = true;
    return u64{0};
}

Value forbids_new_privileges(u64 rest) {
    if (rest != 0) {
        return Error{Errno::Einval};
    }
    return u64{own_capabilities().no_new_privileges ? 1U : 0U};
}

}  // namespace ringfence::kernel::syscalls
