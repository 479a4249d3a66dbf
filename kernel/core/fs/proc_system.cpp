// SPDX-License-Identifier: MIT
// The files of /proc that describe the whole system.
#include "kernel/core/fs/proc_mounts.h"
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/fs/procfs.h"
#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/memory/frame_allocator.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/cpu_accounting.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/system_names.h"
#include "kernel_arch/cpu.h"
#include "kernel_arch/cpu_information.h"
#include "kernel_arch/statistics.h"

namespace ringfence::kernel {

namespace {

constexpr u64 kib_per_frame = frame_size / kib;

void memory_line(String& text, std::string_view label, u64 amount) {
    constexpr usize label_width = 16;
    constexpr usize number_width = 8;
    text.append(label).append(':');
    for (usize i = label.size() + 1; i < label_width; ++i) {
        text.append(' ');
    }
    text.append_decimal(amount, number_width).append(" kB\n");
}

Fallible<String> memory_information(u32) {
    const u64 total = frames().total_frames() * kib_per_frame;
    const u64 free = frames().free_frames() * kib_per_frame;
    String text;
    memory_line(text, "MemTotal", total);
    memory_line(text, "MemFree", free);
    memory_line(text, "MemAvailable", free);
    for (const std::string_view label : {"Cached", "Shmem"}) {
        memory_line(text, label, file_pages * kib_per_frame);
    }
    for (const std::string_view label :
         {"Buffers", "SwapCached", "Active", "Inactive", "SwapTotal", "SwapFree", "Dirty",
          "Writeback", "AnonPages", "Mapped", "Slab", "SReclaimable", "SUnreclaim"}) {
        memory_line(text, label, 0);
    }
    memory_line(text, "CommitLimit", total);
    memory_line(text, "Committed_AS", total - free);
    return text;
}

Fallible<String> cpu_information(u32) {
    String text;
    arch::append_cpu_information(text);
    return text;
}

std::string_view command_line;

Fallible<String> boot_command_line(u32) {
    String text(command_line);
    text.append("\n");
    return text;
}

/// Seconds with two decimals.
void append_seconds(String& text, u64 nanoseconds) {
    constexpr u64 hundredth = nanoseconds_per_second / 100;
    text.append_decimal(nanoseconds / nanoseconds_per_second).append('.');
    text.append_decimal(nanoseconds % nanoseconds_per_second / hundredth, 2, '0');
}

Fallible<String> uptime(u32) {
    String text;
    append_seconds(text, monotonic_now());
    text.append(' ');
    append_seconds(text, idle_time());
    return text.append("\n");
}

Fallible<String> load_average(u32) {
    String text("0.00 0.00 0.00 1/");
    text.append_decimal(processes().thread_count()).append(' ');
    text.append_decimal(processes().last_id()).append("\n");
    return text;
}

Fallible<String> version(u32) {
    String text(SystemNames::system);
    text.append(" version ").append(SystemNames::release).append(" ");
    text.append(SystemNames::version).append("\n");
    return text;
}

Fallible<String> file_systems(u32) {
    return String("nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\n");
}

Fallible<String> statistics(u32) {
    abi::control::Statistics counted{};
    arch::read_statistics(counted);
    const MachineTimes times = machine_times();
    String all;
    for (const u64 time : {times.user, times.nice, times.system, times.idle}) {
        all.append_decimal(time / nanoseconds_per_clock_tick).append(' ');
    }
    all.append("0 0 0 0 0 0\n");  // waiting for a disk, interrupts, other guests: none
    String text("cpu  ");
    text.append(all).append("cpu0 ").append(all);
    text.append("intr ").append_decimal(counted.interrupts).append("\n");
    text.append("ctxt ").append_decimal(counted.context_switches).append("\n");
    text.append("btime ");
    text.append_decimal((realtime_now() - monotonic_now()) / nanoseconds_per_second).append("\n");
    text.append("processes ").append_decimal(processes().created()).append("\n");
    text.append("procs_running 1\nprocs_blocked 0\n");
    return text;
}

/// There is no disk: nothing was ever paged in or out.
Fallible<String> memory_statistics(u32) {
    abi::control::Statistics counted{};
    arch::read_statistics(counted);
    String text("nr_free_pages ");
    text.append_decimal(frames().free_frames()).append("\nnr_file_pages ");
    text.append_decimal(file_pages).append("\nnr_shmem ").append_decimal(file_pages);
    text.append("\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault ");
    text.append_decimal(counted.page_faults).append("\npgmajfault 0\n");
    return text;
}

Fallible<String> devices(u32) {
    return String("Character devices:\n  1 mem\n  5 /dev/tty\n\nBlock devices:\n");
}

Fallible<String> nothing(u32) {
    return String();
}

constexpr ProcEntry top_entries[] = {
    {"cmdline", boot_command_line},
    {"cpuinfo", cpu_information},
    {"devices", devices},
    {"filesystems", file_systems},
    {"loadavg", load_average},
    {"locks", locks_text},
    {"meminfo", memory_information},
    {"mounts", mounts_text},
    {"partitions", nothing},
    {"stat", statistics},
    {"swaps", nothing},
    {"uptime", uptime},
    {"version", version},
    {"vmstat", memory_statistics},
    {"modules", nothing},
};

}  // namespace

void set_boot_command_line(std::string_view line) {
    command_line = line;
}

std::span<const ProcEntry> system_entries() {
    return top_entries;
}

}  // namespace ringfence::kernel
