// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/ldt_exit.h"

#include "kernel/arch/x86_64/entry_paths.h"
#include "kernel_arch/address_space.h"

namespace ringfence::kernel::arch {

namespace {
bool selectors_are_stale = false;
}

void note_stale_ldt_selectors() {
    selectors_are_stale = true;
}

}  // namespace ringfence::kernel::arch

using namespace ringfence::kernel;  // NOLINT: the C linkage below belongs to it

arch::ExitPath leave_with_ldt(arch::TrapFrame* frame, bool by_sysret) {
    if (arch::selectors_are_stale) {
        arch::selectors_are_stale = false;
        arch::reload_ldt_selectors();
    }
    const arch::ExitsWithLdt exits = arch::exits_with_ldt();
    if (by_sysret) {
        return exits.ordinary.by_sysret;
    }
    const auto stack_end = arch::AddressSpace::aim_espfix_stack(frame->ss, frame->rsp);
    if (stack_end.value() == 0) {
        return exits.ordinary.by_iret;
    }
    cpu_state.espfix_stack_end = stack_end.value();
    return exits.to_16bit_stack;
}
