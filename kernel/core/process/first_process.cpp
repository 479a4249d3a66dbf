// SPDX-License-Identifier: MIT
#include "kernel/core/process/first_process.h"

#include "abi/boot_files.h"
#include "kernel/core/command_line.h"
#include "kernel/core/fs/devices.h"
#include "kernel/core/fs/path.h"
#include "kernel/core/log/log.h"
#include "kernel/core/process/exec.h"
#include "kernel/core/process/fork.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/process/run_report.h"
#include "kernel/core/process/usage_report.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/terminal/console.h"
#include "kernel/core/terminal/job_control.h"
#include "kernel_arch/cpu.h"

namespace ringfence::kernel {

namespace {

constexpr u32 status_cannot_run = 126;
constexpr u32 status_not_found = 127;

Process* first_process = nullptr;

/// What the host wants to be run.
struct BootRequest {
    String path;
    Vector<String> arguments;
    Vector<String> environment;
    String directory{"/"};
};

/// The strings of a boot file; none if there is no such file.
Vector<String> read_list(const WalkContext& context, const char* path) {
    Vector<String> list;
    const auto file = find_file(context, path, FinalLink::Follow);
    if (!file) {
        return list;
    }
    const auto opened = file.value()->open(OpenFlags{OpenFlags::read_only});
    String bytes;
    bytes.resize(file.value()->size());
    if (!opened || !opened.value()->read(
                       IoDestination({reinterpret_cast<u8*>(bytes.data()), bytes.size()}), 0)) {
        return list;
    }
    for (std::string_view rest = bytes; !rest.empty();) {
        const std::string_view entry = take(rest, rest.find('\0'));
        list.push_back(String(entry));
        rest = drop(rest, entry.size() + 1);
    }
    return list;
}

BootRequest read_boot_request(const WalkContext& context, std::string_view command_line) {
    BootRequest request;
    const Vector<String> executable = read_list(context, abi::boot_files::executable);
    request.arguments = read_list(context, abi::boot_files::arguments);
    request.environment = read_list(context, abi::boot_files::environment);
    const Vector<String> directory = read_list(context, abi::boot_files::directory);
    if (!directory.empty()) {
        request.directory = directory[0];
    }
    if (!executable.empty()) {
        request.path = executable[0];
    } else {
        request.path = String(find_option(command_line, "init").value_or("/init"));
        request.environment = {"HOME=/", "TERM=linux"};
    }
    if (request.arguments.empty()) {
        request.arguments.push_back(request.path);
    }
    return request;
}

/// /.ringfence is the host's affair: programs do not see it.
void hide_boot_files(Inode& root) {
    const auto found = root.lookup(".ringfence");
    if (!found) {
        return;
    }
    for (const char* path :
         {abi::boot_files::executable, abi::boot_files::arguments, abi::boot_files::environment,
          abi::boot_files::directory, abi::boot_files::secret}) {
        const std::string_view name = path;
        // Any of them may be missing.
        static_cast<void>(found.value()->unlink(drop(name, name.rfind('/') + 1)).ok());
    }
    static_cast<void>(root.remove_directory(".ringfence").ok());
}

[[noreturn]] void give_up(std::string_view path, const ExecFailure& failure) {
    String text("cannot run ");
    text.append(path).append(": ").append(failure.explanation);
    log_important("{}", text.view());
    report_run_failed(text);
    const bool missing = failure.reason == Errno::Enoent && failure.explanation == "no such file";
    finish_machine({.exit_code = missing ? status_not_found : status_cannot_run});
}

ExecFailure describe_missing(Errno reason) {
    switch (reason) {
        case Errno::Enoent:
            return {reason, "no such file"};
        case Errno::Enotdir:
            return {reason, "a part of the path is not a directory"};
        case Errno::Eloop:
            return {reason, "too many symbolic links"};
        case Errno::Eacces:
            return {reason, "permission denied"};
        default:
            return {reason, "its path cannot be resolved"};
    }
}

Ref<OpenFile> open_stream(StandardStream stream) {
    const u32 mode = stream == StandardStream::Input ? OpenFlags::read_only : OpenFlags::write_only;
    const Ref<Inode> inode = make_stream(stream);
    const auto file = inode->open(OpenFlags{mode});
    RF_ASSERT(file.ok());  // streams can always be opened
    file.value()->set_path(String("pipe:[").append_decimal(inode->metadata().number).append("]"));
    return file.value();
}

/// The console as an open file; null if it is no terminal.
Ref<OpenFile> open_console(const WalkContext& context) {
    const auto inode = find_file(context, "/dev/console", FinalLink::Follow);
    if (!console_terminal() || !inode) {
        return nullptr;
    }
    const auto file =
        inode.value()->open(OpenFlags{OpenFlags::read_write | open_bits::NoTerminal::mask});
    RF_ASSERT(file.ok());  // nobody has it yet
    file.value()->set_status_flags(OpenFlags::read_write | open_bits::LargeFile::mask);
    file.value()->set_path(String("/dev/console"));
    return file.value();
}

/// All of them are the console if that is a terminal, but for a standard error that the host wants
/// to have apart.
void open_standard_streams(Process& process, const WalkContext& context,
                           std::string_view command_line) {
    const Ref<OpenFile> console = open_console(context);
    const bool error_apart = has_flag(command_line, "console_without_errors");
    for (const StandardStream stream :
         {StandardStream::Input, StandardStream::Output, StandardStream::Error}) {
        const bool apart = stream == StandardStream::Error && error_apart;
        const Ref<OpenFile> file = console && !apart ? console : open_stream(stream);
        RF_ASSERT(process.files->add(file, false, process.limit(Resource::OpenFiles)).ok());
    }
}

Ref<Process> make_bare_process(u32 id, Process* parent, const Ref<Inode>& root) {
    Ref<Process> process = make_ref<Process>(id);
    process->parent = parent != nullptr ? parent : process.get();
    process->group = process->session = id;
    process->files = make_ref<FileTable>();
    process->place = make_ref<WorkingPlace>(root, root);
    process->handlers = make_ref<SignalHandlers>();
    process->started = monotonic_now();
    processes().add(process);
    return process;
}

/// The first thread's life in the kernel: become the program, then leave to user mode.
void run_first_program(void* argument) {
    finish_switch();
    arch::TrapFrame frame{};
    {
        if (const Ref<Terminal> terminal = console_terminal(); terminal) {
            acquire_if_free(*terminal);
        }
        const auto* request = static_cast<BootRequest*>(argument);
        Process& process = current_process();
        const Credentials& who = process.credentials;
        const Ref<Inode> root = process.place->root;
        const auto directory = find_file({root, root, &who}, request->directory, FinalLink::Follow);
        if (!directory || !directory.value()->is_directory()) {
            String text("there is no directory ");
            give_up(request->path, {Errno::Eacces, text.append(request->directory)});
        }
        process.place->directory = directory.value();
        const WalkContext context{root, directory.value(), &who};
        const auto place = find_place(context, request->path, FinalLink::Follow);
        if (!place || !place.value().inode) {
            give_up(request->path, describe_missing(place ? Errno::Enoent : place.error()));
        }
        const auto started = execute({.path = request->path,
                                      .file = place.value().inode,
                                      .absolute_path = file_path(place.value(), *root),
                                      .arguments = request->arguments,
                                      .environment = request->environment},
                                     frame);
        if (!started) {
            give_up(request->path, started.error());
        }
        delete request;
    }
    prepare_return_to_user(frame);
    arch::return_to_user(frame);
}

}  // namespace

void start_first_process(Ref<Inode> root, std::string_view command_line) {
    const auto init_id = processes().new_id();
    const auto first_id = processes().new_id();
    RF_ASSERT(init_id.ok() && first_id.ok());  // the table is empty
    const Ref<Process> init = make_bare_process(init_id.value(), nullptr, root);
    init->name = String("init");
    processes().set_init(init);

    const Ref<Process> process = make_bare_process(first_id.value(), init.get(), root);
    init->children.push_back(*process);
    open_standard_streams(*process, {root, root, &process->credentials}, command_line);
    auto memory = MemorySpace::create({});
    auto thread = make_kernel_thread(
        process, first_id.value(), run_first_program,
        new BootRequest(read_boot_request({root, root, &process->credentials}, command_line)));
    if (!memory || !thread) {
        panic("not enough memory for the first process");
    }
    hide_boot_files(*root);
    process->memory = memory.value();
    process->threads.push_back(*thread.value());
    processes().add(thread.value());
    first_process = process.get();
    make_ready(*thread.value());
}

bool is_first_process(const Process& process) {
    return &process == first_process;
}

void finish_machine(const WaitStatus& status) {
    report_usage();
    report_statistics();
    report_isolation();
    report_unknown_syscalls();
    if (status.encoded() != 0) {
        report_missing_files();
    }
    report_exit_status(status);
    arch::exit_machine(abi::MachineExit::Finished);
}

}  // namespace ringfence::kernel
