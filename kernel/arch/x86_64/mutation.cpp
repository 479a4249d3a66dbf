// SPDX-License-Identifier: MIT
// Choosing a mutation, and the instructions that it replaces.
#include "kernel/arch/x86_64/mutation.h"

#include <cstring>

#include "arch/x86/cr3.h"
#include "kernel/arch/x86_64/alternatives.h"
#include "kernel/arch/x86_64/instructions.h"
#include "kernel/core/command_line.h"
#include "kernel/core/log/log.h"

namespace {

/// Rows that the MUTATION macro emits.
struct Site {
    ringfence::u64 address;
    ringfence::u64 mutant;  ///< the instructions to be put there
    ringfence::kernel::arch::Mutation mutation;
    ringfence::u32 mutant_length;
    ringfence::u32 original_length;
    ringfence::u32 room;  ///< bytes at the site, the longer of both
};

}  // namespace

extern "C" {
extern const Site __mutations_start[];
extern const Site __mutations_end[];
/// What paranoid.S calls safe_root, where a user table does not map it.
ringfence::u64 safe_root_in_kernel_data = 0;
}

namespace ringfence::kernel::arch {

Mutation active_mutation = Mutation::None;

namespace {

constexpr std::string_view names[] = {
#define RF_MUTATION(symbol, name) name,
#include "kernel/arch/x86_64/mutations.inc"
#undef RF_MUTATION
};

void apply(const Site& site) {
    u8* text = loaded_text(VirtualAddress{site.address});
    u32 length = site.original_length;
    if (mutated(site.mutation)) {
        length = site.mutant_length;
        std::memcpy(text, loaded_text(VirtualAddress{site.mutant}), length);
    }
    write_nops(text + length, site.room - length);
}

}  // namespace

void choose_mutation(std::string_view command_line) {
    const auto wanted = find_option(command_line, "mutation");
    if (!wanted) {
        return;
    }
    u32 number = 0;
    for (const std::string_view name : names) {
        ++number;
        if (name == *wanted) {
            active_mutation = Mutation{number};
            log("mutation: {}", name);
            return;
        }
    }
    log_important("mutation={}: there are", *wanted);
    for (const std::string_view name : names) {
        log_important("  {}", name);
    }
    panic("no such mutation");
}

void mutate_text(PhysicalAddress kernel_root) {
    for (const Site* site = __mutations_start; site != __mutations_end; ++site) {
        apply(*site);
    }
    safe_root_in_kernel_data = x86::Cr3::make(kernel_root);
}

}  // namespace ringfence::kernel::arch
