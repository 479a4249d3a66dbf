// SPDX-License-Identifier: MIT
// The kernel's ELF file: found, read, and asked for its symbols.
#pragma once

#include <string>
#include <string_view>

#include "sim/observe/place_map.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::lab::machine {

class KernelImage {
public:
    /// Reads the image at `path`; when that is empty, the one that RINGFENCE_KERNEL names, or
    /// `ringfence-kernel` next to this command. Throws Failure::Own if there is none or it is no
    /// x86-64 ELF executable.
    [[nodiscard]] static KernelImage load(const std::string& path);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    [[nodiscard]] const sim::observe::SymbolTable& symbols() const { return symbols_; }

    /// What the file loads at [first, first + bytes); empty unless one segment holds all of it.
    [[nodiscard]] std::string_view loaded(VirtualAddress first, u64 bytes) const;

    /// Which addresses are entry and exit code, from the symbols that bound them. Ranges whose
    /// symbols are missing are empty.
    [[nodiscard]] sim::observe::PlaceMap places() const;

private:
    std::string path_;
    std::string bytes_;
    sim::observe::SymbolTable symbols_;
};

}  // namespace ringfence::lab::machine
