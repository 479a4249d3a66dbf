// SPDX-License-Identifier: MIT
// Which design this kernel runs, and why: required by the CPU, requested by the user, enabled.
#pragma once

#include <string_view>

#include "base/types.h"
#include "kernel_arch/design.h"

namespace ringfence::kernel::arch {

/// Where the decision came from.
enum class IsolationRequest : u8 { Auto, On, Off };

struct Isolation {
    bool required = false;  ///< the CPU lets user mode read supervisor memory that is mapped
    IsolationRequest requested = IsolationRequest::Auto;
    bool enabled = false;       ///< at boot; see kernel_arch/isolation_control.h for now
    bool pcid = false;          ///< CR4.PCIDE is set and roots carry PCIDs
    bool invpcid = false;       ///< INVPCID is used
    bool global_pages = false;  ///< CR4.PGE is set
};

/// Later options win over earlier ones; without any, the CPU decides. PCIDs are used in
/// both designs, so that comparing them compares isolation alone.
/// [linux/pti]: pti=on|off|auto, nopti, nopcid, noinvpcid
Isolation decide_isolation(std::string_view command_line, bool cpu_affected, bool has_pcid,
                           bool has_invpcid, bool has_global_pages);

/// The decision in one line, such as "isolation: enabled (requested by command line; required by
/// CPU: yes), PCID on, INVPCID on". `buffer` holds it.
std::string_view describe_isolation(const Isolation& isolation, char (&buffer)[128]);

/// What was decided at boot.
const Isolation& isolation();
void set_isolation(const Isolation& decided);
/// The design in which the system starts.
[[nodiscard]] Design boot_design();

}  // namespace ringfence::kernel::arch
