// SPDX-License-Identifier: MIT
// The words in which memory accesses and their failures are described.
#pragma once

#include "arch/x86/exception_vector.h"
#include "base/address.h"
#include "base/types.h"

namespace ringfence::sim::mmu {

enum class AccessKind : u8 { Read, Write, Execute };

/// With which rights an access is made. [intel/vol3]: 4.6
enum class Privilege : u8 {
    User,          ///< explicit access at CPL 3
    Supervisor,    ///< at CPL 0 to 2 with EFLAGS.AC = 0, or implicit: SMAP holds
    SupervisorAc,  ///< explicit access at CPL 0 to 2 with EFLAGS.AC = 1: SMAP is lifted
};
inline constexpr unsigned privilege_count = 3;

/// INVPCID's operation. [intel/vol2]: INVPCID
enum class InvpcidType : u64 { Address = 0, Context = 1, AllWithGlobals = 2, AllButGlobals = 3 };

/// Through which segment an access goes: decides between #GP and #SS for non-canonical addresses.
enum class Reference : u8 { Data, Stack };

/// An exception to be delivered. `address` is CR2's new value and means something for #PF only;
/// CR2 itself is the processor's to write.
struct Fault {
    arch::x86::ExceptionVector vector{};
    u32 error_code = 0;
    VirtualAddress address{};

    bool operator==(const Fault&) const = default;
};

}  // namespace ringfence::sim::mmu
