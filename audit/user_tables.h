// SPDX-License-Identifier: MIT
// The tables that user mode runs on, looked at whole the first time and then by what was stored to.
//
// Every table page that a user root reaches is remembered as it was when it was last found in
// order. Whoever owns the memory says which of them were stored to; the next look at a root judges
// what differs. An image in a file is looked at once and has no stores.
#pragma once

#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "audit/finding.h"
#include "audit/manifest.h"
#include "audit/table_memory.h"
#include "audit/translation_rules.h"
#include "paging/attributes.h"
#include "paging/formats/x86_4level.h"

namespace ringfence::audit {

/// Who stored to a table.
struct StoreNote {
    VirtualAddress instruction;
    u64 when = 0;  ///< in instructions; 0: not known
};

/// A mapping that was there when the root was last looked at and is not any more, or not as it was.
struct Changed {
    VirtualAddress start;
    u64 bytes;
};

class UserTables {
public:
    /// Both outlive this object.
    UserTables(TableMemory& memory, const Manifest& manifest)
        : memory_(memory), manifest_(manifest) {}

    struct Look {
        std::vector<Finding> findings;
        std::vector<Changed> changed;
        bool whole = false;  ///< all of the root was looked at: `changed` does not tell everything
        bool kernel_half = false;  ///< the kernel's half is not, or may not be, what it was
    };
    /// What is wrong with a user root now that was not when it was last looked at.
    [[nodiscard]] Look look_at(PhysicalAddress root);

    /// A page was stored to of which `watch` was asked.
    void note_store(PhysicalAddress first, u64 bytes, const StoreNote& note);
    /// Whether the page is one of which `watch` was asked.
    [[nodiscard]] bool watches(PhysicalAddress page) const;
    /// The last store to an entry since it was last looked at; nothing if there was none.
    [[nodiscard]] std::optional<StoreNote> last_store(PhysicalAddress entry) const;

    /// The translation of `address` from `root`, by the tables alone.
    [[nodiscard]] std::optional<Translation> translate(PhysicalAddress root,
                                                       VirtualAddress address) const;

    /// Whether the walk of `address` from `root` goes on to a table below the entry at `level`.
    [[nodiscard]] bool has_table(PhysicalAddress root, VirtualAddress address,
                                 unsigned level) const;

    [[nodiscard]] u64 entries_judged() const { return past_.entries_judged; }

    // What is known so far, to go on with the same tables in another memory
    // -------------------------------

    static constexpr unsigned entry_count = 512;
    struct Table {
        VirtualAddress base;
        unsigned level = 0;
        paging::Attributes limit;
        PhysicalAddress owner;  ///< the root that reaches it; 0: several do
        std::array<u64, entry_count> seen{};
        unsigned stores = 0;  ///< since it was last looked at
    };
    /// What belongs to a user root.
    struct Root {
        std::unordered_set<u64> stored_to;  ///< tables
        bool lost = true;                   ///< all must be looked at again
        bool pair_stored_to = true;
    };
    struct Past {
        std::unordered_map<u64, Table> tables;  ///< by physical address; so are the others
        std::unordered_map<u64, Root> roots;
        std::unordered_map<u64, u64> kernel_roots;  ///< to the user root of the pair
        std::unordered_set<u64> shared_stored_to;
        std::unordered_map<u64, StoreNote> notes;  ///< by entry
        u64 entries_judged = 0;
    };
    [[nodiscard]] const Past& past() const { return past_; }
    void go_on_from(const Past& past);

private:
    using Format = paging::X86FourLevel;
    static constexpr unsigned user_entries = 256;
    /// More stores than this to a table between two looks: it is more likely not a table any more.
    static constexpr unsigned most_stores = 1024;

    void begin_anew(PhysicalAddress root);
    void add(PhysicalAddress page, VirtualAddress base, unsigned level,
             const paging::Attributes& limit, PhysicalAddress owner, Look& look);
    void look_again(PhysicalAddress root, std::unordered_set<u64>& pages, Look& look);
    void compare(PhysicalAddress page, Table& table, PhysicalAddress root, Look& look);
    void entry_changed(PhysicalAddress page, const Table& table, unsigned index, u64 old_entry,
                       u64 new_entry, PhysicalAddress root, Look& look);
    void note_gone(PhysicalAddress page, unsigned level, VirtualAddress base, Look& look) const;
    void judge_leaf(PhysicalAddress entry_address, const Table& table, VirtualAddress start,
                    u64 entry, PhysicalAddress root, Look& look);
    void judge_pair(PhysicalAddress root, Look& look);
    [[nodiscard]] bool reaches(PhysicalAddress root, VirtualAddress base, unsigned level,
                               PhysicalAddress page) const;

    TableMemory& memory_;
    const Manifest& manifest_;
    Past past_;
};

}  // namespace ringfence::audit
