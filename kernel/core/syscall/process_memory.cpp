// SPDX-License-Identifier: MIT
// process_vm_readv and process_vm_writev: another process's memory, as far as that may use it
// itself. [linux/abi]: process_vm_readv(2)
#include <algorithm>

#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/syscall/user_vectors.h"
#include "kernel/core/tracing/tracing.h"
#include "kernel/core/vm/admission.h"

namespace ringfence::kernel::syscalls {

namespace {

enum class Way : u8 { ToCaller, FromCaller };

constexpr usize piece_bytes = 1024;

/// Goes through the bytes of an array of vectors.
class VectorCursor {
public:
    explicit VectorCursor(const Vector<UserVector>& vectors) : vectors_(vectors) { skip_empty(); }

    [[nodiscard]] bool at_end() const { return index_ == vectors_.size(); }
    [[nodiscard]] Pointer address() const { return Pointer{vectors_[index_].base + done_}; }
    /// Bytes that lie together from here on.
    [[nodiscard]] u64 left() const { return vectors_[index_].size - done_; }
    void advance(u64 bytes) {
        done_ += bytes;
        skip_empty();
    }

private:
    void skip_empty() {
        while (!at_end() && left() == 0) {
            ++index_;
            done_ = 0;
        }
    }

    const Vector<UserVector>& vectors_;
    usize index_ = 0;
    u64 done_ = 0;
};

/// How many of `bytes` went over; fewer if an address on either side is bad.
u64 copy_piece(MemorySpace& memory, Way way, Pointer local, Pointer remote, u64 bytes) {
    u8 buffer[piece_bytes];
    if (way == Way::ToCaller) {
        const u64 found = memory.read_from_outside(remote, {buffer, bytes}, Reach::AsProgram);
        return write_user_part(local, {buffer, found});
    }
    const u64 found = read_user_part(local, {buffer, bytes});
    return memory.write_from_outside(remote, {buffer, found}, Reach::AsProgram);
}

Fallible<Ref<MemorySpace>> memory_of(i32 id) {
    const Thread* const thread = id > 0 ? processes().find_thread(static_cast<u32>(id)) : nullptr;
    if (thread == nullptr || !thread->process().memory) {
        return Error{Errno::Esrch};
    }
    if (!may_trace(thread->process())) {
        return Error{Errno::Eperm};
    }
    return thread->process().memory;
}

Value copy(Way way, i32 id, Pointer local, u64 local_count, Pointer remote, u64 remote_count,
           u64 flags) {
    if (flags != 0) {
        return Error{Errno::Einval};
    }
    RF_TRY(admit_allocation());
    RF_TRY_ASSIGN(here, read_vectors(local, local_count));
    VectorCursor to(here);
    if (to.at_end()) {
        return u64{0};
    }
    RF_TRY_ASSIGN(there, read_vectors(remote, remote_count));
    VectorCursor from(there);
    if (from.at_end()) {
        return u64{0};
    }
    RF_TRY_ASSIGN(memory, memory_of(id));
    u64 done = 0;
    while (!to.at_end() && !from.at_end()) {
        const u64 wanted = std::min({to.left(), from.left(), u64{piece_bytes}});
        const u64 moved = copy_piece(*memory, way, to.address(), from.address(), wanted);
        done += moved;
        if (moved < wanted) {
            return done > 0 ? Value(done) : Error{Errno::Efault};
        }
        to.advance(wanted);
        from.advance(wanted);
    }
    return done;
}

}  // namespace

Value process_vm_readv(i32 id, Pointer local, u64 local_count, Pointer remote, u64 remote_count,
                       u64 flags) {
    return copy(Way::ToCaller, id, local, local_count, remote, remote_count, flags);
}

Value process_vm_writev(i32 id, Pointer local, u64 local_count, Pointer remote, u64 remote_count,
                        u64 flags) {
    return copy(Way::FromCaller, id, local, local_count, remote, remote_count, flags);
}

}  // namespace ringfence::kernel::syscalls
