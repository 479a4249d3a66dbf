// SPDX-License-Identifier: MIT
// What a snapshot file holds, and where.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "sim/state/forward.h"

namespace ringfence::sim::snapshot {

/// Limits of a file. Sections are the state of parts whose size a CPU's figures bound.
inline constexpr usize most_sections = 64;
inline constexpr usize longest_section_name = 32;
inline constexpr u64 most_section_bytes = u64{1} << 30;  ///< of all sections together
inline constexpr u64 most_ram = u64{1} << 39;

struct StoredSection {
    std::string name;
    u64 bytes = 0;         ///< when unpacked
    u64 stored_bytes = 0;  ///< in the file
    u64 stored_hash = 0;
    u64 content_hash = 0;
};

struct Directory {
    std::string made_by;  ///< the program and its version
    std::vector<StoredSection> sections;
    u64 ram_end = 0;  ///< RAM's last address, and one
    // Of each chunk of RAM that is not all zeroes:
    std::vector<u64> chunk_numbers;  ///< ascending
    std::vector<u32> chunk_stored_bytes;
    std::vector<u64> chunk_stored_hashes;
    std::vector<u64> chunk_content_hashes;

    /// Loading: what holds afterwards is what the comments above say.
    void visit_state(state::Visitor& visitor);

    /// The place of a section of that name; `sections.size()` if there is none.
    [[nodiscard]] usize find(std::string_view name) const;
    /// Bytes of sections and chunks in the file.
    [[nodiscard]] u64 stored_bytes() const;
    /// Equal for equal contents, however they were compressed.
    [[nodiscard]] u64 content_hash() const;
};

}  // namespace ringfence::sim::snapshot
