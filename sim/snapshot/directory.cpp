// SPDX-License-Identifier: MIT
#include "sim/snapshot/directory.h"

#include <algorithm>

#include "sim/memory/ram_image.h"
#include "sim/state/hash.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::snapshot {

namespace {

template <typename T>
std::span<const u8> bytes_of(const std::vector<T>& values) {
    return {reinterpret_cast<const u8*>(values.data()), values.size() * sizeof(T)};
}

bool are_ascending_below(const std::vector<u64>& numbers, u64 end) {
    return std::ranges::is_sorted(numbers, std::ranges::less_equal{}) &&
           (numbers.empty() || numbers.back() < end);
}

}  // namespace

void Directory::visit_state(state::Visitor& visitor) {
    constexpr usize longest_maker = 64;
    constexpr u64 most_ratio = 1U << 16;
    constexpr usize most_chunks = most_ram / memory::RamImage::chunk_bytes;
    visitor.text("made_by", made_by, longest_maker);
    visitor.groups("sections", sections, most_sections, [&](StoredSection& section) {
        visitor.text("name", section.name, longest_section_name);
        visitor.field("bytes", section.bytes, most_section_bytes);
        visitor.field("stored_bytes", section.stored_bytes, most_section_bytes);
        visitor.field("stored_hash", section.stored_hash);
        visitor.field("content_hash", section.content_hash);
        // No zstd frame unpacks to more: what a small file says cannot take much memory.
        visitor.require(section.bytes / most_ratio <= section.stored_bytes, "a size out of reach");
    });
    visitor.field("ram_end", ram_end, most_ram);
    visitor.list("chunk_numbers", chunk_numbers, most_chunks);
    visitor.list("chunk_stored_bytes", chunk_stored_bytes, most_chunks);
    visitor.list("chunk_stored_hashes", chunk_stored_hashes, most_chunks);
    visitor.list("chunk_content_hashes", chunk_content_hashes, most_chunks);

    u64 total = 0;
    for (const StoredSection& section : sections) {
        total += section.bytes;
        visitor.require(find(section.name) == static_cast<usize>(&section - sections.data()),
                        "two sections of one name");
    }
    visitor.require(total <= most_section_bytes, "sections that are too large");
    const usize count = chunk_numbers.size();
    visitor.require(chunk_stored_bytes.size() == count && chunk_stored_hashes.size() == count &&
                        chunk_content_hashes.size() == count,
                    "chunks of which not all is said");
    const u64 end = (ram_end + memory::RamImage::chunk_bytes - 1) / memory::RamImage::chunk_bytes;
    visitor.require(are_ascending_below(chunk_numbers, end), "chunks out of order");
}

usize Directory::find(std::string_view name) const {
    return static_cast<usize>(std::ranges::find(sections, name, &StoredSection::name) -
                              sections.begin());
}

u64 Directory::stored_bytes() const {
    u64 total = 0;
    for (const StoredSection& section : sections) {
        total += section.stored_bytes;
    }
    for (const u32 bytes : chunk_stored_bytes) {
        total += bytes;
    }
    return total;
}

u64 Directory::content_hash() const {
    state::Hash hash;
    for (const StoredSection& section : sections) {
        hash.add({reinterpret_cast<const u8*>(section.name.data()), section.name.size()});
        hash.add({reinterpret_cast<const u8*>(&section.content_hash), sizeof(u64)});
    }
    hash.add(bytes_of(chunk_numbers));
    hash.add(bytes_of(chunk_content_hashes));
    return hash.value();
}

}  // namespace ringfence::sim::snapshot
