// SPDX-License-Identifier: MIT
// /proc/PID/mem: a process's memory as a file, for those who may trace it. [linux/abi]: proc(5)
#include <algorithm>

#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/tracing/tracing.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel {

namespace {

constexpr u32 permissions = 0600;
constexpr usize piece_bytes = 1024;

/// Of the space that the process had when the file was opened: what it executes afterwards is not
/// the opener's to see.
class MemoryFile final : public OpenFile {
public:
    MemoryFile(Ref<Inode> inode, OpenFlags flags, Ref<Process> process)
        : OpenFile(std::move(inode), flags),
          process_(std::move(process)),
          space_(process_->memory ? process_->memory->serial_number() : 0) {}

    Fallible<u64> read(const IoDestination& to, u64 offset) override {
        u8 bytes[piece_bytes];
        u64 done = 0;
        while (done < to.size() && is_there()) {
            const u64 wanted = std::min<u64>(piece_bytes, to.size() - done);
            const u64 found = process_->memory->read_from_outside(VirtualAddress{offset + done},
                                                                  {bytes, wanted}, Reach::Tracer);
            const u64 put = to.put_part(done, {bytes, found});
            done += put;
            if (put < wanted) {
                return outcome(done, put < found);
            }
        }
        return done;
    }

    Fallible<u64> write(const IoSource& from, u64 offset) override {
        u8 bytes[piece_bytes];
        u64 done = 0;
        while (done < from.size() && is_there()) {
            const u64 wanted = std::min<u64>(piece_bytes, from.size() - done);
            const u64 got = from.get_part(done, {bytes, wanted});
            const u64 written = process_->memory->write_from_outside(VirtualAddress{offset + done},
                                                                     {bytes, got}, Reach::Tracer);
            done += written;
            if (written < wanted) {
                return outcome(done, got < wanted && written == got);
            }
        }
        return done;
    }

private:
    [[nodiscard]] bool is_there() const {
        return process_->memory && process_->memory->serial_number() == space_;
    }
    /// Of a transfer that ended early: by the caller's own pointer, or by the address in the file.
    static Fallible<u64> outcome(u64 done, bool bad_pointer) {
        if (done == 0) {
            return ringfence::Error{bad_pointer ? Errno::Efault : Errno::Eio};
        }
        return done;
    }

    Ref<Process> process_;
    u64 space_;
};

class MemoryInode final : public Inode {
public:
    MemoryInode(const Metadata& metadata, u32 process) : Inode(metadata), process_(process) {}
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override {
        RF_TRY(admit_allocation());
        Process* const process = processes().find(process_);
        if (process == nullptr) {
            return ringfence::Error{Errno::Esrch};
        }
        if (!may_trace(*process)) {
            return ringfence::Error{Errno::Eacces};
        }
        return Ref<OpenFile>(new MemoryFile(this, flags, Ref<Process>(process)));
    }
    /// Opening it to write changes nothing yet.
    Fallible<void> resize(u64) override { return {}; }

private:
    u32 process_;
};

}  // namespace

Ref<Inode> make_process_memory(u32 process, u64 number) {
    return make_ref<MemoryInode>(proc_metadata(FileType::Regular, permissions, number), process);
}

}  // namespace ringfence::kernel
