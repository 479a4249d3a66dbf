// SPDX-License-Identifier: MIT
#include "lab/report/snapshot_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lab/boot/saved_boot.h"
#include "lab/error.h"
#include "lab/nearest_name.h"
#include "lab/report/numbers.h"
#include "lab/report/text_table.h"
#include "sim/state/field_list.h"

namespace ringfence::lab::report {

using sim::machine::Snapshot;
using sim::memory::RamImage;
using sim::snapshot::Section;
using sim::state::NamedField;

namespace {

constexpr u64 page_bytes = 4 * kib;

template <typename T>
T demand(Result<T, std::string> result) {
    if (!result.ok()) {
        fail(Failure::Own, "{}", result.error());
    }
    return std::move(result).value();
}

std::vector<std::string> section_names(const Snapshot& snapshot) {
    std::vector<std::string> names;
    for (const Section& section : snapshot.sections()) {
        names.push_back(section.name);
    }
    return names;
}

/// A number of a section by its path; 0 if it has no such field.
u64 number_at(const Snapshot& snapshot, const char* section, std::string_view path, usize index) {
    const Section* const found = snapshot.find(section);
    if (found != nullptr) {
        for (const NamedField& field : sim::state::list_fields(found->bytes)) {
            if (field.path == path && field.field.type() && index < field.field.count) {
                return field.field.element(index);
            }
        }
    }
    return 0;
}

u64 ram_bytes_that_are_not_zero(const RamImage& ram) {
    u64 bytes = 0;
    for (const u64 chunk : ram.chunks()) {
        bytes += ram.size_of(chunk);
    }
    return bytes;
}

std::string boot_lines(const Snapshot& snapshot) {
    if (snapshot.find(boot::saved_boot_section) == nullptr) {
        return {};
    }
    boot::SavedBoot saved;
    if (const auto loaded = snapshot.load(boot::saved_boot_section, saved); !loaded.ok()) {
        fail(Failure::Own, "{}", loaded.error());
    }
    std::string text =
        fmt::format("kernel        {}\ncommand line  {}\n", saved.kernel_name, saved.command_line);
    if (saved.takes_program) {
        text += "program       taken by 'boot --load'\n";
    }
    return text;
}

/// The pages of one chunk, all zeroes if the image has it not.
std::vector<u8> chunk_of(const Snapshot& snapshot, u64 chunk) {
    const RamImage& ram = snapshot.ram();
    std::vector<u8> bytes(RamImage::chunk_bytes);
    if (std::ranges::binary_search(ram.chunks(), chunk) &&
        !ram.get(chunk, std::span{bytes}.first(ram.size_of(chunk)))) {
        fail(Failure::Own, "{}: its RAM cannot be read", snapshot.name());
    }
    return bytes;
}

/// Lines of text, up to a limit.
class Lines {
public:
    explicit Lines(u64 most) : most_(most) {}
    /// False when that was the last one.
    bool add(const std::string& line) {
        text_ += count_ < most_ ? line + "\n" : "(and more)\n";
        return count_++ < most_;
    }
    [[nodiscard]] bool full() const { return count_ > most_; }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    u64 most_;
    u64 count_ = 0;
    std::string text_;
};

void compare_sections(const Snapshot& first, const Snapshot& second, Lines& lines) {
    for (const Section& section : first.sections()) {
        const Section* const other = second.find(section.name);
        if (lines.full()) {
            return;
        }
        if (other == nullptr) {
            lines.add(fmt::format("{}: only in {}", section.name, first.name()));
            continue;
        }
        sim::state::for_each_difference(
            section.bytes, other->bytes, [&](const sim::state::Difference& difference) {
                return lines.add(fmt::format("{}.{}: {} -> {}", section.name, difference.path,
                                             difference.first, difference.second));
            });
    }
    for (const Section& section : second.sections()) {
        if (first.find(section.name) == nullptr && !lines.full()) {
            lines.add(fmt::format("{}: only in {}", section.name, second.name()));
        }
    }
}

/// Where RAM differs: ranges of pages, in order.
void compare_ram(const Snapshot& first, const Snapshot& second, Lines& lines) {
    std::set<u64> chunks(first.ram().chunks().begin(), first.ram().chunks().end());
    chunks.insert(second.ram().chunks().begin(), second.ram().chunks().end());
    u64 begin = 0;
    u64 end = 0;
    const auto report_range = [&] {
        if (begin != end) {
            lines.add(fmt::format("RAM {:#x} to {:#x}", begin, end - 1));
        }
    };
    for (const u64 chunk : chunks) {
        const std::vector<u8> ours = chunk_of(first, chunk);
        const std::vector<u8> theirs = chunk_of(second, chunk);
        for (u64 offset = 0; offset < ours.size() && !lines.full(); offset += page_bytes) {
            const u64 address = chunk * RamImage::chunk_bytes + offset;
            if (std::equal(&ours[offset], &ours[offset] + page_bytes, &theirs[offset])) {
                continue;
            }
            if (address != end) {
                report_range();
                begin = address;
            }
            end = address + page_bytes;
        }
    }
    if (!lines.full()) {
        report_range();
    }
}

}  // namespace

std::string snapshot_info(const Snapshot& snapshot) {
    const auto config = demand(snapshot.config());
    const auto cpu = demand(snapshot.cpu());
    u64 instructions = 0;
    for (usize place = 0; place < sim::observe::place_count; ++place) {
        instructions += number_at(snapshot, "counters", "instructions", place);
    }
    std::string text =
        fmt::format("state         {:016x}\n", snapshot.content_hash()) + boot_lines(snapshot) +
        fmt::format("CPU           {}, {}\nmemory        {} MiB, {} KiB of it not zero\n",
                    cpu.name(), config.timed ? "timed" : "fast", config.ram_bytes / mib,
                    ram_bytes_that_are_not_zero(snapshot.ram()) / kib) +
        fmt::format("instructions  {}\n\n", grouped(instructions));
    std::vector<std::vector<std::string>> rows{{"section", "fields", "bytes"}};
    for (const Section& section : snapshot.sections()) {
        rows.push_back({section.name, grouped(sim::state::list_fields(section.bytes).size()),
                        grouped(section.bytes.size())});
    }
    return text + text_table(rows, 1);
}

std::string snapshot_fields(const Snapshot& snapshot, const std::string& section) {
    const Section* const found = snapshot.find(section);
    if (found == nullptr) {
        const auto names = section_names(snapshot);
        fail(Failure::Usage, "--fields {}: expected one of {}{}", section, fmt::join(names, ", "),
             did_you_mean(section, names));
    }
    std::string text;
    for (const NamedField& field : sim::state::list_fields(found->bytes)) {
        const bool is_array = sim::state::array_type(field.field.kind).has_value();
        text += field.path + ":";
        const usize elements = is_array ? field.field.count : 1;
        for (usize i = 0; i < elements; ++i) {
            text += " " + sim::state::format_element(field.field, i);
        }
        text += "\n";
    }
    return text;
}

std::string snapshot_difference(const Snapshot& first, const Snapshot& second, u64 most) {
    Lines lines(most);
    compare_sections(first, second, lines);
    compare_ram(first, second, lines);
    return lines.take();
}

}  // namespace ringfence::lab::report
