// SPDX-License-Identifier: MIT
#include "lab/symbols/readable_names.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

namespace ringfence::lab::symbols {

namespace {

/// Without the parameters: the name is enough.
std::string demangled(const std::string& name) {
    struct Free {
        void operator()(char* text) const { std::free(text); }
    };
    int status = 0;
    const std::unique_ptr<char, Free> text(
        ::abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status));
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

std::string name_of(VirtualAddress address, const sim::observe::SymbolTable& symbols) {
    const auto hit = symbols.find(address);
    if (!hit) {
        return {};
    }
    const std::string name = demangled(std::string(hit->name));
    return hit->offset == 0 ? name : fmt::format("{}+{:#x}", name, hit->offset);
}

std::string describe(VirtualAddress address, const sim::observe::SymbolTable& symbols) {
    const std::string name = name_of(address, symbols);
    return name.empty() ? fmt::format("{:#x}", address.value()) : name;
}

}  // namespace ringfence::lab::symbols
