// SPDX-License-Identifier: MIT
#include "lab/linux_guest/linux_places.h"

namespace ringfence::lab::linux_guest {

sim::observe::PlaceMap places_of(const sim::observe::SymbolTable& symbols) {
    // Each up to the function that follows in arch/x86/entry/entry_64.S and entry_64_compat.S.
    return {.entry = symbols.between("__entry_text_start", "__entry_text_end"),
            .exits = {
                symbols.between("syscall_return_via_sysret", "entry_SYSRETQ_end"),
                symbols.between("swapgs_restore_regs_and_return_to_usermode", "asm_load_gs_index"),
                symbols.between("paranoid_exit", "error_entry"),
                symbols.between("error_return", "asm_exc_nmi"),
                symbols.between("sysret32_from_system_call", "entry_SYSRETL_compat_end")}};
}

}  // namespace ringfence::lab::linux_guest
