// SPDX-License-Identifier: MIT
#include "kernel/core/fs/file_events.h"

#include "kernel/core/fs/inode_watch.h"

namespace ringfence::kernel {

u32 inode_watches = 0;

namespace {

using namespace file_events;

IntrusiveList<InodeWatch, &InodeWatch::hook> watches;

/// What those who watch a directory hear of the files in it.
constexpr u32 of_children = Accessed::mask | Modified::mask | AttributesChanged::mask |
                            ClosedWritable::mask | ClosedReadOnly::mask | Opened::mask;

void tell_watches_of(const Inode& inode, u32 event, u32 cookie, std::string_view name) {
    for (InodeWatch& watch : watches) {
        if (&watch.inode() == &inode && (watch.wanted() & event) != 0) {
            watch.happened(event, cookie, name);
        }
    }
}

}  // namespace

InodeWatch::InodeWatch(Inode& inode)
    : inode_(&inode), kept_(inode.metadata().links > 0 ? &inode : nullptr) {
    watches.push_back(*this);
    ++inode_watches;
}

InodeWatch::~InodeWatch() {
    hook.unlink();
    --inode_watches;
}

u32 file_events::kind_bit(const Inode& inode) {
    return inode.is_directory() ? IsDirectory::mask : 0;
}

namespace file_events_detail {

void tell_of_file(Inode& inode, u32 event) {
    // A file does not know where its names are, so each directory that is watched is asked. With
    // two names in one of them the first stands for both.
    const u32 full = event | kind_bit(inode);
    for (InodeWatch& watch : watches) {
        const Inode& watched = watch.inode();
        if ((event & of_children & watch.wanted()) == 0 || !watched.is_directory() ||
            watched.metadata().file_system != inode.metadata().file_system) {
            continue;
        }
        if (const auto name = const_cast<Inode&>(watched).name_of(inode)) {
            watch.happened(full, 0, name.value());
        }
    }
    tell_watches_of(inode, full, 0, {});
}

void tell_of_name(Inode& directory, std::string_view name, u32 event, u32 cookie) {
    tell_watches_of(directory, event, cookie, name);
}

void tell_of_names(Inode& inode) {
    if (!inode.is_directory()) {
        tell_watches_of(inode, AttributesChanged::mask, 0, {});
    }
    if (inode.metadata().links > 0) {
        return;
    }
    for (InodeWatch& watch : watches) {
        if (&watch.inode() == &inode) {
            watch.let_go();
        }
    }
}

void tell_of_move(Inode& from, std::string_view name, Inode& to, std::string_view new_name,
                  Inode& moved) {
    static u32 last_cookie = 0;
    const u32 cookie = ++last_cookie;
    tell_of_name(from, name, MovedFrom::mask | kind_bit(moved), cookie);
    tell_of_name(to, new_name, MovedTo::mask | kind_bit(moved), cookie);
    tell_watches_of(moved, SelfMoved::mask, 0, {});
}

void tell_of_end(const Inode& inode) {
    for (InodeWatch& watch : watches) {
        if (&watch.inode() == &inode) {
            watch.ended();
        }
    }
}

}  // namespace file_events_detail

}  // namespace ringfence::kernel
