// SPDX-License-Identifier: MIT
// Mutations: bugs of isolation, most of them seen in kernels that were shipped, which a switch puts
// back in, to show that the checks would notice. They are in a second image of the kernel only,
// `ringfence-kernel-mutants`, where `mutation=NAME` on the command line turns one on. In the image
// that is used `mutated` is a constant: neither the switches nor what they do are there.
#pragma once

#include <string_view>

#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

enum class Mutation : u32 {
    None,
#define RF_MUTATION(symbol, name) symbol,
#include "kernel/arch/x86_64/mutations.inc"
#undef RF_MUTATION
};

#ifdef RINGFENCE_MUTATIONS
inline constexpr bool has_mutations = true;
extern Mutation active_mutation;
[[nodiscard]] inline bool mutated(Mutation which) {
    return active_mutation == which;
}
#else
inline constexpr bool has_mutations = false;
[[nodiscard]] constexpr bool mutated(Mutation /*which*/) {
    return false;
}
#endif

// What follows exists where has_mutations is true, and is called there only.

/// Reads `mutation=NAME`; a name that there is not stops the kernel, with a list of those that
/// there are.
void choose_mutation(std::string_view command_line);
/// Replaces the instructions that the mutation replaces. Once, while the boot tables are loaded,
/// after apply_alternatives.
void mutate_text(PhysicalAddress kernel_root);

/// Adds to the template of all user tables, or changes in it, what the mutation says.
void mutate_manifest(PhysicalAddress manifest_root, PhysicalAddress kernel_root);
/// Maps a user root in itself, for user mode too.
void map_root_in_itself(PhysicalAddress user_root);
/// Data of this CPU, on the page of its TSS.
void fill_tss_page();
/// Another frame for a page of the kernel's, invalidated in the current PCID only.
void replace_in_one_pcid(VirtualAddress page);

/// A root that no CPU loads.
[[nodiscard]] PhysicalAddress nobodys_root();
/// Copies to the user root what it lacks of the kernel root's user half.
void mirror_late(PhysicalAddress kernel_root, PhysicalAddress user_root);

}  // namespace ringfence::kernel::arch
