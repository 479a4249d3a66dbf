// SPDX-License-Identifier: MIT
// Segments that came before those in front of them. [rfc/9293] 3.10.7.4
#pragma once

#include "kernel/core/containers/vector.h"
#include "kernel/net/buffer.h"
#include "kernel/net/sequence.h"

namespace ringfence::kernel::net {

class Reassembly {
public:
    [[nodiscard]] bool empty() const { return parts_.empty(); }
    /// Keeps bytes that start at `at`. Forgets them if too much is kept already: they will come
    /// again.
    void add(Sequence at, Slice bytes);
    /// Takes out bytes that go on at `next`; empty if there are none.
    [[nodiscard]] Slice take(Sequence next);
    void clear() { parts_.clear(); }

private:
    /// Each may be a small piece of a large buffer.
    static constexpr usize most_parts = 256;
    struct Part {
        Sequence start;
        Slice bytes;
        [[nodiscard]] Sequence end() const { return start + static_cast<u32>(bytes.size()); }
    };
    Vector<Part> parts_;  ///< by where they start; may overlap
};

}  // namespace ringfence::kernel::net
