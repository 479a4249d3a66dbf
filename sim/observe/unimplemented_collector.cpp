// SPDX-License-Identifier: MIT
#include "sim/observe/unimplemented_collector.h"

#include <span>

#include "sim/observe/disassembly.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::observe {

void UnimplementedCollector::unimplemented_instruction(const Executed& executed) {
    const std::vector<u8> bytes(executed.bytes.begin(), executed.bytes.end());
    if (seen_.size() >= most_kept && !seen_.contains(bytes)) {
        return;
    }
    Seen& seen = seen_[bytes];
    if (seen.count++ == 0) {
        seen.first_rip = executed.rip;
        seen.operand_bits = executed.operand_bits;
        seen.user = executed.user;
    }
}

void UnimplementedCollector::visit_state(state::Visitor& visitor) {
    constexpr usize most_instructions = 1U << 20;
    constexpr usize longest_instruction = 15;
    struct Entry {
        std::vector<u8> bytes;
        Seen seen;
    };
    std::vector<Entry> entries;
    for (const auto& [bytes, seen] : seen_) {
        entries.push_back({bytes, seen});
    }
    visitor.groups("seen", entries, most_instructions, [&](Entry& entry) {
        visitor.list("bytes", entry.bytes, longest_instruction);
        visitor.field("first_rip", entry.seen.first_rip);
        visitor.field("operand_bits", entry.seen.operand_bits);
        visitor.field("user", entry.seen.user);
        visitor.field("count", entry.seen.count);
    });
    if (visitor.loading() && visitor.ok()) {
        seen_.clear();
        for (Entry& entry : entries) {
            seen_.emplace(std::move(entry.bytes), entry.seen);
        }
    }
}

std::vector<UnimplementedCollector::Row> UnimplementedCollector::rows() const {
    std::vector<Row> rows;
    for (const auto& [bytes, seen] : seen_) {
        const std::string instruction = disassemble({.rip = seen.first_rip,
                                                     .bytes = bytes,
                                                     .operand_bits = seen.operand_bits,
                                                     .user = seen.user});
        rows.push_back({seen.first_rip, hex_bytes(bytes), instruction, seen.user, seen.count});
    }
    return rows;
}

}  // namespace ringfence::sim::observe
