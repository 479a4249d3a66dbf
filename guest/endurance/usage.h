// SPDX-License-Identifier: MIT
// What the kernel says of its frames and objects (/proc/ringfence/usage), before and after.
#pragma once

#include <cstdint>

namespace endurance {

class Usage {
public:
    /// As it is now. Ends the program if the kernel does not say it. Takes no memory.
    static Usage read();
    [[nodiscard]] uint64_t value(const char* name) const;
    void print() const;

    /// Prints each figure that is not as in `before`, and says whether there is any. Frames of the
    /// heap may be fewer or more, as long as what is in them is the same to `spare_bytes`: lists
    /// that grew keep their size. Figures of connections are left out while some come to their end.
    [[nodiscard]] bool same_as(const Usage& before, uint64_t spare_bytes) const;
    /// There are more or fewer connections than before.
    [[nodiscard]] bool connections_end(const Usage& before) const;

private:
    struct Row {
        char name[24];
        uint64_t value;
    };
    static constexpr unsigned most_rows = 48;

    Row rows_[most_rows];
    unsigned count_ = 0;
};

/// Frames of the program's own file are made when they are first touched, and stay: all of them
/// now.
void touch_program();

/// Sleeps until connections that ended lately are forgotten, at most `patience_seconds`, and then
/// compares by same_as.
[[nodiscard]] bool comes_back_to(const Usage& before, uint64_t spare_bytes,
                                 unsigned patience_seconds);

}  // namespace endurance
