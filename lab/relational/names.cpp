// SPDX-License-Identifier: MIT
#include "lab/relational/names.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

namespace ringfence::lab::relational {

namespace {

/// Without the parameters: the name is enough.
std::string demangled(const std::string& name) {
    struct Free {
        void operator()(char* text) const { std::free(text); }
    };
    int status = 0;
    const std::unique_ptr<char, Free> text(
        abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status));
    if (status != 0 || text == nullptr) {
        return name;
    }
    std::string plain = text.get();
    constexpr std::string_view nameless = "(anonymous namespace)::";
    for (usize at = plain.find(nameless); at != std::string::npos; at = plain.find(nameless)) {
        plain.erase(at, nameless.size());
    }
    return plain.substr(0, plain.find('('));
}

}  // namespace

std::string Names::code(VirtualAddress address) const {
    const auto hit = symbols_.find(address);
    if (!hit) {
        return fmt::format("{:#x}", address.value());
    }
    const std::string name = demangled(std::string(hit->name));
    return hit->offset == 0 ? name : fmt::format("{}+{:#x}", name, hit->offset);
}

std::string Names::data(VirtualAddress address, const sim::observe::AddressRange& secret) {
    return secret.contains(address) ? fmt::format("secret[{}]", address - secret.first)
                                    : fmt::format("{:#x}", address.value());
}

}  // namespace ringfence::lab::relational
