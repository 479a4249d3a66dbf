// SPDX-License-Identifier: MIT
// The file of a program that runs, or is being loaded. [linux/abi]: execve(2)
#pragma once

#include <utility>

#include "kernel/core/containers/ref.h"
#include "kernel/core/fs/inode.h"
#include "kernel/core/process/credentials.h"

namespace ringfence::kernel {

/// A file that nobody can open for writing, or change the size of by name, while this holds it.
class ExecutedFile {
public:
    /// None.
    ExecutedFile() = default;
    /// Eacces for what is no regular file or may not be run by `who`, Etxtbsy while it is open for
    /// writing.
    static Fallible<ExecutedFile> take(Ref<Inode> file, const Credentials& who);

    ExecutedFile(const ExecutedFile& other);
    ExecutedFile(ExecutedFile&& other) noexcept : file_(std::move(other.file_)) {}
    ExecutedFile& operator=(ExecutedFile other) noexcept {
        std::swap(file_, other.file_);
        return *this;
    }
    ~ExecutedFile();

    /// Null for none.
    [[nodiscard]] const Ref<Inode>& inode() const { return file_; }
    explicit operator bool() const { return static_cast<bool>(file_); }

private:
    explicit ExecutedFile(Ref<Inode> file) : file_(std::move(file)) {}

    Ref<Inode> file_;
};

}  // namespace ringfence::kernel
