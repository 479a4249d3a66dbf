// SPDX-License-Identifier: MIT
// signalfd: signals that are read rather than handled. [linux/abi]: signalfd(2)
#pragma once

#include "kernel/core/fs/anonymous_file.h"
#include "kernel/core/signal/signal_set.h"

namespace ringfence::kernel {

/// Whoever reads or polls it sees signals of his own: those of the running thread and its process.
class SignalFile final : public AnonymousFile {
public:
    static constexpr FileKind file_kind{"signalfd"};

    SignalFile(OpenFlags flags, SignalSet accepted)
        : AnonymousFile(flags, "[signalfd]"), accepted_(accepted) {}

    void accept(SignalSet signals);

    /// Takes signals out as records of 128 bytes, as many as there are and fit; waits for the
    /// first.
    Fallible<u64> read(const IoDestination& to, u64 offset) override;
    [[nodiscard]] u32 ready() const override;
    [[nodiscard]] ReadinessQueues queues() override;
    void describe(String& text) const override;
    [[nodiscard]] const FileKind* kind() const override { return &file_kind; }

private:
    SignalSet accepted_;
};

Fallible<Ref<OpenFile>> make_signal_file(OpenFlags flags, SignalSet accepted);

}  // namespace ringfence::kernel
