// SPDX-License-Identifier: MIT
#include "sim/observe/symbol_table.h"

#include <algorithm>
#include <tuple>

#include "sim/observe/elf_view.h"

namespace ringfence::sim::observe {

namespace {

/// An unsized label (assembly) names at most this much code.
constexpr u64 longest_unsized = 64 * kib;

}  // namespace

void SymbolTable::add_elf(std::span<const u8> file, u64 load_bias) {
    const auto view = ElfView::parse(file);
    if (!view.ok()) {
        return;
    }
    for (const ElfSymbol& symbol : view.value().symbols()) {
        symbols_.push_back({symbol.address + load_bias, symbol.size, symbol.is_function,
                            std::string{symbol.name}});
    }
    std::ranges::sort(symbols_, {}, [](const Symbol& symbol) {
        return std::tuple{symbol.address, symbol.is_function, symbol.size, symbol.name};
    });
}

std::optional<SymbolTable::Hit> SymbolTable::find(VirtualAddress address) const {
    auto next = std::ranges::upper_bound(symbols_, address.value(), {}, &Symbol::address);
    // A few symbols back: a sized function may hold unsized local labels.
    constexpr int furthest = 16;
    std::optional<Hit> label;
    for (int i = 0; i < furthest && next != symbols_.begin(); ++i) {
        --next;
        const u64 offset = address.value() - next->address;
        if (next->size != 0 && offset < next->size) {
            return Hit{next->name, offset};
        }
        if (next->size == 0 && offset < longest_unsized && !label) {
            label = Hit{next->name, offset};
        }
    }
    return label;
}

std::optional<VirtualAddress> SymbolTable::address_of(std::string_view name) const {
    const auto found = std::ranges::find(symbols_, name, &Symbol::name);
    if (found == symbols_.end()) {
        return std::nullopt;
    }
    return VirtualAddress{found->address};
}

}  // namespace ringfence::sim::observe
