// SPDX-License-Identifier: MIT
// From an ELF file to a mapped address space.
#pragma once

#include "kernel/core/elf/image.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/process/executed_file.h"
#include "kernel/core/vm/memory_space.h"

namespace ringfence::kernel {

/// Reads from an inode that has pages.
class InodeReader final : public elf::Reader {
public:
    explicit InodeReader(Inode& inode);
    bool read(u64 offset, std::span<u8> to) override;
    [[nodiscard]] u64 size() const override;
    [[nodiscard]] bool usable() const { return static_cast<bool>(file_); }

private:
    Ref<OpenFile> file_;
};

/// A program file that was found good.
struct ProgramFile {
    ExecutedFile file;
    String path;
    elf::Image image;
};

/// Where a program came to lie.
struct LoadedProgram {
    u64 bias = 0;  ///< what to add to the file's addresses
    VirtualAddress entry;
    VirtualAddress program_headers;
    u16 program_header_count = 0;
    VirtualAddress end;
};

/// Reads the headers of `inode`.
Result<elf::Image, elf::Reject> inspect_program(Inode& inode);

/// Maps the segments of `program` into `space`. A position-independent one goes to `preferred`, or
/// below the mapping area's top if that is null. Zeroing of a partial last page is left to
/// `clear_partial_pages`, as it needs the space to be active.
Fallible<LoadedProgram> map_program(MemorySpace& space, const ProgramFile& program,
                                    VirtualAddress preferred);
/// Zeroes what follows the file's bytes in the last page of each segment. `space` is active.
Fallible<void> clear_partial_pages(const ProgramFile& program, const LoadedProgram& loaded);

}  // namespace ringfence::kernel
