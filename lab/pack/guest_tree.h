// SPDX-License-Identifier: MIT
// The files that a guest will see, by absolute path, held in memory until they are packed.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/types.h"

namespace ringfence::lab::pack {

enum class NodeKind { Directory, File, Symlink };

/// When files that the host does not have were last changed: 2020-01-01, at which the guest's clock
/// starts.
inline constexpr u32 default_time = 1577836800;

struct GuestNode {
    NodeKind kind;
    u32 permissions;   ///< the twelve permission bits of st_mode
    std::string data;  ///< a file's bytes, a symbolic link's target; empty for a directory
    u32 modified = default_time;  ///< st_mtime, in seconds since 1970
};

/// A tree of files. Paths are absolute guest paths; `.`, `..` and repeated slashes are resolved by
/// their text. Directories above a new entry appear by themselves, and symbolic links among them
/// are followed as the guest would. A later entry replaces an earlier one of the same path, except
/// that a directory only has its permissions replaced.
class GuestTree {
public:
    GuestTree();

    void add_directory(std::string_view path, u32 permissions, u32 modified = default_time);
    void add_file(std::string_view path, u32 permissions, std::string bytes,
                  u32 modified = default_time);
    void add_symlink(std::string_view path, std::string target, u32 modified = default_time);

    /// The entry at `path` with every symbolic link followed, or null.
    [[nodiscard]] const GuestNode* find(std::string_view path) const;

    /// Every entry, a directory always before what it holds; "/" is the first.
    [[nodiscard]] const std::map<std::string, GuestNode>& nodes() const { return nodes_; }

private:
    /// `path` with the symbolic links of its directories followed; throws on a loop of links.
    [[nodiscard]] std::string follow_directories(std::string_view path) const;
    void put(std::string_view path, GuestNode node);

    std::map<std::string, GuestNode> nodes_;
};

/// `path` as an absolute path without `.`, `..`, repeated or trailing slashes: "a/../b/" is "/b".
/// Works on the text alone, and `..` at the top stays at the top.
[[nodiscard]] std::string normal_path(std::string_view path);

/// The directory part of a normal path ("/" for "/" and "/a"), and the name after it.
[[nodiscard]] std::string parent_path(std::string_view normal);
[[nodiscard]] std::string base_name(std::string_view normal);

}  // namespace ringfence::lab::pack
