// SPDX-License-Identifier: MIT
#include "sim/machine/snapshot.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/memory/physical_memory.h"
#include "sim/presets/saved_cpu.h"
#include "sim/snapshot/file_reader.h"

namespace ringfence::sim::machine {

namespace {

void visit_range(state::Visitor& visitor, std::string_view name, observe::AddressRange& range) {
    visitor.group(name, [&] {
        visitor.field("first", range.first);
        visitor.field("end", range.end);
    });
}

}  // namespace

void SavedConfig::visit_state(state::Visitor& visitor) {
    constexpr u64 last_second = 253'402'300'799;  // 9999-12-31 23:59:59 UTC
    visitor.field("ram_bytes", ram_bytes, memory::PhysicalMemory::largest_ram);
    visitor.field("start_seconds", start_seconds, last_second);
    visit_range(visitor, "entry", places.entry);
    visitor.field("test_device", test_device);
    for (usize i = 0; i < places.exits.size(); ++i) {
        visit_range(visitor, fmt::format("exit{}", i), places.exits[i]);
    }
    visitor.field("timed", timed);
}

Error<std::string> Snapshot::error(std::string_view section, std::string_view what) const {
    return Error{fmt::format("{}: section '{}': {}", name_, section, what)};
}

const snapshot::Section* Snapshot::find(std::string_view section) const {
    const auto found = std::ranges::find(sections_, section, &snapshot::Section::name);
    return found == sections_.end() ? nullptr : &*found;
}

namespace {

Result<std::shared_ptr<const Snapshot>, std::string> read_all(const snapshot::FileReader& file,
                                                              const std::string& name) {
    std::vector<snapshot::Section> sections;
    for (const snapshot::StoredSection& stored : file.directory().sections) {
        RF_TRY_ASSIGN(bytes, file.section(stored.name));
        sections.push_back({stored.name, std::move(bytes)});
    }
    RF_TRY_ASSIGN(ram, file.ram());
    return std::make_shared<const Snapshot>(name, std::move(sections), std::move(ram));
}

}  // namespace

Result<std::shared_ptr<const Snapshot>, std::string> Snapshot::read(const std::string& path) {
    RF_TRY_ASSIGN(file, snapshot::FileReader::open(path));
    return read_all(file, path);
}

Result<std::shared_ptr<const Snapshot>, std::string> Snapshot::read(int descriptor,
                                                                    const std::string& name) {
    RF_TRY_ASSIGN(file, snapshot::FileReader::of(descriptor, name));
    return read_all(file, name);
}

Result<void, std::string> Snapshot::write(const std::string& path) const {
    return snapshot::write_snapshot(path, "ringfence " RINGFENCE_VERSION, sections_, ram_);
}

u64 Snapshot::content_hash() const {
    return snapshot::content_hash(sections_, ram_);
}

Result<SavedConfig, std::string> Snapshot::config() const {
    SavedConfig config;
    RF_TRY(load(config_section, config));
    const bool possible = config.ram_bytes >= memory::PhysicalMemory::smallest_ram &&
                          is_aligned(config.ram_bytes, memory::page_size);
    if (!possible || memory::RamLayout::of(config.ram_bytes).end() != ram_.end()) {
        return error(config_section, fmt::format("RAM of {} bytes", config.ram_bytes));
    }
    return config;
}

Result<presets::CpuModel, std::string> Snapshot::cpu() const {
    presets::SavedCpu saved;
    RF_TRY(load(cpu_section, saved));
    auto model = saved.model();
    if (!model.ok()) {
        return error(cpu_section, model.error());
    }
    return model;
}

}  // namespace ringfence::sim::machine
