// SPDX-License-Identifier: MIT
// A checked view of an x86 ELF file of either class in memory. Any bytes are safe to look at.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace ringfence::sim::observe {

/// [sysv/gabi]: program header, the fields that a loader needs.
struct ElfSegment {
    u32 type;
    u64 file_offset;
    u64 virtual_address;
    u64 physical_address;
    u64 file_bytes;
    u64 memory_bytes;
    std::span<const u8> content;  ///< file_bytes of the file
};

struct ElfSymbol {
    u64 address;
    u64 size;
    std::string_view name;  ///< lives as long as the file's bytes
    bool is_function;
};

struct ElfNote {
    std::string_view name;
    u32 type;
    std::span<const u8> description;
};

class ElfView {
public:
    static constexpr u32 segment_load = 1;
    static constexpr u32 segment_note = 4;

    /// Checks the headers. The error is one line that says what is wrong and where.
    static Result<ElfView, std::string> parse(std::span<const u8> file);

    [[nodiscard]] bool is_64() const { return is_64_; }
    [[nodiscard]] u64 entry() const { return entry_; }
    [[nodiscard]] const std::vector<ElfSegment>& segments() const { return segments_; }
    /// The notes of all PT_NOTE segments. An error if one runs out of its segment.
    [[nodiscard]] Result<std::vector<ElfNote>, std::string> notes() const;
    /// What .symtab names; empty for a stripped file or one with damaged section headers.
    [[nodiscard]] std::vector<ElfSymbol> symbols() const;

private:
    struct Section {
        u32 type;
        u32 link;
        std::span<const u8> content;
    };
    explicit ElfView(std::span<const u8> file) : file_(file) {}
    template <typename Elf>
    std::optional<std::string> read_headers();
    template <typename Elf>
    [[nodiscard]] std::optional<Section> section(u64 index) const;
    template <typename Elf>
    [[nodiscard]] std::vector<ElfSymbol> read_symbols() const;

    std::span<const u8> file_;
    bool is_64_ = true;
    u64 entry_ = 0;
    u64 section_offset_ = 0;
    u64 section_count_ = 0;
    std::vector<ElfSegment> segments_;
};

}  // namespace ringfence::sim::observe
