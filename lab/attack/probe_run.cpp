// SPDX-License-Identifier: MIT
#include "lab/attack/probe_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "lab/error.h"

namespace ringfence::lab::attack {

namespace {

u64 symbol(const machine::KernelImage& kernel, std::string_view name) {
    const auto address = kernel.symbols().address_of(name);
    if (!address) {
        fail(Failure::Own, "the kernel image: {}: has no symbol {}", kernel.path(), name);
    }
    return address->value();
}

bool parse_line(const std::string& line, ProbeOutput& output, bool& controlled) {
    int used = 0;
    u64 measured = 0;
    u64 address = 0;
    if (std::sscanf(line.c_str(), "control %" SCNu64 " %" SCNu64 "%n", &output.mapped,
                    &output.unmapped, &used) == 2) {
        controlled = true;
    } else if (std::sscanf(line.c_str(), "found %" SCNx64 " %" SCNu64 "%n", &address, &measured,
                           &used) == 2) {
        output.found.push_back(address);
    }
    return used != 0 && static_cast<usize>(used) == line.size();
}

}  // namespace

Result<ProbeOutput, std::string> parse_probe_output(std::string_view text) {
    ProbeOutput output;
    bool controlled = false;
    while (!text.empty()) {
        const usize end = text.find('\n');
        const std::string line(text.substr(0, end));
        if (end == std::string_view::npos || !parse_line(line, output, controlled)) {
            return Error{fmt::format("the probe printed a line that makes no sense: '{}'", line)};
        }
        text.remove_prefix(end + 1);
    }
    if (!controlled || !std::ranges::is_sorted(output.found)) {
        return Error{std::string("the probe's control is missing, or its findings are not sorted")};
    }
    return output;
}

KernelLayout layout_of(const machine::KernelImage& kernel) {
    // The entry region ends with the per-CPU entry area, which one step holds.
    return {.image = {symbol(kernel, "__text_start"), symbol(kernel, "__rodata_end")},
            .entry = {symbol(kernel, "__entry_region_start"),
                      symbol(kernel, "__entry_area") + probe_step}};
}

std::vector<u64> places_to_probe(const machine::KernelImage& kernel, bool displaced) {
    const KernelLayout layout = layout_of(kernel);
    std::vector<u64> places = {layout.entry.start % probe_step};
    if (!displaced) {
        places.push_back(layout.image.start % probe_step);
        return places;
    }
    const u64 text_bytes = symbol(kernel, "__text_end") - symbol(kernel, "__text_start");
    const u64 stride = std::bit_floor(text_bytes);
    for (u64 place = stride; place < probe_step; place += stride) {
        places.push_back(place);
    }
    return places;
}

std::string location_name(Location location) {
    switch (location) {
        case Location::Image:
            return "image";
        case Location::Entry:
            return "entry";
        case Location::Nothing:
            return "nothing";
        case Location::Wrong:
            return "wrong";
        case Location::Broken:
            break;
    }
    return "broken";
}

Location locate(const ProbeOutput& output, const KernelLayout& layout) {
    if (!output.works()) {
        return Location::Broken;
    }
    Location location = Location::Nothing;
    for (const u64 address : output.found) {
        if (layout.image.holds(address)) {
            location = Location::Image;
        } else if (!layout.entry.holds(address)) {
            return Location::Wrong;
        } else if (location == Location::Nothing) {
            location = Location::Entry;
        }
    }
    return location;
}

void take_results(ProbeRun& run, const CapturedRun& guest, const KernelLayout& layout) {
    const int status = shell_status(*guest.report.exit);
    const auto parsed = parse_probe_output(guest.output);
    if (status != 0 || !parsed.ok()) {
        fail(Failure::Own, "{} in {} on {}: {}", run.probe, run.setup.label, run.setup.cpu,
             status != 0 ? fmt::format("the probe ended with status {}", status) : parsed.error());
    }
    run.output = parsed.value();
    run.location = locate(run.output, layout);
}

Answer answer_of(Location location) {
    switch (location) {
        case Location::Image:
            return Answer::DoesNotHold;
        case Location::Wrong:
        case Location::Broken:
            return Answer::CannotBeTold;
        case Location::Nothing:
        case Location::Entry:
            break;
    }
    return Answer::Holds;
}

}  // namespace ringfence::lab::attack
