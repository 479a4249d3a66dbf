// SPDX-License-Identifier: MIT
#include "kernel/core/process/usage_report.h"

#include "kernel/core/fs/epoll_interest.h"
#include "kernel/core/fs/file_locks.h"
#include "kernel/core/fs/inode_watch.h"
#include "kernel/core/fs/pipe.h"
#include "kernel/core/ipc/message_queue.h"
#include "kernel/core/ipc/posix_queue.h"
#include "kernel/core/ipc/semaphore_set.h"
#include "kernel/core/ipc/shared_segment.h"
#include "kernel/core/log/log.h"
#include "kernel/core/memory/heap.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/socket/network.h"
#include "kernel/core/socket/socket.h"
#include "kernel/core/terminal/terminal.h"
#include "kernel_arch/kernel_stack.h"

namespace ringfence::kernel {

namespace {

bool report_wanted = false;

struct NamedUse {
    std::string_view name;
    FrameUse use;
};
constexpr NamedUse uses[] = {
    {"frames_kernel", FrameUse::Kernel},       {"frames_page_tables", FrameUse::PageTable},
    {"frames_roots", FrameUse::Root},          {"frames_ldts", FrameUse::Ldt},
    {"frames_anonymous", FrameUse::Anonymous}, {"frames_files", FrameUse::File},
    {"frames_stacks", FrameUse::Stack},        {"frames_heap_objects", FrameUse::Objects},
    {"frames_heap_blocks", FrameUse::Block},
};
static_assert(std::size(uses) == frame_use_count);

struct NamedCount {
    std::string_view name;
    u64 (*live)();
};
constexpr NamedCount kinds[] = {
    {"processes", Counted<Process>::live},
    {"threads", Counted<Thread>::live},
    {"address_spaces", Counted<MemorySpace>::live},
    {"file_tables", Counted<FileTable>::live},
    {"open_files", Counted<OpenFile>::live},
    {"inodes", Counted<Inode>::live},
    {"file_locks", Counted<FileLocks>::live},
    {"inode_watches", Counted<InodeWatch>::live},
    {"pipes", Counted<Pipe>::live},
    {"terminals", Counted<Terminal>::live},
    {"sockets", Counted<Socket>::live},
    {"tcp_connections", Counted<net::TcpConnection>::live},
    {"tcp_time_waits", [] { return u64{network().stack().tcp().time_wait_count()}; }},
    {"network_buffers", Counted<net::Buffer>::live},
    {"epoll_interests", Counted<EpollInterest>::live},
    {"posix_timers", Counted<PosixTimer>::live},
    {"cpu_clocks", Counted<CpuClock>::live},
    {"armed_timers", [] { return timers().count(); }},
    {"signal_handlers", Counted<SignalHandlers>::live},
    {"working_places", Counted<WorkingPlace>::live},
    {"shared_segments", Counted<SharedSegment>::live},
    {"semaphore_sets", Counted<SemaphoreSet>::live},
    {"message_queues", Counted<MessageQueue>::live},
    {"queued_messages", Counted<QueuedMessage>::live},
    {"posix_queues", Counted<PosixQueue>::live},
    {"posix_messages", Counted<PosixMessage>::live},
    {"semaphore_undos", Counted<SemaphoreUndo>::live},
    {"tracees", Counted<Tracee>::live},
};

void append_line(String& text, std::string_view name, u64 value) {
    text.append(name).append(' ').append_decimal(value).append('\n');
}

void append_frames(String& text) {
    append_line(text, "frames_total", frames().total_frames());
    append_line(text, "frames_free", frames().free_frames());
    const auto used = frames().used_frames();
    for (const NamedUse& row : uses) {
        append_line(text, row.name, used.of[static_cast<usize>(row.use)]);
    }
    append_line(text, "stacks_idle", arch::idle_kernel_stacks());
}

void append_heap(String& text) {
    const Heap& heap = kernel_heap();
    const auto objects = heap.objects_in_use();
    for (unsigned size_class = 0; size_class < Heap::class_count; ++size_class) {
        String name("heap_");
        name.append_decimal(bit<u64>(Heap::smallest_shift + size_class));
        append_line(text, name, objects.of[size_class]);
    }
    append_line(text, "heap_bytes", heap.bytes_in_use());
}

}  // namespace

Fallible<String> usage_text(u32) {
    kernel_heap().trim();
    String text;
    append_frames(text);
    append_heap(text);
    for (const NamedCount& row : kinds) {
        append_line(text, row.name, row.live());
    }
    return text;
}

void enable_usage_report() {
    report_wanted = true;
}

void report_usage() {
    if (!report_wanted) {
        return;
    }
    const auto text = usage_text(0);
    for (std::string_view rest = text.value(); !rest.empty();) {
        const std::string_view line = take(rest, rest.find('\n'));
        log_important("usage: {}", line);
        rest = drop(rest, line.size() + 1);
    }
}

}  // namespace ringfence::kernel
