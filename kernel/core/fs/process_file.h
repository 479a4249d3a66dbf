// SPDX-License-Identifier: MIT
// pidfd: a process as a file, which stays the same process whatever becomes of its number.
// [linux/abi]: pidfd_open(2)
#pragma once

#include "kernel/core/fs/anonymous_file.h"
#include "kernel/core/process/process.h"

namespace ringfence::kernel {

/// Readable once the process has ended, whether or not it was waited for. There is nothing to read.
class ProcessFile final : public AnonymousFile {
public:
    static constexpr FileKind file_kind{"pidfd"};

    ProcessFile(OpenFlags flags, Ref<Process> process);

    /// It may have ended, and its number may be another's by now.
    [[nodiscard]] Process& process() const { return *process_; }

    [[nodiscard]] u32 ready() const override;
    [[nodiscard]] ReadinessQueues queues() override { return {.reading = &process_->ended}; }
    void describe(String& text) const override;
    [[nodiscard]] const FileKind* kind() const override { return &file_kind; }

private:
    Ref<Process> process_;
};

/// `flags` may hold O_NONBLOCK, which waitid heeds. Enomem.
Fallible<Ref<OpenFile>> make_process_file(OpenFlags flags, Ref<Process> process);

}  // namespace ringfence::kernel
