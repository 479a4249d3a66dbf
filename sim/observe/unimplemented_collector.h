// SPDX-License-Identifier: MIT
// Which instructions the guest wanted and the machine has not.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/observe/observer.h"

namespace ringfence::sim::observe {

class UnimplementedCollector final : public Observer {
public:
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

private:
    struct Seen {
        VirtualAddress first_rip;
        std::string instruction;
        bool user = false;
        u64 count = 0;
    };
    std::map<std::vector<u8>, Seen> seen_;
};

}  // namespace ringfence::sim::observe
