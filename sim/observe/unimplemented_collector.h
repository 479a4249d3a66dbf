// SPDX-License-Identifier: MIT
// Which instructions the guest wanted and the machine has not.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/observe/observer.h"
#include "sim/state/forward.h"

namespace ringfence::sim::observe {

/// A program that tries encodings at random names the first ones only.
class UnimplementedCollector final : public Observer {
public:
    static constexpr usize most_kept = 256;
    struct Row {
        VirtualAddress first_rip;
        std::string bytes;        ///< hexadecimal pairs
        std::string instruction;  ///< disassembled
        bool user;                ///< the first one ran at CPL 3
        u64 count;
    };

    void unimplemented_instruction(const Executed& executed) override;
    /// Ordered by the bytes.
    [[nodiscard]] std::vector<Row> rows() const;

    void visit_state(state::Visitor& visitor);

private:
    struct Seen {
        VirtualAddress first_rip;
        unsigned operand_bits = 64;
        bool user = false;
        u64 count = 0;
    };
    std::map<std::vector<u8>, Seen> seen_;
};

}  // namespace ringfence::sim::observe
