// SPDX-License-Identifier: MIT
#include "sim/memory/host_mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/bits.h"

namespace ringfence::sim::memory {

namespace {

/// An entry of /proc/self/pagemap, one for each page of the process.
struct PagemapEntry {
    static constexpr Flag<62> swapped{};
    static constexpr Flag<63> present{};

    static bool in_use(u64 entry) { return swapped.test(entry) || present.test(entry); }
};

}  // namespace

std::optional<HostMapping> HostMapping::create(u64 bytes) {
    void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data == MAP_FAILED) {
        return std::nullopt;
    }
    return HostMapping{static_cast<u8*>(data), bytes};
}

bool HostMapping::show_file(int descriptor, u64 offset, u64 bytes) {
    void* const place = data_ + offset;
    shown_.push_back({offset, offset + bytes});
    return mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                descriptor, static_cast<off_t>(offset)) == place;
}

std::vector<bool> HostMapping::parts_with_data(u64 part_bytes) const {
    const u64 page_bytes = static_cast<u64>(sysconf(_SC_PAGESIZE));
    std::vector<bool> found((size_ + part_bytes - 1) / part_bytes, false);
    for (const Range& range : shown_) {
        const u64 first = range.first / part_bytes;
        const u64 end = (range.end + part_bytes - 1) / part_bytes;
        std::fill(found.begin() + static_cast<i64>(first), found.begin() + static_cast<i64>(end),
                  true);
    }
    const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    std::vector<u64> entries(part_bytes / page_bytes);
    const u64 first_page = reinterpret_cast<u64>(data_) / page_bytes;
    for (u64 part = 0; part < found.size(); ++part) {
        const u64 page = first_page + part * entries.size();
        const u64 pages = std::min<u64>(entries.size(), (size_ - part * part_bytes) / page_bytes);
        const ssize_t wanted = static_cast<ssize_t>(pages * sizeof(u64));
        const ssize_t got = pread(pagemap, entries.data(), static_cast<usize>(wanted),
                                  static_cast<off_t>(page * sizeof(u64)));
        // Where the host does not tell, anything may be there.
        const bool used = got != wanted || std::ranges::any_of(std::span{entries}.first(pages),
                                                               PagemapEntry::in_use);
        found[part] = found[part] || used;
    }
    if (pagemap >= 0) {
        close(pagemap);
    }
    return found;
}

HostMapping::HostMapping(HostMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      shown_(std::move(other.shown_)) {}

HostMapping& HostMapping::operator=(HostMapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(shown_, other.shown_);
    return *this;
}

HostMapping::~HostMapping() {
    if (data_ != nullptr) {
        munmap(data_, size_);
    }
}

}  // namespace ringfence::sim::memory
