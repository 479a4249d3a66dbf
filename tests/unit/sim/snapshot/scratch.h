// SPDX-License-Identifier: MIT
// A folder for a test's files, and small snapshots to put there.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sim/snapshot/file_writer.h"

namespace ringfence::sim::snapshot::testing {

class Scratch {
public:
    Scratch() {
        std::string pattern = std::filesystem::temp_directory_path() / "ringfence-test-XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
    [[nodiscard]] usize file_count() const {
        return static_cast<usize>(std::distance(std::filesystem::directory_iterator{folder_},
                                                std::filesystem::directory_iterator{}));
    }

private:
    std::filesystem::path folder_;
};

inline std::vector<u8> bytes_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
inline void put_file(const std::string& path, const std::vector<u8>& bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

inline std::vector<Section> small_sections() {
    return {{"first", {1, 2, 3}}, {"empty", {}}, {"third", std::vector<u8>(1000, 7)}};
}
/// 200 KiB, of which two chunks are used; the last is a short one.
inline memory::RamImage small_ram() {
    auto image = memory::RamImage::create(200 * kib).value();
    EXPECT_TRUE(image.put(1, std::vector<u8>(memory::RamImage::chunk_bytes, 0x11)));
    EXPECT_TRUE(image.put(3, std::vector<u8>(8 * kib, 0x33)));
    return image;
}
inline void write_small(const std::string& path) {
    const auto written = write_snapshot(path, "a test", small_sections(), small_ram());
    ASSERT_TRUE(written.ok()) << written.error();
}

}  // namespace ringfence::sim::snapshot::testing
