// SPDX-License-Identifier: MIT
#include "lab/report/cost_rows.h"

namespace ringfence::lab::report {

namespace {

using sim::observe::Cause;
using sim::observe::CostStack;
using sim::observe::Place;

u64 in_user(const CostStack& stack, Cause cause) {
    return stack.at(Place::User, cause);
}
u64 in_trampoline(const CostStack& stack, Cause cause) {
    return stack.at(Place::Entry, cause) + stack.at(Place::Exit, cause);
}
u64 in_kernel(const CostStack& stack, Cause cause) {
    return stack.at(Place::Kernel, cause) + in_trampoline(stack, cause);
}
u64 anywhere(const CostStack& stack, Cause cause) {
    return in_user(stack, cause) + in_kernel(stack, cause);
}

}  // namespace

std::vector<CostRow> cost_rows(const CostStack& stack) {
    return {
        {"base_user", "user instructions", in_user(stack, Cause::Base)},
        {"base_kernel", "kernel instructions", stack.at(Place::Kernel, Cause::Base)},
        {"trampoline", "entry and exit instructions", in_trampoline(stack, Cause::Base)},
        {"root_write", "root writes (CR3)", anywhere(stack, Cause::RootWrite)},
        {"transition", "privilege transitions", anywhere(stack, Cause::Transition)},
        {"tlb_instruction_user", "TLB refill, user code", in_user(stack, Cause::InstructionTlb)},
        {"tlb_instruction_kernel", "TLB refill, kernel code",
         in_kernel(stack, Cause::InstructionTlb)},
        {"tlb_data_user", "TLB refill, user data", in_user(stack, Cause::DataTlb)},
        {"tlb_data_kernel", "TLB refill, kernel data", in_kernel(stack, Cause::DataTlb)},
        {"tlb_maintenance", "INVLPG, INVPCID", anywhere(stack, Cause::TlbMaintenance)},
        {"cache", "data caches and memory", anywhere(stack, Cause::DataCache)},
        {"front_end", "instruction fetch", anywhere(stack, Cause::FrontEnd)},
        {"mispredict", "mispredicted branches", anywhere(stack, Cause::Mispredict)},
        {"serialization", "serialising instructions", anywhere(stack, Cause::Serialization)},
        {"idle", "idle", anywhere(stack, Cause::Idle)},
    };
}

}  // namespace ringfence::lab::report
