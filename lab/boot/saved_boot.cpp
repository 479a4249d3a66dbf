// SPDX-License-Identifier: MIT
#include "lab/boot/saved_boot.h"

#include "lab/error.h"

namespace ringfence::lab::boot {

namespace {

constexpr usize longest_name = 255;
constexpr usize longest_command_line = 1U << 16;

/// The value, or Failure::Own with the error.
template <typename T>
T demand(Result<T, std::string> result) {
    if (!result.ok()) {
        fail(Failure::Own, "{}", result.error());
    }
    return std::move(result).value();
}

}  // namespace

void SavedBoot::visit_state(sim::state::Visitor& visitor) {
    visitor.text("kernel_name", kernel_name, longest_name);
    visitor.text("command_line", command_line, longest_command_line);
    visitor.field("own_root", own_root);
    visitor.field("takes_program", takes_program);
    visitor.part("console", console);
}

LoadedBoot LoadedBoot::load(const std::string& path) {
    auto snapshot = demand(sim::machine::Snapshot::read(path));
    SavedBoot saved;
    if (snapshot->find(saved_boot_section) == nullptr) {
        fail(Failure::Own, "{}: a snapshot, but not one of 'ringfence boot'", path);
    }
    if (const auto loaded = snapshot->load(saved_boot_section, saved); !loaded.ok()) {
        fail(Failure::Own, "{}", loaded.error());
    }
    auto config = demand(snapshot->config());
    auto cpu = demand(snapshot->cpu());
    return {std::move(snapshot), std::move(saved), config, std::move(cpu)};
}

}  // namespace ringfence::lab::boot
