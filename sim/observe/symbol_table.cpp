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
    sort();
}

void SymbolTable::add_names(std::vector<NamedAddress> names) {
    std::ranges::sort(names, {}, &NamedAddress::address);  // equals are all of one size
    for (usize i = 0; i < names.size(); ++i) {
        usize next = i + 1;
        while (next < names.size() && names[next].address == names[i].address) {
            ++next;
        }
        const u64 size = next < names.size() ? names[next].address - names[i].address : 0;
        symbols_.push_back({names[i].address, std::min(size, longest_unsized), true, {}});
        symbols_.back().name = std::move(names[i].name);
    }
    sort();
}

void SymbolTable::sort() {
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

std::vector<NamedAddress> SymbolTable::functions_in(VirtualAddress first, u64 bytes) const {
    std::vector<NamedAddress> found;
    for (const Symbol& symbol : symbols_) {
        if (symbol.address - first.value() < bytes) {
            found.push_back({symbol.address, symbol.name});
        }
    }
    return found;
}

AddressRange SymbolTable::between(std::string_view first, std::string_view end) const {
    const auto from = address_of(first);
    const auto to = address_of(end);
    return from && to && *from < *to ? AddressRange{*from, *to} : AddressRange{};
}

}  // namespace ringfence::sim::observe
