// SPDX-License-Identifier: MIT
// Names for addresses, for traces and reports.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace ringfence::sim::observe {

class SymbolTable {
public:
    struct Hit {
        std::string_view name;
        u64 offset;  ///< bytes past the symbol's start
    };

    /// Adds the symbols of an ELF file, moved by `load_bias`. A file that is not ELF or has no
    /// symbols adds nothing.
    void add_elf(std::span<const u8> file, u64 load_bias = 0);

    /// The symbol that covers `address`: one whose size says so, or the nearest unsized one before.
    [[nodiscard]] std::optional<Hit> find(VirtualAddress address) const;
    /// The address of a symbol.
    [[nodiscard]] std::optional<VirtualAddress> address_of(std::string_view name) const;

    [[nodiscard]] bool empty() const { return symbols_.empty(); }

private:
    struct Symbol {
        u64 address;
        u64 size;
        bool is_function;
        std::string name;
    };
    std::vector<Symbol> symbols_;  ///< by address; of equals, the best name comes last
};

}  // namespace ringfence::sim::observe
