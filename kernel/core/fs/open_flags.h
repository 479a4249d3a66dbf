// SPDX-License-Identifier: MIT
// The flags of open(2) and rename(2), taken apart. [linux/abi]: include/uapi/asm-generic/fcntl.h;
// the values of O_DIRECTORY and O_NOFOLLOW are those of x86, which AArch64 has not.
#pragma once

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::kernel {

namespace open_bits {
using AccessMode = Bitfield<0, 2, u32>;  ///< 0 read, 1 write, 2 both
using Create = Flag<6, u32>;
using Exclusive = Flag<7, u32>;
using NoTerminal = Flag<8, u32>;  ///< O_NOCTTY
using Truncate = Flag<9, u32>;
using Append = Flag<10, u32>;
using NonBlocking = Flag<11, u32>;
using Asynchronous = Flag<13, u32>;  ///< O_ASYNC
using Direct = Flag<14, u32>;
using LargeFile = Flag<15, u32>;
using Directory = Flag<16, u32>;
using NoFollow = Flag<17, u32>;
using NoAccessTime = Flag<18, u32>;
using CloseOnExec = Flag<19, u32>;
using PathOnly = Flag<21, u32>;
using TemporaryFile = Flag<22, u32>;
}  // namespace open_bits

struct OpenFlags {
    u32 word = 0;

    [[nodiscard]] bool readable() const {
        return !path_only() && open_bits::AccessMode::get(word) != 1;
    }
    [[nodiscard]] bool writable() const {
        return !path_only() && open_bits::AccessMode::get(word) != 0;
    }
    [[nodiscard]] bool create() const { return open_bits::Create::test(word); }
    [[nodiscard]] bool exclusive() const { return open_bits::Exclusive::test(word); }
    [[nodiscard]] bool no_terminal() const { return open_bits::NoTerminal::test(word); }
    [[nodiscard]] bool truncate() const { return open_bits::Truncate::test(word); }
    [[nodiscard]] bool append() const { return open_bits::Append::test(word); }
    [[nodiscard]] bool non_blocking() const { return open_bits::NonBlocking::test(word); }
    [[nodiscard]] bool asynchronous() const { return open_bits::Asynchronous::test(word); }
    [[nodiscard]] bool directory() const { return open_bits::Directory::test(word); }
    [[nodiscard]] bool no_follow() const { return open_bits::NoFollow::test(word); }
    [[nodiscard]] bool close_on_exec() const { return open_bits::CloseOnExec::test(word); }
    [[nodiscard]] bool path_only() const { return open_bits::PathOnly::test(word); }
    [[nodiscard]] bool temporary_file() const { return open_bits::TemporaryFile::test(word); }

    static constexpr u32 read_only = 0;
    static constexpr u32 write_only = 1;
    static constexpr u32 read_write = 2;
};

enum class RenameMode : u8 { Replace, NoReplace, Exchange };

}  // namespace ringfence::kernel
