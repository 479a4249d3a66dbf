// SPDX-License-Identifier: MIT
#include "kernel/core/fs/process_file.h"

#include "kernel/core/process/process_table.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

ProcessFile::ProcessFile(OpenFlags flags, Ref<Process> process)
    : AnonymousFile(flags, "[pidfd]"), process_(std::move(process)) {}

u32 ProcessFile::ready() const {
    return process_->is_zombie() ? poll_bits::In::mask | poll_bits::ReadNormal::mask : 0;
}

Fallible<Ref<OpenFile>> make_process_file(OpenFlags flags, Ref<Process> process) {
    RF_TRY(admit_allocation());
    return Ref<OpenFile>(new ProcessFile(flags, std::move(process)));
}

void ProcessFile::describe(String& text) const {
    const bool gone = processes().find(process_->id()) != process_.get();  // and waited for
    const i64 id = gone ? -1 : i64{process_->id()};
    text.append("Pid:\t").append_signed(id).append("\nNSpid:\t").append_signed(id).append('\n');
}

}  // namespace ringfence::kernel
