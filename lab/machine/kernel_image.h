// SPDX-License-Identifier: MIT
// The kernel's ELF file: found, read, and asked for its symbols.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"
#include "sim/observe/place_map.h"

namespace ringfence::lab::machine {

class KernelImage {
public:
    /// Reads the image at `path`; when that is empty, the one that RINGFENCE_KERNEL names, or
    /// `ringfence-kernel` next to this command. Throws Failure::Own if there is none or it is no
    /// x86-64 ELF executable.
    [[nodiscard]] static KernelImage load(const std::string& path);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }

    [[nodiscard]] std::optional<u64> symbol(const std::string& name) const;

    /// "name+0x12" for an address in a function of the image, otherwise empty.
    [[nodiscard]] std::string describe(u64 address) const;

    /// Which addresses are entry and exit code, from the symbols that bound them. Ranges whose
    /// symbols are missing are empty.
    [[nodiscard]] sim::observe::PlaceMap places() const;

private:
    struct Function {
        std::string name;
        u64 size;
    };

    void read_symbols();

    std::string path_;
    std::string bytes_;
    std::map<std::string, u64> symbols_;
    std::map<u64, Function> functions_;
};

}  // namespace ringfence::lab::machine
