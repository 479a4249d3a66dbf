// SPDX-License-Identifier: MIT
// What of address translation is saved and restored.
#include "sim/mmu/mmu.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::mmu {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;

void PagingState::visit_state(state::Visitor& visitor) {
    visitor.field("cr0", cr0);
    visitor.field("cr3", cr3);
    visitor.field("cr4", cr4);
    visitor.field("efer", efer);
    visitor.field("pkru", pkru);
    visitor.field("pdptes", pdptes);
    // What the instructions that write these registers see to. [intel/vol3]: 4.1.1, 4.10.1, 10.8.5
    visitor.require(!Cr0::pg.test(cr0) || Cr0::pe.test(cr0), "CR0: paging without protection");
    visitor.require(Efer::lma.test(efer) == (Efer::lme.test(efer) && Cr0::pg.test(cr0)),
                    "EFER: long mode is active or not, against LME and CR0.PG");
    visitor.require(!Efer::lma.test(efer) || Cr4::pae.test(cr4), "CR4: long mode without PAE");
    visitor.require(!Cr4::pcide.test(cr4) || Efer::lma.test(efer), "CR4: PCIDs outside long mode");
}

void Mmu::visit_state(state::Visitor& visitor) {
    visitor.part("registers", state_);
    visitor.part("data_tlb", data_tlb_);
    visitor.part("code_tlb", code_tlb_);
    visitor.part("watchpoints", watchpoints_);
    bool running = in_transaction();
    visitor.field("in_transaction", running);
    if (visitor.loading() && visitor.ok()) {
        if (in_transaction()) {
            end_transaction();  // that of the state which is replaced
        }
        if (running) {
            begin_transaction();
        }
    }
    if (running && visitor.ok()) {
        visitor.part("written", transaction_->writes);
    }
    // Not state: active_, contexts_, transactional_, spaces_, space_pcids_, next_space_,
    // next_stamp_ (the fast path); privilege_ (the processor's); memory_, recorder_, ram_base_,
    // timed_, walker_ (wiring); features_, write_set_shape_, strict_ (configuration); transient_,
    // observed_access_, refused_, fault_ (used within an instruction)
    if (visitor.loading()) {
        drop_fast_all();
        select_space();
    }
}

}  // namespace ringfence::sim::mmu
