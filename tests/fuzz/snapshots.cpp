// SPDX-License-Identifier: MIT
// Files that claim to be snapshots, with right checksums; and machines with any state that passes
// the checks: they run.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "sim/snapshot/file_reader.h"
#include "sim/snapshot/format.h"
#include "sim/state/hash.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/small_machine.h"

namespace ringfence::fuzz {
namespace {

using sim::snapshot::FileHeader;
using sim::snapshot::FileReader;

constexpr u64 instruction_limit = 100;

/// A file in the host's memory, for all inputs.
int file_with(std::span<const u8> bytes) {
    static const int descriptor = memfd_create("snapshot", 0);
    const bool written =
        ftruncate(descriptor, 0) == 0 &&
        pwrite(descriptor, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
    require(written, "no file in memory");
    return descriptor;
}

/// The input is what follows the header: the stored parts, and from some place on the directory.
std::vector<u8> made_up_file(Input& input) {
    const u16 stored = input.take<u16>();
    std::vector<u8> file(sizeof(FileHeader));
    const auto rest = input.rest();
    file.insert(file.end(), rest.begin(), rest.end());
    FileHeader header{.magic = sim::snapshot::magic,
                      .version = sim::snapshot::format_version,
                      .file_bytes = file.size(),
                      .directory_offset = sizeof(FileHeader) + stored % (rest.size() + 1)};
    const std::span<const u8> all{file};
    header.directory_hash = sim::state::hash_of(all.subspan(header.directory_offset));
    std::memcpy(file.data(), &header, sizeof(header));
    header.header_hash = sim::state::hash_of(all.first(offsetof(FileHeader, header_hash)));
    std::memcpy(file.data(), &header, sizeof(header));
    return file;
}

void read_file(std::span<const u8> bytes) {
    const auto file = FileReader::of(file_with(bytes), "input");
    if (!file.ok()) {
        return;
    }
    for (const auto& section : file.value().directory().sections) {
        const auto content = file.value().section(section.name);
        require(!content.ok() || content.value().size() == section.bytes,
                "a section of other size");
    }
    // Each chunk takes its room; the limits are those of the format, not of this test's host.
    constexpr u64 small = 1 * mib;
    if (file.value().directory().ram_end <= small) {
        const auto ram = file.value().ram();
        require(!ram.ok() || ram.value().end() == file.value().directory().ram_end,
                "RAM of other size");
    }
}

/// The states that machines come to, with some bytes changed.
void run_with_changed_state(Input& input, SmallMachine& machine) {
    constexpr unsigned most_changes = 8;
    const auto mode = static_cast<SmallMachine::Mode>(input.choose(SmallMachine::mode_count));
    machine.begin({.mode = mode});
    SmallMachine::Fields fields = machine.fields();
    for (unsigned i = 0; i < most_changes && !input.empty(); ++i) {
        auto& bytes = fields[input.choose(fields.size())].second;
        bytes[input.take<u32>() % bytes.size()] = input.take<u8>();
    }
    if (!machine.load(fields).empty()) {
        return;
    }
    // What means the same may be saved as something else, once.
    fields = machine.fields();
    const std::string error = machine.load(fields);
    require(error.empty(), "loaded state cannot be loaded: " + error);
    const std::string difference = SmallMachine::difference(fields, machine.fields());
    require(difference.empty(), "loading changes the state: " + difference);
    machine.load_code(input.rest());
    machine.run(instruction_limit);
}

}  // namespace
}  // namespace ringfence::fuzz

extern "C" int LLVMFuzzerTestOneInput(const ringfence::u8* data, ringfence::usize size) {
    using namespace ringfence::fuzz;  // NOLINT(google-build-using-namespace)
    Input input{{data, size}};
    switch (input.choose(4)) {
        case 0:
            read_file(made_up_file(input));
            break;
        case 1:
            read_file(input.rest());
            break;
        case 2: {
            static SmallMachine machine{SmallMachine::Engine::Fast, SmallMachine::Devices::Pc};
            run_with_changed_state(input, machine);
            break;
        }
        default: {
            static SmallMachine machine{SmallMachine::Engine::Timed, SmallMachine::Devices::Pc};
            run_with_changed_state(input, machine);
            break;
        }
    }
    return 0;
}
