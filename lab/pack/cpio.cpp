// SPDX-License-Identifier: MIT
#include "lab/pack/cpio.h"

#include <sys/stat.h>

#include <limits>
#include <string_view>

#include "lab/error.h"

namespace ringfence::lab::pack {

namespace {

constexpr usize alignment = 4;
constexpr usize archive_block = 512;

u32 type_bits(NodeKind kind) {
    switch (kind) {
        case NodeKind::Directory:
            return S_IFDIR;
        case NodeKind::File:
            return S_IFREG;
        case NodeKind::Symlink:
            return S_IFLNK;
    }
    return 0;
}

void pad(std::string& archive, usize multiple) {
    archive.resize((archive.size() + multiple - 1) / multiple * multiple, '\0');
}

/// One entry: the header of thirteen 8-digit fields after the magic number, the name, the data.
void append(std::string& archive, std::string_view name, u32 inode, u32 mode, u32 links,
            u32 modified, std::string_view data) {
    constexpr u32 zero = 0;
    archive += fmt::format(
        "070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
        inode, mode, /*uid*/ zero, /*gid*/ zero, links, modified, data.size(),
        /*devmajor*/ zero, /*devminor*/ zero, /*rdevmajor*/ zero, /*rdevminor*/ zero,
        name.size() + 1, /*check*/ zero);
    archive += name;
    archive += '\0';
    pad(archive, alignment);
    archive += data;
    pad(archive, alignment);
}

}  // namespace

std::string write_cpio(const GuestTree& tree) {
    std::string archive;
    u32 inode = 0;
    for (const auto& [path, node] : tree.nodes()) {
        if (node.data.size() > std::numeric_limits<u32>::max()) {
            fail(Failure::Own, "{}: a file of 4 GiB or more cannot be packed for the guest", path);
        }
        const std::string_view name = path == "/" ? "." : std::string_view(path).substr(1);
        const u32 links = node.kind == NodeKind::Directory ? 2 : 1;
        append(archive, name, ++inode, type_bits(node.kind) | node.permissions, links,
               node.modified, node.data);
    }
    append(archive, "TRAILER!!!", 0, 0, 1, 0, {});
    pad(archive, archive_block);
    return archive;
}

}  // namespace ringfence::lab::pack
