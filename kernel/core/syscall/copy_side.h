// SPDX-License-Identifier: MIT
// What the calls have in common that copy between files inside the kernel.
#pragma once

#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

/// One side of a copy: the file's own position, or one that the program keeps.
class CopySide {
public:
    /// Espipe for an offset of a file without positions.
    static Fallible<CopySide> make(OpenFile& file, Pointer offset) {
        CopySide side(file, offset);
        if (offset == Pointer{}) {
            side.at_ = file.position;
            return side;
        }
        if (!file.seekable()) {
            return Error{Errno::Espipe};
        }
        RF_TRY_ASSIGN(at, read_user<i64>(offset));
        if (at < 0) {
            return Error{Errno::Einval};
        }
        side.at_ = static_cast<u64>(at);
        return side;
    }
    [[nodiscard]] OpenFile& file() const { return *file_; }
    Fallible<u64> read(std::span<u8> to) { return read_at(*file_, IoDestination(to), at_); }
    Fallible<u64> write(std::span<const u8> from) { return write_at(*file_, IoSource(from), at_); }
    void advance(u64 count) { at_ += count; }
    /// Puts the position back where it belongs.
    Fallible<void> finish() {
        if (offset_ != Pointer{}) {
            return write_user(offset_, at_);
        }
        if (file_->seekable()) {
            file_->position = at_;
        }
        return {};
    }

private:
    CopySide(OpenFile& file, Pointer offset) : file_(&file), offset_(offset) {}
    OpenFile* file_;
    Pointer offset_;
    u64 at_ = 0;
};

}  // namespace ringfence::kernel::syscalls
