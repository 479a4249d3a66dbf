// SPDX-License-Identifier: MIT
// Addresses of two runs as people know them.
#pragma once

#include <string>

#include "sim/observe/address_range.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::lab::relational {

class Names {
public:
    /// `symbols`: of the kernel and of the program.
    explicit Names(sim::observe::SymbolTable symbols) : symbols_(std::move(symbols)) {}

    /// As symbols::describe.
    [[nodiscard]] std::string code(VirtualAddress address) const;
    /// "secret[3]" in `secret`, else the number.
    [[nodiscard]] static std::string data(VirtualAddress address,
                                          const sim::observe::AddressRange& secret);

private:
    sim::observe::SymbolTable symbols_;
};

}  // namespace ringfence::lab::relational
