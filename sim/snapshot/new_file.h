// SPDX-License-Identifier: MIT
// A file that appears under its name whole, or not at all: not when the disk is full, not when the
// process is killed.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "base/types.h"

namespace ringfence::sim::snapshot {

class NewFile {
public:
    /// Begins a file for `path`, which may be there already: it stays as it is until `commit`. The
    /// new file lies in the same folder without a name, or, where the file system has no such
    /// files, under a name of its own. Errors are one line, which begins with the path.
    static Result<NewFile, std::string> create(const std::string& path);

    NewFile(NewFile&& other) noexcept;
    NewFile& operator=(NewFile&&) = delete;
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    /// Without a commit nothing is left of it.
    ~NewFile();

    Result<void, std::string> append(std::span<const u8> bytes);
    /// Writes over what was appended.
    Result<void, std::string> replace(u64 offset, std::span<const u8> bytes);
    /// Makes sure that the bytes are on the disk, then gives the file its name. Nothing else may be
    /// called afterwards.
    Result<void, std::string> commit();

    [[nodiscard]] u64 size() const { return size_; }

private:
    NewFile(std::string path, std::string temporary, int descriptor)
        : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}
    [[nodiscard]] Error<std::string> failure(int reason) const;
    int give_temporary_name();

    std::string path_;
    std::string temporary_;  ///< its own name; empty while it has none
    int descriptor_ = -1;
    u64 size_ = 0;
};

}  // namespace ringfence::sim::snapshot
