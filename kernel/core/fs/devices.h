// SPDX-License-Identifier: MIT
// Character devices: /dev/null and its like, the way to terminals, and the program's standard
// streams.
#pragma once

#include "kernel/core/fs/inode.h"
#include "kernel/core/fs/tmpfs.h"

namespace ringfence::kernel {

/// A device file; what it opens is decided by its number.
class DeviceInode final : public Inode {
public:
    using Inode::Inode;
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override;
};

enum class StandardStream : u8 { Input, Output, Error };

/// The host's end of a standard stream. Programs see it as a pipe.
class StreamInode final : public Inode {
public:
    StreamInode(const Metadata& metadata, StandardStream stream)
        : Inode(metadata), stream_(stream) {}
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override;

private:
    StandardStream stream_;
};

[[nodiscard]] Ref<Inode> make_stream(StandardStream stream);
/// Fills a directory with the usual devices and links.
void populate_devices(TmpfsDirectory& directory);
/// Deterministic for a given seed; see getrandom.
void fill_random(std::span<u8> bytes);
/// Fills as much of `to` as there is; gives how many bytes, or Efault for none.
Fallible<u64> write_random(const IoDestination& to);

}  // namespace ringfence::kernel
