// SPDX-License-Identifier: MIT
// A value that takes the core up to three trips to memory to find, one after the other: as long as
// it is on its way, nothing that is younger can retire.
#pragma once

#include <array>
#include <cstdint>

#include "guest/attacks/timing.h"

namespace attacks {

class SlowPointer {
public:
    explicit SlowPointer(std::uint64_t value) : last_{.value = value} {}
    SlowPointer(const SlowPointer&) = delete;
    SlowPointer& operator=(const SlowPointer&) = delete;

    /// Makes the next use slow, by three trips to memory or by the last one alone; after
    /// `wait_for_memory`.
    void flush() {
        attacks::flush(&first_);
        attacks::flush(&middle_);
        flush_last();
    }
    void flush_last() { attacks::flush(&last_); }
    /// To be followed three times: it holds the address of a place that holds the address of the
    /// place of the value.
    [[nodiscard]] const void* start() const { return &first_; }

private:
    // In pages of their own, where no prefetcher sees them side by side.
    struct alignas(4096) Last {
        std::uint64_t value;
    };
    struct alignas(4096) Middle {
        const Last* next;
    };
    struct alignas(4096) First {
        const Middle* next;
    };
    Last last_;
    Middle middle_{&last_};
    First first_{&middle_};
};

}  // namespace attacks
