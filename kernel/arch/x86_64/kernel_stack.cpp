// SPDX-License-Identifier: MIT
#include "kernel_arch/kernel_stack.h"

#include "kernel/arch/x86_64/kernel_pages.h"
#include "kernel/arch/x86_64/kernel_tables.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/arch/x86_64/table_memory.h"
#include "kernel/arch/x86_64/tlb.h"

namespace ringfence::kernel::arch {

namespace {

/// Stacks that are not in use, linked through their lowest word. They stay mapped: unmapping would
/// cost a flush of every PCID each time a thread ends.
struct FreeStack {
    FreeStack* next;
};
FreeStack* free_stacks = nullptr;
VirtualAddress next_stack = kernel_stacks_start();

/// Takes the pages of a stack that could not be made whole away again.
void unmap_stack(VirtualAddress lowest, u64 size) {
    if (size == 0) {
        return;
    }
    KernelMapper mapper(table_memory, kernel_root());
    auto outcome =
        mapper.unmap(lowest, size, [](const paging::Leaf& leaf) { frames().release(leaf.frame); });
    RF_ASSERT(outcome.ok());  // whole pages: nothing to split
    std::move(outcome).value().consume(KernelTlb{});
}

/// Maps one stack of fresh frames above an unmapped page.
Result<void, MapError> map_stack(VirtualAddress lowest) {
    KernelMapper mapper(table_memory, kernel_root());
    for (u64 offset = 0; offset < kernel_stack_size; offset += page_size) {
        const auto frame = frames().allocate(FrameUse::Stack);
        if (!frame.ok()) {
            unmap_stack(lowest, offset);
            return Error{MapError::OutOfMemory};
        }
        auto outcome =
            mapper.map({.start = lowest + offset,
                        .frame = frame.value(),
                        .size = page_size,
                        .attributes = {.writable = true,
                                       .global = kernel_pages_global() ||
                                                 mutated(Mutation::KernelStacksGlobal)}});
        if (!outcome.ok()) {
            frames().release(frame.value());
            unmap_stack(lowest, offset);
            return Error{MapError::OutOfMemory};
        }
        std::move(outcome).value().consume(KernelTlb{});
    }
    return {};
}

}  // namespace

Result<VirtualAddress, MapError> allocate_kernel_stack() {
    if (free_stacks != nullptr) {
        const VirtualAddress lowest{reinterpret_cast<u64>(free_stacks)};
        free_stacks = free_stacks->next;
        return lowest + kernel_stack_size;
    }
    const VirtualAddress lowest = next_stack + page_size;  // the guard page stays unmapped
    RF_TRY(map_stack(lowest));
    next_stack = lowest + kernel_stack_size;
    return lowest + kernel_stack_size;
}

void free_kernel_stack(VirtualAddress top) {
    if (mutated(Mutation::KernelFlushInOnePcid)) {
        replace_in_one_pcid(top - page_size);
    }
    auto* stack = reinterpret_cast<FreeStack*>((top - kernel_stack_size).value());
    stack->next = free_stacks;
    free_stacks = stack;
}

u64 idle_kernel_stacks() {
    u64 count = 0;
    for (const FreeStack* stack = free_stacks; stack != nullptr; stack = stack->next) {
        ++count;
    }
    return count;
}

}  // namespace ringfence::kernel::arch
