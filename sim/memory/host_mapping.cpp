// SPDX-License-Identifier: MIT
#include "sim/memory/host_mapping.h"

#include <sys/mman.h>

#include <utility>

namespace ringfence::sim::memory {

std::optional<HostMapping> HostMapping::create(u64 bytes) {
    void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data == MAP_FAILED) {
        return std::nullopt;
    }
    return HostMapping{static_cast<u8*>(data), bytes};
}

HostMapping::HostMapping(HostMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

HostMapping& HostMapping::operator=(HostMapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

HostMapping::~HostMapping() {
    if (data_ != nullptr) {
        munmap(data_, size_);
    }
}

}  // namespace ringfence::sim::memory
