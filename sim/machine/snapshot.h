// SPDX-License-Identifier: MIT
// A whole machine at one moment, as data: what it takes to go on from there, and no more.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/memory/ram_image.h"
#include "sim/observe/place_map.h"
#include "sim/presets/cpu_model.h"
#include "sim/snapshot/file_writer.h"
#include "sim/state/reader.h"
#include "sim/state/writer.h"

namespace ringfence::sim::machine {

/// Names of sections that a Snapshot itself knows.
inline constexpr const char* config_section = "machine";
inline constexpr const char* cpu_section = "cpu_model";

/// What was fixed when the machine was made, and holds for whoever goes on.
struct SavedConfig {
    u64 ram_bytes = 0;
    u64 start_seconds = 0;
    observe::PlaceMap places{};
    bool test_device = false;
    bool timed = false;

    void visit_state(state::Visitor& visitor);
};

/// Immutable, and not tied to the machine that it was made of. Threads may share it; machines that
/// start from it share its RAM until they write to it.
class Snapshot {
public:
    /// `name` is for messages. Nothing is checked here: `check` does.
    Snapshot(std::string name, std::vector<snapshot::Section> sections, memory::RamImage ram)
        : name_(std::move(name)), sections_(std::move(sections)), ram_(std::move(ram)) {}

    /// Reads a file whole. The error is one line that begins with the path: the file is missing,
    /// foreign, damaged, of another version, or holds what no machine can be in.
    static Result<std::shared_ptr<const Snapshot>, std::string> read(const std::string& path);
    /// The same of an open file; `name` is for messages.
    static Result<std::shared_ptr<const Snapshot>, std::string> read(int descriptor,
                                                                     const std::string& name);
    /// Writes a file, or nothing at all. The error is one line that begins with the path.
    [[nodiscard]] Result<void, std::string> write(const std::string& path) const;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::span<const snapshot::Section> sections() const { return sections_; }
    /// Null if there is no section of that name.
    [[nodiscard]] const snapshot::Section* find(std::string_view section) const;
    [[nodiscard]] const memory::RamImage& ram() const { return ram_; }
    /// Equal for equal states, however they were stored.
    [[nodiscard]] u64 content_hash() const;

    [[nodiscard]] Result<SavedConfig, std::string> config() const;
    [[nodiscard]] Result<presets::CpuModel, std::string> cpu() const;
    /// Loads a section into an object that has a visit_state; all of it must be used.
    template <typename T>
    [[nodiscard]] Result<void, std::string> load(std::string_view section, T& object) const;

private:
    [[nodiscard]] Error<std::string> error(std::string_view section, std::string_view what) const;

    std::string name_;
    std::vector<snapshot::Section> sections_;
    memory::RamImage ram_;
};

template <typename T>
Result<void, std::string> Snapshot::load(std::string_view section, T& object) const {
    const snapshot::Section* const found = find(section);
    if (found == nullptr) {
        return error(section, "missing");
    }
    state::Reader reader{found->bytes};
    object.visit_state(reader);
    reader.finish();
    if (!reader.ok()) {
        return error(section, reader.error());
    }
    return {};
}

/// The section that `object` makes under `name`. The error says which field is such that it could
/// not be loaded again.
template <typename T>
Result<snapshot::Section, std::string> make_section(std::string name, T& object) {
    state::BufferWriter writer;
    object.visit_state(writer);
    if (!writer.problem().empty()) {
        return Error{name + ": " + writer.problem()};
    }
    return snapshot::Section{std::move(name), writer.take()};
}

}  // namespace ringfence::sim::machine
