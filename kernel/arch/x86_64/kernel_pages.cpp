// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/kernel_pages.h"

#include "kernel/arch/x86_64/kernel_tables.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/arch/x86_64/table_memory.h"
#include "kernel/arch/x86_64/tlb.h"

namespace ringfence::kernel::arch {

namespace {

bool global_now = false;

}  // namespace

bool kernel_pages_global() {
    return global_now;
}

void set_kernel_pages_global(bool global) {
    global_now = global;
}

void make_kernel_pages_global(bool global) {
    if (global == global_now || (mutated(Mutation::KernelStaysGlobal) && !global)) {
        return;
    }
    global_now = global;
    KernelMapper mapper(table_memory, kernel_root());
    const paging::Span all_but_manifest[] = {
        {kernel_half_start, symbol_address(__entry_region_start) - 1},
        {symbol_address(__gate_text_start), symbol_address(__gate_text_end) - 1},
        {symbol_address(__cpu_state_start), symbol_address(__cpu_state_end) - 1}};
    for (const paging::Span& span : all_but_manifest) {
        mapper.walker().for_each_run(span, [&](const paging::Run& run) {
            paging::Attributes attributes = run.attributes;
            attributes.global = global;
            auto outcome = mapper.protect(run.start, run.size, attributes);
            RF_ASSERT(outcome.ok());  // whole pages: nothing to split, no memory needed
            std::move(outcome).value().consume(KernelTlb{});
        });
    }
}

}  // namespace ringfence::kernel::arch
