// SPDX-License-Identifier: MIT
// Writes each executed instruction, and the events between them, as a line of text.
#pragma once

#include <cstdio>
#include <string>

#include "sim/observe/observer.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::sim::observe {

/// Lines are `NUMBER PLACE RIP SYMBOL+OFFSET  INSTRUCTION`, and `# ...` for events. PLACE is `u` or
/// `k`. The same run writes the same bytes on every host.
class Tracer final : public Observer {
public:
    /// Both outlive the tracer. Writing errors are left to `std::ferror(out)`. `retired`: how many
    /// instructions came before, and are not traced.
    Tracer(std::FILE* out, const SymbolTable& symbols, u64 retired = 0)
        : out_(out), symbols_(symbols), number_(retired) {}

    void instruction(const Executed& executed) override;
    void root_write(const RootWrite& event) override;
    void exception(const ExceptionEvent& event) override;
    void interrupt(const InterruptEvent& event) override;
    void transaction_abort(const TransactionAbort& event) override;
    void unimplemented_instruction(const Executed& executed) override;
    void stale_translation(const StaleTranslation& event) override;
    [[nodiscard]] bool wants_instructions() const override { return true; }

private:
    [[nodiscard]] std::string place_name(VirtualAddress rip) const;

    std::FILE* out_;
    const SymbolTable& symbols_;
    u64 number_;
};

}  // namespace ringfence::sim::observe
