// SPDX-License-Identifier: MIT
// Writes a snapshot file.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/memory/ram_image.h"

namespace ringfence::sim::snapshot {

/// The fields of one part of a machine (sim/state), under the part's name.
struct Section {
    std::string name;
    std::vector<u8> bytes;
};

/// Equal for equal contents: what the directory of a file says, without a file.
[[nodiscard]] u64 content_hash(std::span<const Section> sections, const memory::RamImage& ram);

/// Writes the file, or nothing. At most `most_sections` of different names; `made_by` says by what
/// program. The error is one line.
Result<void, std::string> write_snapshot(const std::string& path, std::string made_by,
                                         std::span<const Section> sections,
                                         const memory::RamImage& ram);

}  // namespace ringfence::sim::snapshot
