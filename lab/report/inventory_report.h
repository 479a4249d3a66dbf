// SPDX-License-Identifier: MIT
// What user mode could read of the kernel, for people and as JSON (schema "ringfence.inventory/1").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/comparison.h"
#include "lab/prove/inventory.h"

namespace ringfence::lab::report {

/// One run: what each of its processes could read.
struct Inventory {
    Setup setup;
    std::string program;
    std::vector<prove::ProcessInventory> processes;
};

/// A line for each page of the first process, and what differs in the others.
[[nodiscard]] std::string inventory_table(const Inventory& inventory);

/// The document ends in a newline; every word of every data page is in it.
[[nodiscard]] std::string inventory_json(std::string_view kernel,
                                         const std::vector<Inventory>& inventories);

}  // namespace ringfence::lab::report
