// SPDX-License-Identifier: MIT
// Names for addresses, for traces and reports.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observe/address_range.h"

namespace ringfence::sim::observe {

/// A function whose size is not known.
struct NamedAddress {
    u64 address;
    std::string name;
};

class SymbolTable {
public:
    struct Hit {
        std::string_view name;
        u64 offset;  ///< bytes past the symbol's start
    };

    /// Adds the symbols of an ELF file, moved by `load_bias`. A file that is not ELF or has no
    /// symbols adds nothing.
    void add_elf(std::span<const u8> file, u64 load_bias = 0);

    /// Adds functions; each ends where the next one of these begins.
    void add_names(std::vector<NamedAddress> names);

    /// The symbol that covers `address`: one whose size says so, or the nearest unsized one before.
    [[nodiscard]] std::optional<Hit> find(VirtualAddress address) const;
    /// The address of a symbol.
    [[nodiscard]] std::optional<VirtualAddress> address_of(std::string_view name) const;
    /// From one symbol up to another; empty if either is missing or they are the wrong way round.
    [[nodiscard]] AddressRange between(std::string_view first, std::string_view end) const;

    /// The functions that begin in [first, first + bytes), by address.
    [[nodiscard]] std::vector<NamedAddress> functions_in(VirtualAddress first, u64 bytes) const;

    [[nodiscard]] bool empty() const { return symbols_.empty(); }

private:
    void sort();

    struct Symbol {
        u64 address;
        u64 size;
        bool is_function;
        std::string name;
    };
    std::vector<Symbol> symbols_;  ///< by address; of equals, the best name comes last
};

}  // namespace ringfence::sim::observe
