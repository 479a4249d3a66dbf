// SPDX-License-Identifier: MIT
// From names to files: walking paths over directories and symbolic links.
#pragma once

#include <string_view>

#include "kernel/core/containers/ref.h"
#include "kernel/core/containers/string.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/inode.h"
#include "kernel/core/process/credentials.h"

namespace ringfence::kernel {

enum class FinalLink : u8 { Follow, Keep };

/// Where a walk starts and who walks.
struct WalkContext {
    Ref<Inode> root;
    Ref<Inode> start;  ///< for relative paths
    const Credentials* credentials;
};

/// The place of a file that may not exist yet.
struct Place {
    Ref<Inode> directory;
    String name;  ///< last component: "." if the path ends in the directory itself
    bool must_be_directory = false;  ///< the path ended in a slash
    Ref<Inode> inode{};              ///< null if there is none
    String link_target{};            ///< what a link of /proc says it leads to, if one led here
};

/// Finds the file that `path` names. Enoent, Enotdir, Eacces, Eloop, Enametoolong as Linux has
/// them.
Fallible<Ref<Inode>> find_file(const WalkContext& context, std::string_view path, FinalLink link);

/// Finds the directory that holds the last component of `path`, and what is there under that name.
/// With FinalLink::Follow a symbolic link there is followed, to the place of a missing target too.
Fallible<Place> find_place(const WalkContext& context, std::string_view path, FinalLink link);

/// The absolute path of a directory, or Enoent if it was removed.
Fallible<String> directory_path(Inode& directory, const Inode& root);
/// The path of a file in a directory, for /proc; best effort for what was removed.
String file_path(const Place& place, const Inode& root);

}  // namespace ringfence::kernel
