// SPDX-License-Identifier: MIT
// Open files on their way in messages of AF_UNIX sockets.
#pragma once

#include "kernel/core/containers/vector.h"
#include "kernel/core/fs/open_file.h"

namespace ringfence::kernel {

/// The files of one message, until somebody receives them.
class PassedFiles {
public:
    PassedFiles() = default;
    explicit PassedFiles(Vector<Ref<OpenFile>> files) : files_(std::move(files)) {
        in_flight_ += files_.size();
    }
    PassedFiles(const PassedFiles&) = delete;
    PassedFiles& operator=(const PassedFiles&) = delete;
    /// Lets go of files that nobody received. One of them may be the last reference to a socket in
    /// whose queue more files wait, and so on: they are let go one after another, not one inside
    /// the other, because such a chain may be longer than a kernel stack.
    ~PassedFiles();

    [[nodiscard]] bool empty() const { return files_.empty(); }
    [[nodiscard]] const Vector<Ref<OpenFile>>& list() const { return files_; }
    /// The receiver has them now.
    [[nodiscard]] Vector<Ref<OpenFile>> take() {
        in_flight_ -= files_.size();
        return std::move(files_);
    }
    /// Of all messages together.
    [[nodiscard]] static u64 in_flight() { return in_flight_; }

private:
    static inline u64 in_flight_ = 0;
    Vector<Ref<OpenFile>> files_;
};

}  // namespace ringfence::kernel
