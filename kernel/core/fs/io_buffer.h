// SPDX-License-Identifier: MIT
// Where a file operation takes its bytes from or puts them: user or kernel memory. Each piece is
// copied with a check, so a bad user pointer surfaces as Efault at the byte where it is bad.
#pragma once

#include <span>
#include <string_view>

#include "base/address.h"
#include "kernel/core/errors.h"

namespace ringfence::kernel {

/// One contiguous destination of a read.
class IoDestination {
public:
    IoDestination(VirtualAddress user, u64 size) : user_(user), size_(size) {}
    explicit IoDestination(std::span<u8> kernel) : kernel_(kernel.data()), size_(kernel.size()) {}

    [[nodiscard]] u64 size() const { return size_; }
    /// Copies `bytes` to `offset`; the caller keeps within size().
    Fallible<void> put(u64 offset, std::span<const u8> bytes) const;
    /// The same for transfers that may be short: how many bytes were copied, up to a bad address.
    [[nodiscard]] u64 put_part(u64 offset, std::span<const u8> bytes) const;
    [[nodiscard]] u64 put_zeroes_part(u64 offset, u64 count) const;
    /// The part that starts at `offset`.
    [[nodiscard]] IoDestination from(u64 offset) const;

private:
    VirtualAddress user_;
    u8* kernel_ = nullptr;
    u64 size_;
};

/// One contiguous source of a write.
class IoSource {
public:
    IoSource(VirtualAddress user, u64 size) : user_(user), size_(size) {}
    explicit IoSource(std::span<const u8> kernel) : kernel_(kernel.data()), size_(kernel.size()) {}

    [[nodiscard]] u64 size() const { return size_; }
    Fallible<void> get(u64 offset, std::span<u8> bytes) const;
    /// How many bytes were copied, up to a bad address.
    [[nodiscard]] u64 get_part(u64 offset, std::span<u8> bytes) const;
    [[nodiscard]] IoSource from(u64 offset) const;
    /// The first `count` bytes, or all if there are fewer.
    [[nodiscard]] IoSource first(u64 count) const;

private:
    VirtualAddress user_;
    const u8* kernel_ = nullptr;
    u64 size_;
};

/// The result of a transfer of `done` bytes that a bad address may have ended: Efault if there were
/// none, of `wanted`.
[[nodiscard]] inline Fallible<u64> transferred(u64 done, u64 wanted) {
    return done == 0 && wanted > 0 ? Fallible<u64>(Error{Errno::Efault}) : done;
}

[[nodiscard]] inline std::span<const u8> as_bytes(std::string_view text) {
    return {reinterpret_cast<const u8*>(text.data()), text.size()};
}

}  // namespace ringfence::kernel
