// SPDX-License-Identifier: MIT
// A bug of the past in our kernel, and whether the checks notice it.
#pragma once

#include <string>
#include <vector>

#include "audit/manifest.h"
#include "lab/machine/kernel_image.h"
#include "lab/machine/stop_request.h"
#include "lab/prove/mutation_list.h"

namespace ringfence::lab::prove {

struct MutationResult {
    const Mutation* mutation = nullptr;
    /// By what it was caught, each once and the mutation's own rules first: ids of rules, "ending"
    /// for a run that does not end as it should, "injection" for one that events do not survive.
    std::vector<std::string> caught_by{};
    std::string evidence{};  ///< one line of it
    /// What the same run found in the same image without the mutation; empty, as it must be.
    std::string control{};

    /// One of the rules that it breaks was seen to be broken, by name, and without the mutation
    /// nothing was found.
    [[nodiscard]] bool is_caught() const;
};

/// What mutations run with.
struct MutationBench {
    const machine::KernelImage& mutants;  ///< the image that takes mutation=NAME
    const audit::Manifest& manifest;      ///< of that image
    machine::StopRequest& stop;
};

/// Runs the mutation and its control. Throws Failure::Own if a machine cannot be made.
[[nodiscard]] MutationResult run_mutation(const MutationBench& bench, const Mutation& mutation);

}  // namespace ringfence::lab::prove
