// SPDX-License-Identifier: MIT
// /proc/sysvipc: the objects of System V IPC, in the columns that ipcs(1) reads. [linux/abi]:
// proc(5)
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/ipc/message_queue.h"
#include "kernel/core/ipc/semaphore_set.h"
#include "kernel/core/ipc/shared_segment.h"
#include "kernel/core/memory/frame_allocator.h"

namespace ringfence::kernel {

namespace {

constexpr usize key_width = 10;
constexpr usize time_width = 10;
constexpr usize count_width = 10;
constexpr usize size_width = 21;
constexpr usize id_width = 5;  ///< of processes and users

void append_key(String& text, i32 key) {
    const String digits = String().append_signed(key);
    for (usize i = digits.size(); i < key_width; ++i) {
        text.append(' ');
    }
    text.append(digits);
}

void append_column(String& text, u64 value, usize width) {
    text.append(' ').append_decimal(value, width);
}

void append_name(String& text, const IpcObject& object) {
    constexpr usize mode_width = 4;
    append_key(text, object.key());
    append_column(text, object.id(), key_width);
    const String mode = String().append_octal(object.mode());
    text.append("  ");
    for (usize i = mode.size(); i < mode_width; ++i) {
        text.append(' ');
    }
    text.append(mode);
}

void append_owners(String& text, const IpcObject& object) {
    append_column(text, object.user(), id_width);
    append_column(text, object.group(), id_width);
    append_column(text, object.creator_user(), id_width);
    append_column(text, object.creator_group(), id_width);
}

void append_time(String& text, i64 seconds) {
    append_column(text, static_cast<u64>(seconds), time_width);
}

Fallible<String> segments(u32) {
    String text(
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  "
        "cgid      atime      dtime      ctime                   rss                  swap\n");
    shared_segments().for_each([&text](const SharedSegment& segment) {
        append_name(text, segment);
        append_column(text, segment.size(), size_width);
        append_column(text, segment.creator(), id_width);
        append_column(text, segment.last_process(), id_width);
        text.append(' ');
        append_column(text, segment.attached(), id_width);
        append_owners(text, segment);
        append_time(text, segment.attach_time());
        append_time(text, segment.detach_time());
        append_time(text, segment.change_time());
        append_column(text, segment.storage(), size_width);
        append_column(text, 0, size_width);
        text.append('\n');
    });
    return text;
}

Fallible<String> sets(u32) {
    String text(
        "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
    semaphore_sets().for_each([&text](const SemaphoreSet& set) {
        append_name(text, set);
        append_column(text, set.count(), count_width);
        append_owners(text, set);
        append_time(text, set.operation_time());
        append_time(text, set.change_time());
        text.append('\n');
    });
    return text;
}

Fallible<String> queues(u32) {
    String text(
        "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid"
        "      stime      rtime      ctime\n");
    message_queues().for_each([&text](const MessageQueue& queue) {
        append_name(text, queue);
        text.append(' ');
        append_column(text, queue.bytes(), count_width);
        append_column(text, queue.message_count(), count_width);
        append_column(text, queue.last_sender(), id_width);
        append_column(text, queue.last_receiver(), id_width);
        append_owners(text, queue);
        append_time(text, queue.send_time());
        append_time(text, queue.receive_time());
        append_time(text, queue.change_time());
        text.append('\n');
    });
    return text;
}

/// A text is made as a whole: too many objects have no room in it.
template <ProcText::Generator generator, usize (*count)()>
Fallible<String> bounded(u32 subject) {
    constexpr usize most_lines = 8192;
    if (count() > most_lines) {
        return Error{Errno::Enomem};
    }
    return generator(subject);
}

constexpr ProcEntry entries[] = {
    {"msg", bounded<queues, [] { return message_queues().count(); }>},
    {"sem", bounded<sets, [] { return semaphore_sets().count(); }>},
    {"shm", segments},
};

}  // namespace

Ref<Inode> make_proc_sysvipc(u64 number, Ref<Inode> parent) {
    return make_ref<ProcTextGroup>(number, entries, std::move(parent));
}

}  // namespace ringfence::kernel
