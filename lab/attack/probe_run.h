// SPDX-License-Identifier: MIT
// Probes for where the kernel lies: what guest/probes found, against where things are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/captured_run.h"
#include "lab/comparison.h"
#include "lab/judged.h"
#include "lab/machine/kernel_image.h"

namespace ringfence::lab::attack {

/// A step of the probes' search; each looks at its first page.
inline constexpr u64 probe_step = 2 * mib;

struct ProbeOutput {
    /// What the probe measured on pages of the program's own; it works if the first is less.
    u64 mapped = 0;
    u64 unmapped = 0;
    std::vector<u64> found;  ///< addresses, ascending

    [[nodiscard]] bool works() const { return mapped < unmapped; }
};

[[nodiscard]] Result<ProbeOutput, std::string> parse_probe_output(std::string_view text);

/// Addresses [start, end).
struct Span {
    u64 start = 0;
    u64 end = 0;
    [[nodiscard]] bool holds(u64 address) const { return address >= start && address < end; }
};

/// Where an image lies: the kernel itself, and what stays mapped in the isolated design.
struct KernelLayout {
    Span image;
    Span entry;

    [[nodiscard]] KernelLayout displaced(u64 displacement) const {
        return {.image = {image.start + displacement, image.end + displacement}, .entry = entry};
    }
};

/// Where a probe has to look within a step to meet either part: what everyone knows who has the
/// image. A `displaced` one may lie at any page, so it is looked for as often as its text is long.
[[nodiscard]] std::vector<u64> places_to_probe(const machine::KernelImage& kernel, bool displaced);

/// From the image's symbols. Throws Failure::Own if they are missing.
[[nodiscard]] KernelLayout layout_of(const machine::KernelImage& kernel);

enum class Location {
    Image,    ///< the kernel was found, or a part of it
    Entry,    ///< only entry code and data were, which do not tell where the kernel is
    Nothing,  ///< nothing was
    Wrong,    ///< something that is neither was "found"
    Broken,   ///< the probe cannot tell mapped from unmapped
};
[[nodiscard]] std::string location_name(Location location);
/// The worst of what was found: Wrong, else Image, else Entry.
[[nodiscard]] Location locate(const ProbeOutput& output, const KernelLayout& layout);

struct ProbeRun {
    Setup setup;
    std::string probe;
    ProbeOutput output;
    Location location = Location::Broken;
};

/// Fills in the result. Throws Failure::Own if the program failed or its output makes no sense.
void take_results(ProbeRun& run, const CapturedRun& guest, const KernelLayout& layout);

/// What it says of isolation: the image must not be found, and a wrong answer says nothing.
[[nodiscard]] Answer answer_of(Location location);

}  // namespace ringfence::lab::attack
