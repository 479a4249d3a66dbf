// SPDX-License-Identifier: MIT
#include "sim/observe/tracer.h"

#include <fmt/format.h>

#include "sim/observe/disassembly.h"

namespace ringfence::sim::observe {

std::string Tracer::place_name(VirtualAddress rip) const {
    const auto hit = symbols_.find(rip);
    return hit ? fmt::format("{}+{:#x}", hit->name, hit->offset) : std::string{"-"};
}

void Tracer::instruction(const Executed& executed) {
    fmt::print(out_, "{} {} {:016x} {}  {}\n", ++number_, executed.user ? 'u' : 'k',
               executed.rip.value(), place_name(executed.rip), disassemble(executed));
}

void Tracer::root_write(const RootWrite& event) {
    fmt::print(out_, "# cr3 {:#x} -> {:#x}{}\n", event.old_value, event.new_value,
               event.no_flush ? " (no flush)" : "");
}

void Tracer::exception(const ExceptionEvent& event) {
    fmt::print(out_, "# exception {} error {:#x} rip {:#x} cr2 {:#x}\n", event.vector,
               event.has_error_code ? event.error_code : 0, event.rip.value(),
               event.address.value());
}

void Tracer::interrupt(const InterruptEvent& event) {
    fmt::print(out_, "# interrupt {} rip {:#x}\n", event.vector, event.rip.value());
}

void Tracer::transaction_abort(const TransactionAbort& event) {
    fmt::print(out_, "# transaction aborted rip {:#x} status {:#x} fallback {:#x}\n",
               event.rip.value(), event.status, event.fallback.value());
}

void Tracer::unimplemented_instruction(const Executed& executed) {
    fmt::print(out_, "# unimplemented {:#x} {}\n", executed.rip.value(), hex_bytes(executed.bytes));
}

void Tracer::stale_translation(const StaleTranslation& event) {
    fmt::print(
        out_, "# stale translation of {:#x}: cached {:#x}, tables {}\n", event.address.value(),
        event.cached.value(),
        event.current_faults ? std::string{"fault"} : fmt::format("{:#x}", event.current.value()));
}

}  // namespace ringfence::sim::observe
