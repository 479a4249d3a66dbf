// SPDX-License-Identifier: MIT
// Reads a snapshot file, from whatever source.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/memory/ram_image.h"
#include "sim/snapshot/directory.h"

namespace ringfence::sim::snapshot {

/// An open file whose header and directory are in order. Every error is one line that begins with
/// the path.
class FileReader {
public:
    static Result<FileReader, std::string> open(const std::string& path);
    /// The same of an open file, which stays the caller's; `name` is for messages.
    static Result<FileReader, std::string> of(int descriptor, std::string name);

    FileReader(FileReader&& other) noexcept;
    FileReader& operator=(FileReader&&) = delete;
    FileReader(const FileReader&) = delete;
    FileReader& operator=(const FileReader&) = delete;
    ~FileReader();

    [[nodiscard]] const Directory& directory() const { return directory_; }
    [[nodiscard]] u64 file_bytes() const { return file_bytes_; }
    [[nodiscard]] bool has(std::string_view section) const {
        return directory_.find(section) < directory_.sections.size();
    }
    /// What a section holds.
    [[nodiscard]] Result<std::vector<u8>, std::string> section(std::string_view name) const;
    [[nodiscard]] Result<memory::RamImage, std::string> ram() const;

private:
    FileReader(int descriptor, bool owned, std::string name)
        : descriptor_(descriptor), owned_(owned), name_(std::move(name)) {}
    Result<void, std::string> read_header();
    Result<void, std::string> read_directory(u64 offset, u64 hash);
    Result<std::vector<u8>, std::string> read(u64 offset, u64 bytes) const;
    [[nodiscard]] Error<std::string> error(std::string_view what) const;

    int descriptor_;
    bool owned_;
    std::string name_;
    u64 file_bytes_ = 0;
    Directory directory_;
};

}  // namespace ringfence::sim::snapshot
