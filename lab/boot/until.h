// SPDX-License-Identifier: MIT
// --until and --save-at: where a run ends, in the user's words.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/machine/machine.h"
#include "sim/observe/symbol_table.h"

namespace ringfence::lab::boot {

/// Points at which a run ends although the guest would go on.
struct Until {
    std::vector<VirtualAddress> addresses{};  ///< right before an instruction there is executed
    bool any_mark = false;                    ///< after a write to the mark port (abi/ports.h)
    std::vector<u32> marks{};                 ///< after such a write of one of these values

    bool operator==(const Until&) const = default;
};

/// Each word is "MARK" (any), "MARK:N", an address ("0x...") or a symbol ("NAME" or "NAME+N").
/// `symbols` is called if there is one of the last kind. Throws Failure::Usage for a word that is
/// nothing of this, or a symbol that the kernel has not; it names the `option`.
[[nodiscard]] Until parse_until(std::string_view option, const std::vector<std::string>& words,
                                const std::function<const sim::observe::SymbolTable&()>& symbols);

/// Pauses a machine after the marks of `until`, which outlives it.
class MarkWatcher final : public sim::observe::Observer {
public:
    explicit MarkWatcher(const Until& until) : until_(until) {}
    /// Called before the machine, of which this is an observer, first runs.
    void watch(sim::machine::Machine& machine) { machine_ = &machine; }
    void mark(u32 value) override;

private:
    const Until& until_;
    sim::machine::Machine* machine_ = nullptr;
};

}  // namespace ringfence::lab::boot
