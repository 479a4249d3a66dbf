// SPDX-License-Identifier: MIT
// What the manifest's data pages hold when user mode begins to run: nothing of another process,
// nothing that lies behind a descriptor table, no address of the kernel outside the manifest.
#pragma once

#include <array>
#include <unordered_map>

#include "lab/prove/watch_context.h"

namespace ringfence::lab::prove {

class ContentWatch {
public:
    explicit ContentWatch(const WatchContext& context) : context_(context) {}

    /// User mode begins to run on `root`. `changed`: what its tables map of the kernel is not what
    /// it was.
    void user_begins(PhysicalAddress root, bool changed);
    /// True if a descriptor table or a TSS was stored to.
    bool note_store(PhysicalAddress first, u64 bytes);

    static constexpr u64 page_size = 4 * kib;
    static constexpr usize words = page_size / sizeof(u64);
    /// A page of the manifest that is watched.
    struct Page {
        const audit::Part* part = nullptr;
        VirtualAddress address;
        bool stored_to = true;
        /// By word: the root, without its pair's bit, on which it was stored; 0: before that.
        std::array<u64, words> stored_on{};
    };
    /// What is known so far, to go on with in a machine of the same past.
    struct Past {
        std::unordered_map<u64, Page> pages;  ///< by physical address
        bool any_stored_to = true;
        u64 last_root = 0;
    };
    [[nodiscard]] const Past& past() const { return past_; }
    void go_on_from(const Past& past);

private:
    void find_pages(PhysicalAddress root);
    void check(PhysicalAddress root, PhysicalAddress frame, Page& page);
    void check_behind(const Page& page, const std::array<u64, words>& content, u64 used);
    void check_words(PhysicalAddress root, const Page& page, const std::array<u64, words>& content);
    void check_addresses(PhysicalAddress root, const Page& page,
                         const std::array<u64, words>& content, u64 step);
    [[nodiscard]] bool is_root_of(u64 value, u64 user_cr3) const;
    [[nodiscard]] bool is_users_own(u64 value) const;

    WatchContext context_;
    Past past_;
};

}  // namespace ringfence::lab::prove
