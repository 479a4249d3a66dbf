// SPDX-License-Identifier: MIT
#include "lab/boot/console_record.h"

#include "sim/state/visitor.h"

namespace ringfence::lab::boot {

namespace {

constexpr usize longest_line = 1024;
/// [linux/abi]: printed at the highest level, so that no option keeps them off the console:
/// kernel/panic.c and kernel/reboot.c
constexpr std::string_view panic_prefix = "Kernel panic - not syncing: ";
constexpr std::string_view halted = "reboot: System halted";
constexpr std::string_view powered_down = "reboot: Power down";

}  // namespace

void ConsoleTail::visit_state(sim::state::Visitor& visitor) {
    visitor.text("line", line, longest_line);
    visitor.text("panic", panic, longest_line);
    visitor.field("says_halted", says_halted);
}

void ConsoleRecord::add(std::string_view bytes) {
    sum_.add(bytes);
    bytes_ += bytes.size();
    for (const char letter : bytes) {
        if (letter == '\n') {
            end_line();
        } else if (tail_.line.size() < longest_line && letter != '\r') {
            tail_.line += letter;
        }
    }
}

void ConsoleRecord::end_line() {
    const usize at = tail_.line.find(panic_prefix);
    if (at != std::string::npos && tail_.panic.empty()) {
        tail_.panic = tail_.line.substr(at + panic_prefix.size());
    }
    tail_.says_halted = tail_.line.ends_with(halted) || tail_.line.ends_with(powered_down);
    tail_.line.clear();
}

}  // namespace ringfence::lab::boot
