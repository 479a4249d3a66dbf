// SPDX-License-Identifier: MIT
// The switch of roots itself: interrupts are off while it goes on, its code is in both tables, no
// PCID serves both kinds of root, and what interrupts it gives the root back.
#pragma once

#include <array>
#include <vector>

#include "lab/prove/watch_context.h"
#include "sim/observe/observer.h"

namespace ringfence::lab::prove {

class SwitchWatch {
public:
    explicit SwitchWatch(const WatchContext& context) : context_(context) {}

    void root_written(const sim::observe::RootWrite& write);
    /// A TLB was filled.
    void cached(const sim::observe::CachedTranslation& translation);
    /// The kernel was interrupted at `rip` by `vector`.
    void kernel_interrupted(u8 vector, VirtualAddress rip, VirtualAddress fault_address);
    /// An interrupted kernel goes on at `target`.
    void kernel_resumed(VirtualAddress target);
    void user_begins() {
        past_.began = true;
        past_.interrupted.clear();
    }

    /// Who was interrupted while the kernel ran on a user root.
    struct Interrupted {
        VirtualAddress rip;
        u64 cr3;
    };
    enum class Use : u8 { None, User, Kernel };
    /// What is known so far, to go on with in a machine of the same past.
    struct Past {
        std::vector<Interrupted> interrupted;
        std::array<Use, 4096> pcid_use{};
        bool began = false;  ///< user mode has run: before that no root is the user's
    };
    [[nodiscard]] const Past& past() const { return past_; }
    void go_on_from(const Past& past) { past_ = past; }

private:
    [[nodiscard]] bool is_user_root(u64 cr3) const;
    void check_pcid(const sim::observe::RootWrite& write);
    void check_code(PhysicalAddress next_root);
    void check_pair(const sim::observe::RootWrite& write);
    [[nodiscard]] u64 late_cr3() const;

    WatchContext context_;
    Past past_;
};

}  // namespace ringfence::lab::prove
