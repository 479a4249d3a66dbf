// SPDX-License-Identifier: MIT
// An ELF program as its headers describe it, checked so that a loader can rely on it. Works on
// any file reader, so it can be tested byte by byte.
#pragma once

#include <span>

#include "base/result.h"
#include "kernel/core/containers/string.h"
#include "kernel/core/containers/vector.h"
#include "kernel/core/elf/elf_format.h"

namespace ringfence::kernel::elf {

enum class Reject : u8 {
    NotElf,
    Truncated,  ///< a header or a segment's bytes lie beyond the end of the file
    Class32,    ///< for a 32-bit machine
    WrongByteOrder,
    WrongMachine,
    NotExecutable,  ///< a relocatable or core file
    BadHeader,      ///< sizes or counts that make no sense
    BadSegment,     ///< overlapping, misaligned or outside of user memory
    NoSegments,
    BadInterpreter,  ///< PT_INTERP without a proper path
    ReadFailed,
};

/// One sentence for the person who tried to run the file.
[[nodiscard]] std::string_view describe(Reject reason);

/// Reads exactly `to.size()` bytes at `offset`; false if the file is shorter or cannot be read.
class Reader {
public:
    virtual bool read(u64 offset, std::span<u8> to) = 0;
    [[nodiscard]] virtual u64 size() const = 0;

protected:
    ~Reader() = default;
};

/// What a program must be made for.
struct Target {
    u16 machine;
    u64 lowest_address;
    u64 end_address;
};

struct Image {
    bool position_independent = false;
    bool executable_stack = false;
    u64 entry = 0;
    u64 program_headers_address = 0;  ///< where the loaded program finds its headers; 0 if nowhere
    u16 program_header_count = 0;
    Vector<ProgramHeader> segments;  ///< PT_LOAD only, ascending by address
    String interpreter;              ///< empty for a static program

    /// First and end address of all segments, in whole pages.
    [[nodiscard]] u64 start() const;
    [[nodiscard]] u64 end() const;
};

Result<Image, Reject> parse(Reader& file, const Target& target);

}  // namespace ringfence::kernel::elf
