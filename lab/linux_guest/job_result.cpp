// SPDX-License-Identifier: MIT
#include "lab/linux_guest/job_result.h"

#include <fmt/format.h>

#include <cstring>

namespace ringfence::lab::linux_guest {

Result<JobResult, std::string> ResultSink::result() const {
    JobResult out;
    if (bytes_.size() < sizeof out.result) {
        return Error{fmt::format("the guest gave {} bytes for a result, of at least {}",
                                 bytes_.size(), sizeof out.result)};
    }
    std::memcpy(&out.result, bytes_.data(), sizeof out.result);
    out.result.meltdown[sizeof out.result.meltdown - 1] = '\0';
    const usize streams = bytes_.size() - sizeof out.result;
    if (out.result.output_bytes > streams ||
        streams - out.result.output_bytes != out.result.error_bytes) {
        return Error{fmt::format("the guest announced {} and {} bytes of output, and gave {}",
                                 out.result.output_bytes, out.result.error_bytes, streams)};
    }
    out.output = bytes_.substr(sizeof out.result, out.result.output_bytes);
    out.error = bytes_.substr(sizeof out.result + out.result.output_bytes);
    return out;
}

}  // namespace ringfence::lab::linux_guest
