// SPDX-License-Identifier: MIT
// What the TLBs hold when user mode begins to run: nothing that its tables do not, under its PCID
// or global. By what changed in the tables, so that an entry into user mode costs what changed.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "lab/prove/watch_context.h"
#include "sim/observe/observer.h"

namespace ringfence::lab::prove {

class TranslationWatch {
public:
    explicit TranslationWatch(const WatchContext& context) : context_(context) {}

    void cached(const sim::observe::CachedTranslation& translation);
    void flushed(const sim::observe::FlushedContext& context);
    /// User mode begins to run on `root` under `pcid`; `look` is what its tables look like.
    void user_begins(PhysicalAddress root, u16 pcid, const audit::UserTables::Look& look);

    /// What is known so far, to go on with in a machine of the same past.
    struct Past {
        /// By PCID: the roots that its translations were walked from since it was flushed.
        std::map<u16, std::vector<u64>> filled_from;
        /// By PCID: changes in the tables of the root that it was used with last, since then.
        std::map<u16, std::vector<audit::Changed>> owed;
        std::map<u64, std::set<u16>> pcids_of_root;
        /// Global pages outside the manifest that were cached since global ones were flushed. They
        /// are in order as long as no isolated program runs.
        std::vector<audit::Finding> foreign_globals;
        bool began = false;  ///< user mode has run: before that nothing is owed to anybody
    };
    [[nodiscard]] const Past& past() const { return past_; }
    void go_on_from(const Past& past) { past_ = past; }

private:
    /// Changes beyond this: all entries are compared.
    static constexpr u64 most_pages = 2048;

    void compare_changed(PhysicalAddress root, u16 pcid,
                         const std::vector<audit::Changed>& changed);
    void compare_all(PhysicalAddress root, u16 pcid, audit::Rule rule);
    void compare_timed(PhysicalAddress root, u16 pcid, audit::Rule rule);
    void judge_globals();
    [[nodiscard]] bool is_cached_globally(VirtualAddress address) const;
    void look_for_supervisor_pages(u16 pcid);
    void compare(PhysicalAddress root, const audit::Translation& kept, const char* where,
                 audit::Rule rule);

    WatchContext context_;
    Past past_;
};

}  // namespace ringfence::lab::prove
