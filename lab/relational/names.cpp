// SPDX-License-Identifier: MIT
#include "lab/relational/names.h"

#include <fmt/format.h>

#include "lab/symbols/readable_names.h"

namespace ringfence::lab::relational {

std::string Names::code(VirtualAddress address) const {
    return symbols::describe(address, symbols_);
}

std::string Names::data(VirtualAddress address, const sim::observe::AddressRange& secret) {
    return secret.contains(address) ? fmt::format("secret[{}]", address - secret.first)
                                    : fmt::format("{:#x}", address.value());
}

}  // namespace ringfence::lab::relational
