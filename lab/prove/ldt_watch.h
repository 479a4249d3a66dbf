// SPDX-License-Identifier: MIT
// A program's own descriptor table: if it has one it is loaded, lies in its user table where the
// manifest says, and holds segments of user mode and nothing else. [intel/vol3]: 3.5.1
#pragma once

#include <array>

#include "lab/prove/watch_context.h"

namespace ringfence::lab::prove {

class LdtWatch {
public:
    explicit LdtWatch(const WatchContext& context) : context_(context) {}

    /// User mode begins to run on `root`. Nothing is known of earlier times: a program that has no
    /// LDT costs one walk of its table, one that has one is looked at whole.
    void user_begins(PhysicalAddress root) const;

private:
    static constexpr u64 page_size = 4 * kib;
    using Page = std::array<u64, page_size / sizeof(u64)>;

    void check_loaded(PhysicalAddress root, const audit::Part& part) const;
    void check_page(VirtualAddress address, const Page& page, u64 bytes_in_use) const;
    void violated(audit::Rule rule, VirtualAddress address, u64 bytes, const char* what) const;

    WatchContext context_;
};

}  // namespace ringfence::lab::prove
