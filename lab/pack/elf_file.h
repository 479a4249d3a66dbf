// SPDX-License-Identifier: MIT
// What the command needs to know of an ELF file before it is given to the guest: can the kernel run
// it, and which other files does it need. [sysv/gabi]: chapters 4 and 5
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace ringfence::lab::pack {

struct ElfFacts {
    bool position_independent = false;       ///< ET_DYN
    u64 entry = 0;                           ///< virtual address, 0 in a plain library
    bool entry_is_code = false;              ///< `entry` lies in a segment that may be executed
    std::optional<std::string> interpreter;  ///< PT_INTERP: the dynamic linker's path
    std::vector<std::string> needed;         ///< DT_NEEDED, in order
    std::vector<std::string> rpath;          ///< DT_RPATH, split at colons
    std::vector<std::string> runpath;        ///< DT_RUNPATH, split at colons
};

/// True when the file begins as every ELF file does.
[[nodiscard]] bool is_elf(std::string_view bytes);

/// Whether a file is ELF, and for x86-64; the error is as that of read_elf.
[[nodiscard]] Result<void, std::string> check_elf_identity(std::string_view bytes);

/// Reads and checks an x86-64 Linux executable or shared library: header, program headers, that
/// every segment lies inside the file, and the dynamic section. The error is a clause that follows
/// the file's name, such as "is an ELF file for i386 (32-bit), expected x86-64".
[[nodiscard]] Result<ElfFacts, std::string> read_elf(std::string_view bytes);

}  // namespace ringfence::lab::pack
