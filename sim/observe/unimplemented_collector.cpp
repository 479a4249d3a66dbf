// SPDX-License-Identifier: MIT
#include "sim/observe/unimplemented_collector.h"

#include "sim/observe/disassembly.h"

namespace ringfence::sim::observe {

void UnimplementedCollector::unimplemented_instruction(const Executed& executed) {
    Seen& seen = seen_[std::vector<u8>(executed.bytes.begin(), executed.bytes.end())];
    if (seen.count++ == 0) {
        seen.first_rip = executed.rip;
        seen.instruction = disassemble(executed);
        seen.user = executed.user;
    }
}

std::vector<UnimplementedCollector::Row> UnimplementedCollector::rows() const {
    std::vector<Row> rows;
    for (const auto& [bytes, seen] : seen_) {
        rows.push_back({seen.first_rip, hex_bytes(bytes), seen.instruction, seen.user, seen.count});
    }
    return rows;
}

}  // namespace ringfence::sim::observe
