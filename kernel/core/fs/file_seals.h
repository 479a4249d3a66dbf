// SPDX-License-Identifier: MIT
// What may not be done any more to the contents of a file, by nobody and for ever. [linux/abi]:
// fcntl(2), "File Sealing"
#pragma once

#include "base/bits.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

namespace seal_bits {
using Seal = Flag<0, u32>;  ///< adding seals
using Shrink = Flag<1, u32>;
using Grow = Flag<2, u32>;
using Write = Flag<3, u32>;
using FutureWrite = Flag<4, u32>;  ///< as Write, but mappings that can be written stay so
inline constexpr u32 all = low_mask<u32>(5);
}  // namespace seal_bits

class FileSeals {
public:
    /// Files with a name, and those that were not made to be sealed.
    FileSeals() = default;

    [[nodiscard]] u32 bits() const { return bits_; }
    /// Seals can be added from now on.
    void allow() { bits_ = 0; }
    /// Eperm if that is sealed. The caller has made sure of no mapping's being in the way.
    Fallible<void> add(u32 seals) {
        RF_TRY(check(!seal_bits::Seal::test(bits_)));
        bits_ |= seals;
        return {};
    }

    [[nodiscard]] bool may_write() const {
        return (bits_ & (seal_bits::Write::mask | seal_bits::FutureWrite::mask)) == 0;
    }
    /// Eperm if a file of `size` bytes may not have `wanted`.
    [[nodiscard]] Fallible<void> check_size(u64 size, u64 wanted) const {
        return check(wanted == size || !(wanted > size ? seal_bits::Grow::test(bits_)
                                                       : seal_bits::Shrink::test(bits_)));
    }
    /// Eperm if it may not be written up to `end`.
    [[nodiscard]] Fallible<void> check_write(u64 size, u64 end) const {
        return check(may_write() && (end <= size || !seal_bits::Grow::test(bits_)));
    }

private:
    static Fallible<void> check(bool allowed) {
        return allowed ? Fallible<void>{} : Error{Errno::Eperm};
    }

    u32 bits_ = seal_bits::Seal::mask;
};

}  // namespace ringfence::kernel
