// SPDX-License-Identifier: MIT
// What the manual says that an access does, as a function of the entries on its path: written for
// the tests from [intel/vol3]: 4.5 to 4.8, apart from the simulator's walker.
#pragma once

#include "arch/x86/page_fault_error_code.h"
#include "arch/x86/pte_4level.h"
#include "base/types.h"

namespace ringfence::system_test {

enum class Access : u8 { Read, Write, Fetch };

/// The state that decides, besides the entries.
struct PagingMode {
    bool wp = false;
    bool smep = false;
    bool smap = false;
    bool ac = false;
    bool nxe = false;
    bool user = false;  ///< CPL 3
};

/// The entries on the path, from the root down to the leaf. `leaf_level` is 1 (4 KiB), 2 (2 MiB) or
/// 3 (1 GiB).
struct Path {
    u64 entries[4];
    unsigned leaf_level;

    [[nodiscard]] unsigned count() const { return 5 - leaf_level; }
    [[nodiscard]] unsigned level(unsigned index) const { return 4 - index; }
    [[nodiscard]] bool is_leaf(unsigned index) const { return index + 1 == count(); }
};

struct Prediction {
    bool faults = false;
    u32 error_code = 0;
};

/// Bits that must be 0 in this present entry. [intel/vol3]: 4.5.4, tables 4-14 to 4-20
inline u64 reserved_bits(unsigned level, bool leaf, bool nxe, unsigned physical_bits) {
    using Pte = arch::x86::Pte4Level;
    u64 reserved = Pte::reserved_address_bits(physical_bits);
    reserved |= nxe ? 0 : Pte::nx.mask;
    reserved |= level == 4 ? Pte::page_size.mask : 0;
    reserved |= leaf && level == 3 ? Pte::large_1g_reserved.mask : 0;
    reserved |= leaf && level == 2 ? Pte::large_2m_reserved.mask : 0;
    return reserved;
}

/// [intel/vol3]: 4.6.1 (rights) and 4.7 (error code)
inline Prediction predict(const Path& path, Access access, const PagingMode& mode,
                          unsigned physical_bits) {
    using Pte = arch::x86::Pte4Level;
    using Code = arch::x86::PageFaultErrorCode;
    u32 code = 0;
    code |= access == Access::Write ? Code::write.mask : 0;
    code |= mode.user ? Code::user.mask : 0;
    code |= access == Access::Fetch && (mode.smep || mode.nxe) ? Code::fetch.mask : 0;

    bool writable = true;
    bool user_page = true;
    bool no_execute = false;
    for (unsigned i = 0; i < path.count(); ++i) {
        const u64 entry = path.entries[i];
        if (!Pte::present.test(entry)) {
            return {true, code};
        }
        if ((entry & reserved_bits(path.level(i), path.is_leaf(i), mode.nxe, physical_bits)) != 0) {
            return {true, code | Code::present.mask | Code::reserved.mask};
        }
        writable = writable && Pte::writable.test(entry);
        user_page = user_page && Pte::user.test(entry);
        no_execute = no_execute || (mode.nxe && Pte::nx.test(entry));
    }

    bool allowed = false;
    if (mode.user) {
        allowed = user_page && (access != Access::Write || writable) &&
                  (access != Access::Fetch || !no_execute);
    } else if (access == Access::Fetch) {
        allowed = !no_execute && !(user_page && mode.smep);
    } else {
        allowed = (access != Access::Write || !mode.wp || writable) &&
                  !(user_page && mode.smap && !mode.ac);
    }
    return allowed ? Prediction{} : Prediction{true, code | Code::present.mask};
}

}  // namespace ringfence::system_test
