// SPDX-License-Identifier: MIT
#include "lab/boot/job_source.h"

#include "abi/linux_session.h"

namespace ringfence::lab::boot {

JobSource::JobSource(std::optional<std::string_view> archive) {
    if (archive) {
        const abi::linux_session::Job job{.archive_bytes = archive->size()};
        header_.assign(reinterpret_cast<const char*>(&job), sizeof job);
        archive_ = *archive;
    }
}

u8 JobSource::take() {
    const usize at = next_++;
    return static_cast<u8>(at < header_.size() ? header_[at] : archive_[at - header_.size()]);
}

}  // namespace ringfence::lab::boot
