// SPDX-License-Identifier: MIT
#include "kernel/core/process/executed_file.h"

namespace ringfence::kernel {

Fallible<ExecutedFile> ExecutedFile::take(Ref<Inode> file, const Credentials& who) {
    if (file->type() != FileType::Regular || !who.may_access(file->metadata(), Access::Execute)) {
        return Error{Errno::Eacces};
    }
    RF_TRY(file->uses().begin_running());
    return ExecutedFile(std::move(file));
}

ExecutedFile::ExecutedFile(const ExecutedFile& other) : file_(other.file_) {
    if (file_) {
        // It is run already, so nobody writes to it.
        RF_ASSERT(file_->uses().begin_running().ok());
    }
}

ExecutedFile::~ExecutedFile() {
    if (file_) {
        file_->uses().end_running();
    }
}

}  // namespace ringfence::kernel
