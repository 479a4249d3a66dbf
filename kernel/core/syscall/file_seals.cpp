// SPDX-License-Identifier: MIT
#include "kernel/core/syscall/file_seals.h"

#include <algorithm>

#include "kernel/core/fs/file_seals.h"
#include "kernel/core/process/process_table.h"

namespace ringfence::kernel::syscalls {

namespace {

/// A mapping through which the file can be written, or that mprotect could make one.
bool can_write_by_mapping(const Inode& inode) {
    const auto& all = processes().all();
    return std::any_of(all.begin(), all.end(), [&](const Ref<Process>& process) {
        if (!process->memory) {
            return false;
        }
        const RegionSet& regions = process->memory->regions();
        return std::any_of(regions.begin(), regions.end(), [&](const Region& region) {
            return region.shared && region.may_write && region.file == &inode;
        });
    });
}

}  // namespace

Value get_seals(const OpenFile& file) {
    const FileSeals* const seals = file.inode().seals();
    return seals != nullptr ? Value(u64{seals->bits()}) : Error{Errno::Einval};
}

Value add_seals(const OpenFile& file, u64 wanted) {
    if (!file.flags().writable()) {
        return Error{Errno::Eperm};
    }
    FileSeals* const seals = file.inode().seals();
    if ((wanted & ~u64{seal_bits::all}) != 0 || seals == nullptr) {
        return Error{Errno::Einval};
    }
    const u32 added = static_cast<u32>(wanted);
    const bool stops_writing = seal_bits::Write::test(added & ~seals->bits());
    const bool may_seal = !seal_bits::Seal::test(seals->bits());
    if (may_seal && stops_writing && can_write_by_mapping(file.inode())) {
        return Error{Errno::Ebusy};
    }
    RF_TRY(seals->add(added));
    return u64{0};
}

}  // namespace ringfence::kernel::syscalls
