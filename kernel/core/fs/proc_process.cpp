// SPDX-License-Identifier: MIT
// The text files of /proc/PID.
#include "kernel/core/fs/path.h"
#include "kernel/core/fs/proc_mounts.h"
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/process/isolation_text.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/scheduler/cpu_accounting.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/tracing/tracing.h"
#include "kernel_arch/vsyscall.h"

namespace ringfence::kernel {

namespace {

Fallible<Process*> find(u32 id) {
    Process* process = processes().find(id);
    if (process == nullptr) {
        return ringfence::Error{Errno::Esrch};
    }
    return process;
}

bool wants_cpu(const Thread& thread) {
    return thread.state == Thread::State::Running || thread.state == Thread::State::Ready;
}

char state_letter(const Process& process) {
    if (process.is_zombie()) {
        return 'Z';
    }
    if (process.state == Process::State::Stopped) {
        return 'T';
    }
    if (const Thread* const first = process.first_thread();
        first != nullptr && first->state == Thread::State::Traced) {
        return 't';
    }
    for (const Thread& thread : process.threads) {
        if (wants_cpu(thread)) {
            return 'R';
        }
    }
    return 'S';
}

char state_letter(const Thread& thread) {
    if (wants_cpu(thread)) {
        return 'R';
    }
    return thread.state == Thread::State::Stopped ? 'T' : 'S';
}

std::string_view state_name(char letter) {
    switch (letter) {
        case 'Z':
            return "zombie";
        case 'T':
            return "stopped";
        case 't':
            return "tracing stop";
        case 'R':
            return "running";
        default:
            return "sleeping";
    }
}

u64 thread_count(const Process& process) {
    u64 count = 0;
    for (auto at = process.threads.begin(); at != process.threads.end(); ++at) {
        ++count;
    }
    return count;
}

struct MemoryFigures {
    u64 size = 0;  ///< bytes of address space
    u64 resident_pages = 0;
    u64 most_resident_pages = 0;
    u64 stack = 0;
};

MemoryFigures memory_of(const Process& process) {
    MemoryFigures figures;
    if (process.memory) {
        const MemorySpace& memory = *process.memory;
        figures.size = memory.regions().total_size();
        figures.resident_pages = memory.resident_pages();
        figures.most_resident_pages = memory.most_resident_pages();
        for (const Region& region : memory.regions()) {
            figures.stack += region.kind == RegionKind::Stack ? region.size() : 0;
        }
    }
    return figures;
}

u64 parent_id(const Process& process) {
    return process.parent == &process ? 0 : process.parent->id();
}

void append_times(String& text, const CpuTimes& times) {
    for (const u64 time : {times.user, times.system}) {
        text.append_decimal(time / nanoseconds_per_clock_tick).append(' ');
    }
}

/// Of a process, or of one of its threads. Field numbers are those of proc(5).
String statistics_of(Process* process, u32 id, char state, const CpuTimes& times) {
    const MemoryFigures memory = memory_of(*process);
    String text;
    text.append_decimal(id).append(" (").append(process->name).append(") ");
    text.append(state).append(' ');
    // 4 to 13: parent, group, session, terminal, its foreground group, flags, faults
    for (const u64 field : {parent_id(*process), u64{process->group}, u64{process->session}}) {
        text.append_decimal(field).append(' ');
    }
    if (const Ref<Terminal>& terminal = process->terminal; terminal) {
        text.append_decimal(terminal->device().encoded()).append(' ');
        text.append_decimal(terminal->foreground);
    } else {
        text.append("0 -1");
    }
    text.append(" 0 ").append_decimal(process->page_faults).append(' ');
    text.append_decimal(process->children_page_faults).append(" 0 0 ");
    // 14 to 21: times, priority, nice, threads, itimer
    append_times(text, times);
    append_times(text, process->children_times);
    constexpr i64 normal_priority = 20;
    const Scheduling scheduling =
        process->threads.empty() ? Scheduling{} : process->first_thread()->scheduling;
    text.append_signed(scheduling.priority > 0 ? -1 - i64{scheduling.priority}
                                               : normal_priority + process->nice);
    text.append(' ');
    text.append_signed(process->nice).append(' ');
    text.append_decimal(thread_count(*process)).append(" 0 ");
    // 22 to 25: start, memory
    text.append_decimal(process->started / nanoseconds_per_clock_tick).append(' ');
    text.append_decimal(memory.size).append(' ');
    text.append_decimal(memory.resident_pages).append(' ');
    text.append_decimal(ResourceLimit::unlimited);
    // 26 to 52: addresses and signals, which Linux hides from others too
    for (int field = 26; field <= 52; ++field) {
        text.append(' ').append_decimal(field == 38   ? signals::child
                                        : field == 40 ? scheduling.priority
                                        : field == 41 ? static_cast<u32>(scheduling.policy)
                                                      : 0);
    }
    return text.append("\n");
}

Fallible<String> process_statistics(u32 id) {
    RF_TRY_ASSIGN(process, find(id));
    return statistics_of(process, id, state_letter(*process), cpu_times(*process));
}

Fallible<String> thread_statistics(u32 id) {
    Thread* const thread = processes().find_thread(id);
    if (thread == nullptr) {
        return ringfence::Error{Errno::Esrch};
    }
    return statistics_of(&thread->process(), id, state_letter(*thread), cpu_times(*thread));
}

void id_line(String& text, std::string_view label, const UserIds& ids) {
    text.append(label);
    for (const u32 id : {ids.real, ids.effective, ids.saved, ids.effective}) {
        text.append('\t').append_decimal(id);
    }
    text.append("\n");
}

void kib_line(String& text, std::string_view label, u64 bytes) {
    constexpr usize width = 8;
    text.append(label).append('\t').append_decimal(bytes / kib, width).append(" kB\n");
}

void set_line(String& text, std::string_view label, u64 bits) {
    constexpr usize width = 16;
    text.append(label).append('\t').append_hex(bits, width).append("\n");
}

void signal_lines(String& text, const Process& process) {
    u64 ignored = 0;
    u64 caught = 0;
    for (u32 number = 1; number <= signal_count; ++number) {
        const SignalAction& action = process.handlers->action(number);
        ignored |= action.is_ignored() ? SignalSet::of(number).bits() : 0;
        caught |= action.is_caught() ? SignalSet::of(number).bits() : 0;
    }
    const Thread* thread = process.first_thread();
    set_line(text, "SigPnd:", thread != nullptr ? thread->pending.set().bits() : 0);
    set_line(text, "ShdPnd:", process.pending.set().bits());
    set_line(text, "SigBlk:", thread != nullptr ? thread->blocked.bits() : 0);
    set_line(text, "SigIgn:", ignored);
    set_line(text, "SigCgt:", caught);
}

void capability_lines(String& text, const Capabilities& own) {
    set_line(text, "CapInh:", own.inheritable.bits());
    set_line(text, "CapPrm:", own.permitted.bits());
    set_line(text, "CapEff:", own.effective.bits());
    set_line(text, "CapBnd:", own.bounding.bits());
    set_line(text, "CapAmb:", own.ambient.bits());
    text.append("NoNewPrivs:\t").append_decimal(own.no_new_privileges ? 1 : 0).append("\n");
}

Fallible<String> process_status(u32 id) {
    RF_TRY_ASSIGN(process, find(id));
    const char state = state_letter(*process);
    constexpr usize mask_width = 4;
    String text("Name:\t");
    text.append(process->name).append("\nUmask:\t");
    text.append_octal(process->place ? process->place->file_mode_mask : 0, mask_width);
    text.append("\nState:\t").append(state).append(" (").append(state_name(state)).append(")\n");
    text.append("Tgid:\t").append_decimal(id).append("\nNgid:\t0\nPid:\t").append_decimal(id);
    text.append("\nPPid:\t").append_decimal(parent_id(*process)).append("\nTracerPid:\t");
    text.append_decimal(tracer_id(*process)).append("\n");
    id_line(text, "Uid:", process->credentials.user);
    id_line(text, "Gid:", process->credentials.group);
    text.append("FDSize:\t");
    text.append_decimal(process->files ? static_cast<u64>(process->files->end()) : 0).append("\n");
    if (process->memory) {
        const MemoryFigures memory = memory_of(*process);
        kib_line(text, "VmPeak:", memory.size);
        kib_line(text, "VmSize:", memory.size);
        kib_line(text, "VmHWM:", memory.most_resident_pages * page_size);
        kib_line(text, "VmRSS:", memory.resident_pages * page_size);
        kib_line(text, "VmStk:", memory.stack);
    }
    text.append("Threads:\t").append_decimal(thread_count(*process)).append("\n");
    signal_lines(text, *process);
    capability_lines(text, process->credentials.capabilities);
    return text.append("Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
}

Fallible<String> memory_sizes(u32 id) {
    RF_TRY_ASSIGN(process, find(id));
    const MemoryFigures memory = memory_of(*process);
    String text;
    text.append_decimal(memory.size / page_size).append(' ');
    return text.append_decimal(memory.resident_pages).append(" 0 0 0 0 0\n");
}

Fallible<String> command_line(u32 id) {
    RF_TRY_ASSIGN(process, find(id));
    return process->is_zombie() ? String() : process->command_line;
}

Fallible<String> auxiliary_vector(u32 id) {
    RF_TRY_ASSIGN(process, find(id));
    if (!may_trace(*process)) {
        return ringfence::Error{Errno::Eacces};
    }
    String bytes;
    if (process->memory) {
        const MemoryLayout& layout = process->memory->layout;
        bytes.resize(layout.auxiliary_end - layout.auxiliary_start);
        const u64 found = process->memory->read_from_outside(
            layout.auxiliary_start, {reinterpret_cast<u8*>(bytes.data()), bytes.size()},
            Reach::AsProgram);
        bytes.resize(found);
    }
    return bytes;
}

Fallible<String> environment(u32 id) {
    RF_TRY_ASSIGN(process, find(id));
    return process->environment;
}

Fallible<String> command_name(u32 id) {
    RF_TRY_ASSIGN(process, find(id));
    return String(process->name.view()).append("\n");
}

void map_line(String& text, const Region& region, const MemorySpace& memory) {
    constexpr usize address_width = 8;
    constexpr usize path_column = 73;
    const bool of_a_file = region.file && region.kind != RegionKind::Vdso;
    String line;
    line.append_hex(region.start.value(), address_width).append('-');
    line.append_hex(region.end.value(), address_width).append(' ');
    line.append(region.protection.read ? 'r' : '-').append(region.protection.write ? 'w' : '-');
    line.append(region.protection.execute ? 'x' : '-').append(region.shared ? 's' : 'p');
    line.append(' ').append_hex(of_a_file ? region.offset : 0, address_width).append(' ');
    const Metadata* file = of_a_file ? &region.file->metadata() : nullptr;
    line.append_hex(file != nullptr ? file->file_system.major : 0, 2).append(':');
    line.append_hex(file != nullptr ? file->file_system.minor : 0, 2).append(' ');
    line.append_decimal(file != nullptr ? file->number : 0).append(' ');
    std::string_view name = region.path;
    if (region.kind == RegionKind::Stack) {
        name = "[stack]";
    } else if (region.kind == RegionKind::Heap && region.start >= memory.layout.heap_start) {
        name = "[heap]";
    }
    while (!name.empty() && line.size() < path_column) {
        line.append(' ');
    }
    text.append(line).append(name).append("\n");
}

Fallible<String> memory_map(u32 id) {
    RF_TRY_ASSIGN(process, find(id));
    String text;
    if (process->memory) {
        constexpr usize longest_text = mib;
        for (const Region& region : process->memory->regions()) {
            map_line(text, region, *process->memory);
            if (text.size() > longest_text) {
                return ringfence::Error{Errno::Enomem};
            }
        }
        // There for all, though nothing is mapped.
        map_line(text,
                 {.start = arch::vsyscall_page,
                  .end = arch::vsyscall_page + page_size,
                  .protection = {.read = false, .write = false, .execute = true},
                  .path = String("[vsyscall]")},
                 *process->memory);
    }
    return text;
}

Fallible<String> process_limits(u32 id) {
    struct Name {
        Resource which;
        std::string_view name;
        std::string_view unit;
    };
    static constexpr Name names[] = {
        {Resource::CpuTime, "Max cpu time", "seconds"},
        {Resource::FileSize, "Max file size", "bytes"},
        {Resource::Data, "Max data size", "bytes"},
        {Resource::Stack, "Max stack size", "bytes"},
        {Resource::CoreSize, "Max core file size", "bytes"},
        {Resource::ResidentSet, "Max resident set", "bytes"},
        {Resource::Processes, "Max processes", "processes"},
        {Resource::OpenFiles, "Max open files", "files"},
        {Resource::LockedMemory, "Max locked memory", "bytes"},
        {Resource::AddressSpace, "Max address space", "bytes"},
    };
    RF_TRY_ASSIGN(process, find(id));
    constexpr usize column = 26;
    constexpr usize number_column = 21;
    String text;
    const auto pad = [&text](std::string_view field, usize width) {
        text.append(field);
        for (usize i = field.size(); i < width; ++i) {
            text.append(' ');
        }
    };
    const auto number = [](u64 value) {
        return value == ResourceLimit::unlimited ? String("unlimited")
                                                 : String().append_decimal(value);
    };
    pad("Limit", column);
    pad("Soft Limit", number_column);
    pad("Hard Limit", number_column);
    text.append("Units\n");
    for (const Name& row : names) {
        const ResourceLimit& limit = process->limits.at(row.which);
        pad(row.name, column);
        pad(number(limit.soft), number_column);
        pad(number(limit.hard), number_column);
        text.append(row.unit).append("\n");
    }
    return text;
}

/// Nobody is chosen: the process that finds no memory is killed.
Fallible<String> out_of_memory_score(u32 id) {
    RF_TRY(find(id));
    return String("0\n");
}

constexpr u32 private_permissions = 0400;
Fallible<String> process_isolation(u32 id) {
    RF_TRY_ASSIGN(process, find(id));
    return isolation_of(*process);
}

constexpr ProcEntry entries[] = {
    {"auxv", auxiliary_vector, private_permissions},
    {"cmdline", command_line},
    {"comm", command_name},
    {"environ", environment, private_permissions},
    {"isolation", process_isolation},
    {"limits", process_limits},
    {"maps", memory_map},
    {"mountinfo", mount_information},
    {"mounts", mounts_text},
    {"oom_score", out_of_memory_score},
    {"oom_score_adj", out_of_memory_score},
    {.name = "stat", .generator = process_statistics, .of_thread = thread_statistics},
    {"statm", memory_sizes},
    {"status", process_status},
};

}  // namespace

std::span<const ProcEntry> process_entries() {
    return entries;
}

}  // namespace ringfence::kernel
