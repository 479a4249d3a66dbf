// SPDX-License-Identifier: MIT
// What happens to files, told to those who watch them. While nobody watches anything, each of these
// costs its caller one comparison. [linux/abi]: inotify(7)
#pragma once

#include <string_view>

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::kernel {

class Inode;

/// [linux/abi]: include/uapi/linux/inotify.h
namespace file_events {
using Accessed = Flag<0, u32>;
using Modified = Flag<1, u32>;
using AttributesChanged = Flag<2, u32>;
using ClosedWritable = Flag<3, u32>;
using ClosedReadOnly = Flag<4, u32>;
using Opened = Flag<5, u32>;
using MovedFrom = Flag<6, u32>;
using MovedTo = Flag<7, u32>;
using Created = Flag<8, u32>;
using Deleted = Flag<9, u32>;
using SelfDeleted = Flag<10, u32>;
using SelfMoved = Flag<11, u32>;
using IsDirectory = Flag<30, u32>;  ///< comes with others
inline constexpr u32 all = low_mask<u32>(12);
/// IsDirectory, if it is one.
[[nodiscard]] u32 kind_bit(const Inode& inode);
}  // namespace file_events

/// How many watches there are, of all files.
extern u32 inode_watches;

namespace file_events_detail {
void tell_of_file(Inode& inode, u32 event);
void tell_of_name(Inode& directory, std::string_view name, u32 event, u32 cookie);
void tell_of_names(Inode& inode);
void tell_of_move(Inode& from, std::string_view name, Inode& to, std::string_view new_name,
                  Inode& moved);
void tell_of_end(const Inode& inode);
}  // namespace file_events_detail

/// Something happened to a file itself: those hear of it who watch the file, or a directory that
/// has a name of it.
inline void file_event(Inode& inode, u32 event) {
    if (inode_watches != 0) {
        file_events_detail::tell_of_file(inode, event);
    }
}
/// A name came to a directory or went.
inline void name_event(Inode& directory, std::string_view name, u32 event) {
    if (inode_watches != 0) {
        file_events_detail::tell_of_name(directory, name, event, 0);
    }
}
/// A file has one name more or less. Those who watch it do not keep it alive without any.
inline void names_changed(Inode& inode) {
    if (inode_watches != 0) {
        file_events_detail::tell_of_names(inode);
    }
}
/// `moved` has another name now.
inline void name_moved(Inode& from, std::string_view name, Inode& to, std::string_view new_name,
                       Inode& moved) {
    if (inode_watches != 0) {
        file_events_detail::tell_of_move(from, name, to, new_name, moved);
    }
}
/// Nobody can reach the file any more.
inline void file_gone(const Inode& inode) {
    if (inode_watches != 0) {
        file_events_detail::tell_of_end(inode);
    }
}

}  // namespace ringfence::kernel
