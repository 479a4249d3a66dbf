// SPDX-License-Identifier: MIT
#include "lab/boot/linux_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace ringfence::lab::boot {

namespace {

/// "panic_warm": the mode of a restart after a panic; "p": all restarts by the chipset's reset
/// register. [linux/abi]: Documentation/admin-guide/kernel-parameters.txt, reboot=
constexpr const char* reboot_option = "reboot=p,panic_warm";
constexpr const char* panic_option = "panic=-1";

struct Default {
    std::string text;
    /// Names of options that make it go, its own first.
    std::vector<std::string> replaced_by;
};

std::vector<Default> defaults_for(const LinuxSetting& setting) {
    constexpr u64 khz = 1000;
    std::vector<Default> list = {
        {"console=ttyS0", {"console"}},
        {"acpi=off", {"acpi"}},
        {reboot_option, {"reboot"}},
        {panic_option, {"panic"}},
        {"tsc=reliable", {"tsc"}},
        {fmt::format("tsc_early_khz={}", setting.clock_hz / khz), {"tsc_early_khz"}},
        {"cryptomgr.notests", {"cryptomgr.notests"}},
        {"quiet", {"quiet", "loglevel", "debug", "ignore_loglevel", "earlyprintk", "earlycon"}},
    };
    if (setting.decompresses_itself) {
        list.push_back({"nokaslr", {"nokaslr", "kaslr"}});
    }
    return list;
}

/// The names of the options in a command line: what stands before "=", with "-" and "_" alike, as
/// Linux compares them. Quoted spaces do not separate; what follows "--" is not the kernel's.
std::vector<std::string> option_names(std::string_view line) {
    std::vector<std::string> names;
    usize at = 0;
    while (at < line.size()) {
        bool quoted = false;
        usize end = at;
        for (; end < line.size() && (quoted || line[end] != ' '); ++end) {
            quoted = quoted != (line[end] == '"');
        }
        const std::string_view option = line.substr(at, end - at);
        at = end + 1;
        if (option == "--") {
            break;
        }
        std::string name(option.substr(0, option.find('=')));
        std::ranges::replace(name, '-', '_');
        if (!name.empty()) {
            names.push_back(std::move(name));
        }
    }
    return names;
}

bool has_word(const std::string& line, std::string_view word) {
    const std::string padded = " " + line + " ";
    return padded.find(fmt::format(" {} ", word)) != std::string::npos;
}

}  // namespace

std::string linux_command_line(const LinuxSetting& setting, const std::string& appended) {
    const std::vector<std::string> given = option_names(appended);
    std::string line;
    for (const Default& option : defaults_for(setting)) {
        const bool replaced = std::ranges::any_of(option.replaced_by, [&](const std::string& name) {
            return std::ranges::find(given, name) != given.end();
        });
        if (!replaced) {
            line += (line.empty() ? "" : " ") + option.text;
        }
    }
    return appended.empty() ? line : line + (line.empty() ? "" : " ") + appended;
}

bool panics_by_warm_reset(const std::string& command_line) {
    return has_word(command_line, reboot_option) && has_word(command_line, panic_option);
}

}  // namespace ringfence::lab::boot
