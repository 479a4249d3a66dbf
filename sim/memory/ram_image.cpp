// SPDX-License-Identifier: MIT
#include "sim/memory/ram_image.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/compiler.h"

namespace ringfence::sim::memory {

namespace {

/// A host limits how many mappings a process has; each machine may take this many for its image.
constexpr usize most_runs = 256;

/// Chunks [first, end).
struct Run {
    u64 first;
    u64 end;
};

/// The chunks in runs, with gaps of at most `most_gap` chunks closed.
std::vector<Run> runs_of(std::span<const u64> chunks, u64 most_gap) {
    std::vector<Run> runs;
    for (const u64 chunk : chunks) {
        if (!runs.empty() && chunk - runs.back().end <= most_gap) {
            runs.back().end = chunk + 1;
        } else {
            runs.push_back({chunk, chunk + 1});
        }
    }
    return runs;
}

}  // namespace

Result<RamImage, std::string> RamImage::create(u64 end) {
    const int descriptor = memfd_create("ringfence-ram", MFD_CLOEXEC);
    if (descriptor < 0 || ftruncate(descriptor, static_cast<off_t>(end)) != 0) {
        const int reason = errno;
        if (descriptor >= 0) {
            close(descriptor);
        }
        return Error{std::string{"memory: no room for an image: "} + std::strerror(reason)};
    }
    return RamImage{descriptor, end};
}

RamImage::RamImage(RamImage&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      end_(std::exchange(other.end_, 0)),
      chunks_(std::move(other.chunks_)) {}

RamImage& RamImage::operator=(RamImage&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(end_, other.end_);
    std::swap(chunks_, other.chunks_);
    return *this;
}

RamImage::~RamImage() {
    if (descriptor_ >= 0) {
        close(descriptor_);
    }
}

u64 RamImage::size_of(u64 chunk) const {
    RF_ASSERT(chunk < chunk_count());
    return std::min(chunk_bytes, end_ - chunk * chunk_bytes);
}

bool RamImage::put(u64 chunk, std::span<const u8> bytes) {
    RF_ASSERT(chunks_.empty() || chunks_.back() < chunk);
    RF_ASSERT(bytes.size() == size_of(chunk));
    for (usize done = 0; done < bytes.size();) {
        const ssize_t written = pwrite(descriptor_, bytes.data() + done, bytes.size() - done,
                                       static_cast<off_t>(chunk * chunk_bytes + done));
        if (written <= 0 && errno != EINTR) {
            return false;
        }
        done += static_cast<usize>(std::max<ssize_t>(written, 0));
    }
    chunks_.push_back(chunk);
    return true;
}

bool RamImage::get(u64 chunk, std::span<u8> out) const {
    RF_ASSERT(out.size() == size_of(chunk));
    for (usize done = 0; done < out.size();) {
        const ssize_t got = pread(descriptor_, out.data() + done, out.size() - done,
                                  static_cast<off_t>(chunk * chunk_bytes + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        done += static_cast<usize>(std::max<ssize_t>(got, 0));
    }
    return true;
}

/// What was never put stays the mapping's own zeroes, except in gaps that are too many to leave
/// out: the host's file is as empty there.
bool RamImage::show_in(HostMapping& mapping) const {
    RF_ASSERT(mapping.size() == end_);
    u64 gap = 0;
    std::vector<Run> runs = runs_of(chunks_, gap);
    while (runs.size() > most_runs) {
        gap = gap * 2 + 1;
        runs = runs_of(chunks_, gap);
    }
    return std::ranges::all_of(runs, [&](const Run& run) {
        const u64 first = run.first * chunk_bytes;
        return mapping.show_file(descriptor_, first, std::min(run.end * chunk_bytes, end_) - first);
    });
}

}  // namespace ringfence::sim::memory
