// SPDX-License-Identifier: MIT
// `ringfence run`: a Linux program on the kernel, with its streams and exit status passed through.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "lab/command_line.h"
#include "lab/cpu_selection.h"
#include "lab/guest_memory.h"
#include "lab/guest_run.h"
#include "lab/message.h"
#include "lab/missing_files.h"
#include "lab/prove/conclusion.h"
#include "lab/prove/manifest_file.h"
#include "lab/supervise.h"
#include "lab/terminal/raw_terminal.h"
#include "lab/terminal/user_terminal.h"
#include "lab/verbs.h"

namespace ringfence::lab {

namespace {

constexpr int status_limit = 124;
constexpr int status_own = 125;

constexpr const char* examples = R"(
Exit status: the program's own, 128+N if signal N killed it; 124 after --timeout or
--max-instructions, 125 for an error of ringfence or what --monitor finds, 126 if the program cannot be run,
127 if it was not found.

At a terminal, that is the guest's console: all keys go to the program, Ctrl-C among them.
Ctrl-A X leaves, Ctrl-A Ctrl-A is a Ctrl-A. What is typed comes when it comes: such a run cannot be repeated.

Examples:
  ringfence run -- /bin/busybox uname -a
  ringfence run -- /bin/bash
  ringfence run --design shared --file script.sh -- /bin/busybox sh /script.sh
  echo hello | ringfence run --machine qemu -- /bin/busybox md5sum
)";

struct RunOptions {
    GuestOptions common;
    CpuOptions cpu;
    Design design = Design::Isolated;
    std::string pcid;  ///< "on", "off", or empty: on where the processor has it
    Mode mode = Mode::Fast;
    std::string trace_file;
    std::string gdb;
    std::string kernel_log;
    std::string append;  ///< to the kernel's command line
    bool monitor = false;
    std::string kaslr_seed;  ///< empty: at the linked addresses
    bool no_terminal = false;
};

/// Where --kernel-log leads: nowhere, standard error, or a file.
class LogSink {
public:
    explicit LogSink(const std::string& path) : path_(path) {
        if (path == "-") {
            file_ = stderr;
        } else if (!path.empty()) {
            file_ = std::fopen(path.c_str(), "we");
            if (file_ == nullptr) {
                fail(Failure::Own, "--kernel-log {}: {}", path, std::strerror(errno));
            }
        }
    }
    LogSink(const LogSink&) = delete;
    LogSink& operator=(const LogSink&) = delete;
    ~LogSink() {
        if (file_ != nullptr && file_ != stderr) {
            std::fclose(file_);
        }
    }

    void write(std::string_view bytes) {
        if (file_ != nullptr) {
            std::fwrite(bytes.data(), 1, bytes.size(), file_);
        }
    }
    void check() const {
        if (file_ != nullptr && (std::fflush(file_) != 0 || std::ferror(file_) != 0)) {
            fail(Failure::Own, "--kernel-log {}: {}", path_, std::strerror(errno));
        }
    }

private:
    std::string path_;
    std::FILE* file_ = nullptr;
};

bool parse(const std::vector<std::string>& arguments, RunOptions& options) {
    CLI::App app("Run a Linux program on Ringfence's kernel.", "ringfence run");
    set_usage(app);
    add_cpu_options(app, options.cpu, CpuCount::One);
    add_choice<Design>(app, "--design", "shared, or isolated (default)",
                       {{"shared", Design::Shared}, {"isolated", Design::Isolated}},
                       options.design);
    add_choice<std::string>(app, "--pcid", "on, or off (default: on where the processor has it)",
                            {{"on", "on"}, {"off", "off"}}, options.pcid);
    add_guest_options(app, options.common);
    add_mode_option(app, options.mode);
    app.add_option("--trace", options.trace_file, "write the executed instructions to a file")
        ->option_text("FILE");
    add_gdb_option(app, options.gdb);
    app.add_flag("--monitor", options.monitor,
                 "watch the rules of isolation, and say on standard error whether they hold");
    add_kaslr_option(app, options.kaslr_seed);
    app.add_option("--kernel-log", options.kernel_log,
                   "write the kernel's messages to a file, - for standard error")
        ->option_text("FILE|-");
    app.add_option("--append", options.append, "words for the kernel's command line")
        ->option_text("TEXT");
    app.add_flag("--no-tty", options.no_terminal,
                 "pipes for the program's streams, though this is a terminal");
    app.footer(examples);
    if (parse_arguments(app, arguments, options.common.guest.command)) {
        return true;
    }
    if (!options.gdb.empty() && !options.trace_file.empty()) {
        fail(Failure::Usage, "--gdb does not go with --trace");
    }
    if (!options.kaslr_seed.empty() && (!options.gdb.empty() || !options.trace_file.empty())) {
        fail(Failure::Usage,
             "--kaslr does not go with --gdb or --trace: names are those of the linked addresses");
    }
    if (!options.gdb.empty() && options.monitor) {
        fail(Failure::Usage, "--gdb does not go with --monitor");
    }
    if (!options.gdb.empty() && options.common.machine == machine::MachineKind::Qemu) {
        fail(Failure::Usage, "--gdb: of the built-in machine only; QEMU has one of its own");
    }
    if (options.monitor && options.common.machine == machine::MachineKind::Qemu) {
        fail(Failure::Usage, "--monitor: of the built-in machine only");
    }
    if (options.common.guest.command.empty()) {
        fail(Failure::Usage, "no program is given; 'ringfence run --help' has examples");
    }
    return false;
}

Pcid choose_pcid(const RunOptions& options, const machine::MachineBackend& backend,
                 const std::string& cpu) {
    const bool has_pcid = backend.has_pcid(cpu);
    if (options.pcid == "on" && !has_pcid) {
        fail(Failure::Usage, "--pcid on: this processor has no PCID");
    }
    return options.pcid == "off" ? Pcid::Forbidden : Pcid::Allowed;
}

/// The exit status for a machine that ran; says on standard error what the user must know.
int conclude(const RunOptions& options, const machine::MachineOutcome& outcome,
             const machine::GuestReport& report) {
    const std::string problem = machine_problem(outcome, report);
    if (!problem.empty()) {
        say("{}", problem);
        std::fputs(log_tail(report.kernel_log).c_str(), stderr);
        return status_own;
    }
    if (!options.common.quiet) {
        for (const std::string& line : shortcomings(outcome, report)) {
            say("{}", line);
        }
        if (const std::string line = explain_missing_files(report.missing_files); !line.empty()) {
            say("{}", line);
        }
    }
    if (outcome.end == machine::MachineEnd::InstructionLimit) {
        say("stopped after {} instructions (--max-instructions)", options.common.most_instructions);
        return status_limit;
    }
    if (!report.start_failure.empty()) {
        say("{}: {}", options.common.guest.command.front(), report.start_failure);
    }
    return shell_status(*report.exit);
}

int conclude_stopped(const RunOptions& options, const machine::StopRequest& stop,
                     const machine::HostStreams& streams) {
    if (stop.reason() == machine::StopReason::OutputFailed) {
        say("{}", streams.problem());
    }
    if (stop.reason() == machine::StopReason::Timeout && !options.common.quiet) {
        say("stopped after {} seconds (--timeout)", options.common.timeout_seconds);
    }
    return stop_status(stop.reason());
}

/// Whether the console is the user's terminal. A debugger's user wants his own keys.
bool has_terminal(const RunOptions& options) {
    return !options.no_terminal && options.gdb.empty() && terminal::is_interactive();
}

/// What programs ask about terminals is answered as on the host, unless the user says otherwise.
void pack_terminal(pack::GuestRequest& guest) {
    const auto environment = terminal::terminal_environment();
    guest.environment.insert(guest.environment.begin(), environment.begin(), environment.end());
    const auto description = terminal::terminal_description();
    guest.files.insert(guest.files.begin(), description.begin(), description.end());
}

/// The kernel's options for a console that is a terminal. Standard error is part of it only if it
/// leads there.
std::string terminal_options() {
    const abi::control::WindowSize size = terminal::window_size();
    return fmt::format(" console_terminal={}x{}{}", size.rows, size.columns,
                       isatty(STDERR_FILENO) != 0 ? "" : " console_without_errors");
}

}  // namespace

int run(const std::vector<std::string>& arguments) {
    RunOptions options;
    if (parse(arguments, options)) {
        return 0;
    }
    const bool interactive = has_terminal(options);
    if (interactive) {
        pack_terminal(options.common.guest);
    }
    const CpuSelection selection = select_cpu(options.cpu, "run");
    const std::string& cpu = selection.names().front();
    const auto backend = make_backend(options.common.machine, selection);
    const Pcid pcid = choose_pcid(options, *backend, cpu);
    const auto kernel = machine::KernelImage::load(options.common.kernel_image);
    const auto guest = pack::pack_guest(options.common.guest);
    for (const std::string& note : guest.notes) {
        if (!options.common.quiet) {
            say("{}", note);
        }
    }
    LogSink log(options.kernel_log);
    machine::StopRequest stop;
    machine::HostStreams streams(stop);
    machine::GuestSession session(streams, [&log](std::string_view bytes) { log.write(bytes); });
    machine::MachineRequest request{
        .kernel = &kernel,
        .initramfs = guest.initramfs,
        .program = guest.program,
        .command_line = kernel_command_line(options.design, pcid, options.kaslr_seed) +
                        (interactive ? terminal_options() : "") +
                        (options.append.empty() ? "" : " " + options.append),
        .cpu = cpu,
        .memory_mib = guest_memory_mib(options.common.memory_mib, guest.initramfs.size(),
                                       FilesInMemory::InPlace),
        .most_instructions = options.common.most_instructions,
        .trace_file = options.trace_file,
        .gdb = options.gdb,
        .timed = options.mode == Mode::Timed,
    };
    audit::Manifest manifest;
    prove::Monitor monitor(manifest);
    if (options.monitor) {
        manifest = prove::built_in_manifest_of(kernel);
        request.spectator = &monitor;
    }
    std::optional<terminal::UserTerminal> user;
    if (interactive) {
        request.terminal = &user.emplace(stop, streams);
    }
    Watch watch{.timeout = {},
                .tick = [&streams] { streams.flush(); },
                .before_abort = &terminal::RawTerminal::restore};
    if (options.common.timeout_seconds > 0) {
        watch.timeout = std::chrono::duration<double>(options.common.timeout_seconds);
    }
    machine::MachineOutcome outcome{};
    if (interactive && !options.common.quiet) {
        say("Ctrl-A X leaves");
    }
    {
        std::optional<terminal::RawTerminal> keys;
        if (interactive) {
            keys.emplace();
        }
        supervise(stop, watch, [&] { outcome = backend->run(request, session, stop); });
        streams.flush();
    }
    log.check();
    if (stop.requested() && session.report().protocol_error.empty() &&
        (outcome.end == machine::MachineEnd::Stopped ||
         stop.reason() == machine::StopReason::OutputFailed ||
         stop.reason() == machine::StopReason::OutputClosed)) {
        return conclude_stopped(options, stop, streams);
    }
    const int status = conclude(options, outcome, session.report());
    if (!options.monitor) {
        return status;
    }
    prove::say_what_was_seen(monitor, kernel.symbols());
    return monitor.violation_count() == 0 ? status : status_own;
}

}  // namespace ringfence::lab
