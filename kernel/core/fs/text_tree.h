// SPDX-License-Identifier: MIT
// Directories of fixed texts that are written down as a table: /proc/sys and /sys.
#pragma once

#include <algorithm>
#include <span>

#include "kernel/core/fs/proc_nodes.h"

namespace ringfence::kernel {

/// A string literal as a template argument.
template <usize size>
struct FixedText {
    constexpr FixedText(const char (&text)[size]) {  // NOLINT(google-explicit-constructor)
        std::copy_n(text, size, letters);
    }
    [[nodiscard]] constexpr std::string_view view() const { return {letters, size - 1}; }
    char letters[size]{};
};
/// The generator of a file that always says `text`.
template <FixedText text>
Fallible<String> fixed(u32) {
    return String(text.view());
}

/// The same for a file that always says a number.
template <u64 value>
Fallible<String> number(u32) {
    return String().append_decimal(value).append('\n');
}

struct TextTree {
    std::string_view name;
    std::span<const ProcEntry> files;
    std::span<const TextTree> directories{};
};

/// The directory that `tree` describes, which must live for ever; `parent` is the one above it.
[[nodiscard]] Ref<Inode> make_text_tree(const TextTree& tree, DeviceNumber file_system,
                                        Ref<Inode> parent);

}  // namespace ringfence::kernel
