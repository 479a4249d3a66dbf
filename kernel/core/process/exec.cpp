// SPDX-License-Identifier: MIT
#include "kernel/core/process/exec.h"

#include <algorithm>

#include "kernel/core/process/current_place.h"
#include "kernel/core/process/exit.h"
#include "kernel/core/process/initial_stack.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/process/program_loader.h"
#include "kernel/core/process/script.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/tracing/stop.h"
#include "kernel/core/tracing/tracing.h"
#include "kernel/core/vm/vdso.h"
#include "kernel_arch/user_access.h"

namespace ringfence::kernel {

namespace {

// Where Linux puts things when address randomisation is off.
constexpr u64 least_stack_gap = 128 * mib;
constexpr u64 initial_stack_size = 132 * kib;
constexpr usize longest_name = 15;

/// Two thirds of the address space: ELF_ET_DYN_BASE.
VirtualAddress dynamic_program_base() {
    return VirtualAddress{arch::user_end.value() / 3 * 2}.align_down(page_size);
}

struct NewProgram {
    ProgramFile main;
    ProgramFile interpreter;  ///< no file: static
    Ref<MemorySpace> space;
    LoadedProgram loaded;
    LoadedProgram loaded_interpreter;
    VirtualAddress vdso;
};

ExecFailure failure(Errno reason, std::string_view explanation) {
    return {reason, String(explanation)};
}

Result<void, ExecFailure> find_interpreter(NewProgram& program) {
    const String& path = program.main.image.interpreter;
    if (path.empty()) {
        return {};
    }
    const auto found = find_file(current_walk_context(), path, FinalLink::Follow);
    if (!found) {
        String text("its ELF interpreter ");
        text.append(path).append(" is missing");
        return Error{ExecFailure{Errno::Enoent, std::move(text)}};
    }
    auto file = ExecutedFile::take(found.value(), current_process().credentials);
    if (!file) {
        return Error{not_to_be_run(*found.value(), "its ELF interpreter", file.error())};
    }
    auto image = inspect_program(*found.value());
    if (!image) {
        String text("its ELF interpreter ");
        text.append(path).append(" cannot be used: ").append(elf::describe(image.error()));
        return Error{ExecFailure{Errno::Elibbad, std::move(text)}};
    }
    program.interpreter = {std::move(file).value(), path, std::move(image).value()};
    return {};
}

/// Linux's stacks rarely reach the end of the user half; programs may map pages there.
constexpr u64 gap_above_stack = mib;

void lay_out(MemorySpace& space, const Process& process) {
    const u64 stack_limit = process.limit(Resource::Stack);
    space.layout.stack_top = arch::user_end - gap_above_stack;
    const u64 most = arch::user_end.value() / 6 * 5;
    const u64 gap = std::clamp(stack_limit, least_stack_gap, most);
    space.layout.stack_limit = std::min(stack_limit, gap);
    space.layout.map_top = (arch::user_end - gap).align_down(page_size);
}

Fallible<void> map_stack(MemorySpace& space, bool executable) {
    return space.map({.start = space.layout.stack_top - initial_stack_size,
                      .end = space.layout.stack_top,
                      .protection = {.read = true, .write = true, .execute = executable},
                      .grows_down = true,
                      .kind = RegionKind::Stack},
                     Placement::Fixed, ResourceLimit::unlimited)
                   .ok()
               ? Fallible<void>{}
               : Error{Errno::Enomem};
}

bool gains_privileges(const Inode& file) {
    const u32 permissions = file.metadata().permissions;
    return mode_bits::SetUserId::test(permissions) || mode_bits::SetGroupId::test(permissions);
}

/// The system's design may have changed while this thread waited for the others to end.
Fallible<void> follow_system(MemorySpace& space) {
    if (!space.tables().prepare_design(space.isolation.design())) {
        return Error{Errno::Enomem};
    }
    space.tables().commit_design();
    return {};
}

/// Nobody else's table, as execve leaves it.
Fallible<Ref<FileTable>> own_files() {
    const Ref<FileTable>& files = current_process().files;
    return files->references() > 1 ? files->copy() : Fallible<Ref<FileTable>>(files);
}

/// Builds the new address space beside the old one.
Fallible<void> load(NewProgram& program) {
    const IsolationSetting isolation =
        current_process().memory ? current_process().memory->isolation : IsolationSetting{};
    RF_TRY_ASSIGN(space, MemorySpace::create(
                             isolation.after_exec(gains_privileges(*program.main.file.inode()))));
    lay_out(*space, current_process());
    RF_TRY(map_stack(*space, program.main.image.executable_stack));
    const bool has_interpreter = static_cast<bool>(program.interpreter.file);
    const VirtualAddress base = has_interpreter ? dynamic_program_base() : VirtualAddress{};
    RF_TRY_ASSIGN(loaded, map_program(*space, program.main, base));
    program.loaded = loaded;
    if (has_interpreter) {
        RF_TRY_ASSIGN(other, map_program(*space, program.interpreter, VirtualAddress{}));
        program.loaded_interpreter = other;
    }
    RF_TRY_ASSIGN(vdso, map_vdso(*space));
    program.vdso = vdso;
    // A static position-independent program lies in the mapping area, where a heap could not grow.
    const bool heap_apart = program.main.image.position_independent && !has_interpreter;
    space->set_heap(heap_apart ? dynamic_program_base() : loaded.end);
    space->layout.code_start = VirtualAddress{program.main.image.start() + loaded.bias};
    space->layout.code_end = loaded.end;
    program.space = space;
    return {};
}

/// All other threads end; this one becomes the first.
void become_only_thread() {
    Thread& self = current_thread();
    Process& process = self.process();
    for (Thread& other : process.threads) {
        if (&other != &self) {
            end_soon(other);
        }
    }
    WaitQueue* const queues[] = {&process.thread_ended};
    while (process.has_several_threads()) {
        sleep_on(queues, never, Sleep::Uninterruptible);
    }
    if (self.id() != process.id()) {
        const Ref<Thread> held(&self);
        processes().remove(self);
        self.set_id(process.id());
        processes().add(held);
        take_leaders_tracing(self);
    }
}

String joined(const Vector<String>& texts) {
    usize size = 0;
    for (const String& text : texts) {
        size += text.size() + 1;
    }
    String all;
    all.reserve(size);
    for (const String& text : texts) {
        all.append(text).append('\0');
    }
    return all;
}

void take_identity(Process& process, NewProgram& program, const ProgramRequest& request) {
    const std::string_view path = request.path;
    const usize slash = path.rfind('/');
    const std::string_view base = slash == std::string_view::npos ? path : drop(path, slash + 1);
    process.name = String(take(base, longest_name));
    process.command_line = joined(request.arguments);
    process.environment = joined(request.environment);
    process.executable = program.main.file;
    process.executable_path = program.main.path;
    process.has_executed = true;
    const Metadata& file = program.main.file.inode()->metadata();
    Credentials& who = process.credentials;
    const UserIds old_user = who.user;
    const UserIds old_group = who.group;
    if (may_gain_privileges() && !who.capabilities.no_new_privileges) {
        if (mode_bits::SetUserId::test(file.permissions)) {
            who.user.effective = file.owner;
        }
        if (mode_bits::SetGroupId::test(file.permissions)) {
            who.group.effective = file.group;
        }
    }
    who.user.saved = who.user.effective;
    who.group.saved = who.group.effective;
    const bool set_id =
        who.user.effective != old_user.effective || who.group.effective != old_group.effective;
    who.capabilities.follow_program(who.user, set_id);
    process.memory->dumpable =
        who.user.effective == who.user.real && who.group.effective == who.group.real;
}

void reset_process(Thread& self) {
    Process& process = self.process();
    if (process.handlers->references() > 1) {
        process.handlers = process.handlers->copy();
    }
    process.handlers->reset_caught();
    process.files->close_for_exec();
    process.posix_timers.remove_all();
    process.exit_signal = signals::child;
    self.alternate_stack = {.base = 0, .flags = 2, .reserved = 0, .size = 0};
    self.restart = {};
    arch::reset_user_registers(self.registers);
    self.work &= static_cast<u8>(~thread_work::Breakpoints::mask);
}

/// Fills the new space, which is active now. Failing here is fatal for the process.
Fallible<VirtualAddress> finish_loading(NewProgram& program, const ProgramRequest& request) {
    RF_TRY(clear_partial_pages(program.main, program.loaded));
    if (program.interpreter.file) {
        RF_TRY(clear_partial_pages(program.interpreter, program.loaded_interpreter));
    }
    const StackContents contents{
        .request = request,
        .program = program.loaded,
        .interpreter_base = VirtualAddress{program.loaded_interpreter.bias},
        .vdso = program.vdso,
        .credentials = current_process().credentials,
        .top = program.space->layout.stack_top};
    return build_initial_stack(contents, program.space->layout);
}

void switch_to_program(NewProgram& program, const ProgramRequest& request, arch::TrapFrame& frame) {
    Thread& self = current_thread();
    Process& process = self.process();
    leave_memory(self);
    const Ref<MemorySpace> old = std::exchange(process.memory, program.space);
    program.space->activate();
    release_borrowed_memory(process);
    take_identity(process, program, request);
    reset_process(self);
    const auto stack = finish_loading(program, request);
    if (!stack) {
        begin_group_exit(process, {.signal = signals::kill});
        return;
    }
    const LoadedProgram& first =
        program.interpreter.file ? program.loaded_interpreter : program.loaded;
    frame = arch::TrapFrame::for_program(first.entry, stack.value());
}

}  // namespace

ExecFailure not_to_be_run(const Inode& file, std::string_view called, Errno reason) {
    String text(called);
    if (reason == Errno::Etxtbsy) {
        text.append(" is open for writing");
    } else if (file.type() != FileType::Regular) {
        text.append(" is not a regular file");
    } else {
        text.append(" is not executable");
    }
    return {reason, std::move(text)};
}

Result<void, ExecFailure> execute(ProgramRequest request, arch::TrapFrame& frame) {
    NewProgram program;
    RF_TRY_ASSIGN(file, take_program(request));
    auto image = inspect_program(*file.inode());
    if (!image) {
        return Error{failure(Errno::Enoexec, elf::describe(image.error()))};
    }
    program.main = {std::move(file), request.absolute_path, std::move(image).value()};
    RF_TRY(find_interpreter(program));
    const auto files = own_files();
    const auto loaded = load(program);
    if (!files || !loaded) {
        return Error{failure(files ? loaded.error() : files.error(),
                             "there is not enough memory to load it")};
    }
    const u32 old_id = current_thread().id();
    become_only_thread();
    if (current_thread().exiting()) {
        return Error{failure(Errno::Eintr, "the process was killed meanwhile")};
    }
    if (!follow_system(*program.space)) {
        return Error{failure(Errno::Enomem, "there is not enough memory to load it")};
    }
    current_process().files = files.value();
    switch_to_program(program, request, frame);
    stop_for_event(TraceEvent::Exec, old_id);
    return {};
}

}  // namespace ringfence::kernel
