// SPDX-License-Identifier: MIT
// What stands in front of a victim whose read faults, or has to.
#pragma once

#include <sys/mman.h>

#include <cstdlib>

#include "guest/attacks/slow_pointer.h"
#include "guest/attacks/transient_read.h"
#include "guest/attacks/transient_send.h"

namespace attacks {

class FaultingLoad {
public:
    FaultingLoad() {
        constexpr std::size_t page = 4096;
        void* pages = mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED) {
            std::abort();
        }
        forbidden_ = static_cast<const std::uint8_t*>(pages);
    }

    /// A fault takes a while to be raised by itself; that is the short window.
    void prepare(Window window) {
        if (window == Window::Long) {
            slow_.flush();
        }
        wait_for_memory();
    }
    [[nodiscard]] const void* slow() const { return slow_.start(); }
    [[nodiscard]] const std::uint8_t* guard(const Attempt& attempt) const {
        return attempt.victim_is_readable ? forbidden_ : &allowed_;
    }

private:
    SlowPointer slow_{0};
    const std::uint8_t* forbidden_ = nullptr;
    std::uint8_t allowed_ = 0;
};

}  // namespace attacks
