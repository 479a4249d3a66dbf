// SPDX-License-Identifier: MIT
// A range of a program's address space with one meaning. Plain data; nothing is mapped by it.
#pragma once

#include "base/address.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/fs/inode.h"

namespace ringfence::kernel {

inline constexpr u64 page_size = 4 * kib;

/// What the program asked for. Hardware that cannot do one without another gives more.
struct Protection {
    bool read = false;
    bool write = false;
    bool execute = false;
    constexpr bool operator==(const Protection&) const = default;
    [[nodiscard]] constexpr bool none() const { return !read && !write && !execute; }
};

enum class RegionKind : u8 { Plain, Heap, Stack, Vdso, SharedSegment };

struct Region {
    VirtualAddress start{};
    VirtualAddress end{};
    Protection protection{};
    bool shared = false;  ///< writes go to the file, or to whoever shares the memory
    bool grows_down = false;
    bool may_write = true;  ///< mprotect may add PROT_WRITE: not for a shared read-only file
    RegionKind kind = RegionKind::Plain;
    Ref<Inode> file{};  ///< null: private anonymous memory
    u64 offset = 0;     ///< in `file`, of `start`; a multiple of the page size
    String path{};      ///< for /proc/PID/maps

    [[nodiscard]] u64 size() const { return end - start; }
    [[nodiscard]] bool contains(VirtualAddress address) const {
        return start <= address && address < end;
    }
    /// Index in the file of the page that holds `address`.
    [[nodiscard]] u64 file_page(VirtualAddress address) const {
        return (offset + (address - start)) / page_size;
    }
    /// True if `next` goes on where this ends, with the same meaning.
    [[nodiscard]] bool continues_in(const Region& next) const {
        return end == next.start && protection == next.protection && shared == next.shared &&
               grows_down == next.grows_down && may_write == next.may_write && kind == next.kind &&
               file == next.file && (!file || offset + size() == next.offset) &&
               kind != RegionKind::SharedSegment;  // whose regions programs can count
    }
};

}  // namespace ringfence::kernel
