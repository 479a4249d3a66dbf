// SPDX-License-Identifier: MIT
// What a process may do beyond its user's rights, and how that follows its user ids and programs.
// Files have no capabilities here. [linux/abi]: capabilities(7)
#pragma once

#include "base/types.h"

namespace ringfence::kernel {

struct UserIds;

/// [linux/abi]: include/uapi/linux/capability.h
enum class Capability : u8 {
    Chown = 0,
    DacOverride = 1,
    DacReadSearch = 2,
    Fowner = 3,
    Kill = 5,
    SetGid = 6,
    SetUid = 7,
    SetPcap = 8,
    NetBindService = 10,
    NetAdmin = 12,
    NetRaw = 13,
    IpcOwner = 15,
    SysChroot = 18,
    SysPtrace = 19,
    SysAdmin = 21,
    SysNice = 23,
    SysResource = 24,
    SysTtyConfig = 26,
    Mknod = 27,
    Syslog = 34,
    WakeAlarm = 35,
    Last = 40,  ///< CAP_CHECKPOINT_RESTORE
};

class CapabilitySet {
public:
    constexpr CapabilitySet() = default;
    /// Bits beyond the last capability are left out.
    constexpr explicit CapabilitySet(u64 bits) : bits_(bits & every) {}
    static constexpr CapabilitySet all() { return CapabilitySet(every); }
    static constexpr CapabilitySet of(Capability one) {
        return CapabilitySet(u64{1} << static_cast<unsigned>(one));
    }

    [[nodiscard]] constexpr u64 bits() const { return bits_; }
    [[nodiscard]] constexpr bool has(Capability one) const {
        return (bits_ >> static_cast<unsigned>(one) & 1) != 0;
    }
    [[nodiscard]] constexpr bool is_within(CapabilitySet other) const {
        return (bits_ & ~other.bits_) == 0;
    }
    [[nodiscard]] constexpr CapabilitySet without(Capability one) const {
        return CapabilitySet(bits_ & ~of(one).bits_);
    }
    constexpr CapabilitySet operator|(CapabilitySet other) const {
        return CapabilitySet(bits_ | other.bits_);
    }
    constexpr CapabilitySet operator&(CapabilitySet other) const {
        return CapabilitySet(bits_ & other.bits_);
    }
    constexpr bool operator==(const CapabilitySet&) const = default;

private:
    static constexpr u64 every = (u64{2} << static_cast<unsigned>(Capability::Last)) - 1;
    u64 bits_ = 0;
};

/// Those of a process, which begins with all, as the first one does.
struct Capabilities {
    CapabilitySet effective = CapabilitySet::all();
    CapabilitySet permitted = CapabilitySet::all();
    CapabilitySet inheritable;
    CapabilitySet bounding = CapabilitySet::all();
    CapabilitySet ambient;
    bool keep = false;               ///< across a change of user (PR_SET_KEEPCAPS), until execve
    bool no_new_privileges = false;  ///< PR_SET_NO_NEW_PRIVS; never taken back

    /// The user ids were `before` and are `now`: the superuser's go with the user.
    void follow_user(const UserIds& before, const UserIds& now);
    /// A program begins with user ids `now`; `set_id`: they, or the group's, came from its file.
    void follow_program(const UserIds& now, bool set_id);
    /// capset: false (EPERM) if the process may not have these.
    [[nodiscard]] bool set(CapabilitySet wanted_effective, CapabilitySet wanted_permitted,
                           CapabilitySet wanted_inheritable);
    /// PR_CAP_AMBIENT_RAISE: false (EPERM) if it is not both permitted and inheritable.
    [[nodiscard]] bool raise_ambient(Capability one);
};

}  // namespace ringfence::kernel
