// SPDX-License-Identifier: MIT
// `ringfence boot`: an unmodified Linux, or anybody's kernel, on the machine.
#include <fmt/format.h>

#include <functional>
#include <optional>

#include "lab/boot/boot_machine.h"
#include "lab/boot/conclusion.h"
#include "lab/boot/last_instructions.h"
#include "lab/boot/linux_options.h"
#include "lab/boot/linux_root.h"
#include "lab/boot/module_file.h"
#include "lab/boot/options.h"
#include "lab/boot/until.h"
#include "lab/command_line.h"
#include "lab/cpu_selection.h"
#include "lab/judged.h"
#include "lab/machine/bytes.h"
#include "lab/message.h"
#include "lab/prove/conclusion.h"
#include "lab/prove/manifest_file.h"
#include "lab/report/output_file.h"
#include "lab/standard_input.h"
#include "lab/supervise.h"
#include "lab/symbols/kernel_symbols.h"
#include "lab/terminal/raw_terminal.h"
#include "lab/verbs.h"
#include "sim/presets/feature_names.h"

namespace ringfence::lab {

namespace {

std::string archive_of(pack::GuestImage image, const boot::Options& options) {
    for (const std::string& note : image.notes) {
        if (!options.quiet) {
            say("{}", note);
        }
    }
    return std::move(image.initramfs);
}

/// The files that the kernel finds in memory, held here while the machine is made.
struct Modules {
    std::vector<boot::ModuleFile> files;
    bool ours = false;  ///< the root is ours: what runs there decides the exit status

    [[nodiscard]] std::vector<sim::machine::boot::Module> list() const {
        std::vector<sim::machine::boot::Module> list;
        for (const boot::ModuleFile& file : files) {
            list.push_back({machine::as_span(file.bytes), file.command_line});
        }
        return list;
    }
};

Modules load_modules(const boot::Options& options, const boot::KernelFile& kernel) {
    Modules modules;
    if (!options.initrd.empty()) {
        modules.files.push_back(boot::ModuleFile::load(options.initrd, boot::Naming::Whole));
    } else if (kernel.is_linux) {
        modules.files.push_back(
            {.name = {}, .bytes = archive_of(boot::pack_linux_root(options.guest), options)});
        modules.ours = true;
    } else if (!options.guest.command.empty()) {
        fail(Failure::Usage, "{} is no Linux: it takes --append and --module, not a PROGRAM",
             options.kernel);
    }
    for (const std::string& typed : options.modules) {
        modules.files.push_back(boot::ModuleFile::load(typed, boot::Naming::WithText));
    }
    if (kernel.protocol == sim::machine::boot::Protocol::Multiboot) {
        boot::name_modules(modules.files);
    }
    return modules;
}

/// The kernel's symbols, found when somebody wants them.
class LazySymbols {
public:
    explicit LazySymbols(std::function<sim::observe::SymbolTable()> find)
        : find_(std::move(find)) {}

    [[nodiscard]] std::function<const sim::observe::SymbolTable&()> getter() const {
        return [this]() -> const sim::observe::SymbolTable& {
            if (!symbols_) {
                symbols_ = find_();
            }
            return *symbols_;
        };
    }

private:
    std::function<sim::observe::SymbolTable()> find_;
    mutable std::optional<sim::observe::SymbolTable> symbols_;
};

std::string command_line_for(const boot::Options& options, const boot::KernelFile& kernel,
                             u64 clock_hz) {
    using sim::machine::boot::Protocol;
    if (kernel.is_linux && !options.bare_command_line) {
        return boot::linux_command_line(
            {.clock_hz = clock_hz, .decompresses_itself = kernel.protocol == Protocol::BzImage},
            options.append);
    }
    // [multiboot/1]: 3.3: a kernel's command line begins with its name
    return kernel.protocol == Protocol::Multiboot && !kernel.is_linux
               ? kernel.name + (options.append.empty() ? "" : " ") + options.append
               : options.append;
}

/// Where --save takes its snapshot; nothing without it.
std::optional<boot::SavePlan> plan_save(const boot::Options& options, const LazySymbols& symbols,
                                        bool own_root) {
    using abi::ProgramMark;
    using boot::SavePoint;
    if (options.save.empty()) {
        return std::nullopt;
    }
    boot::SavePlan plan{.file = options.save, .point = {}};
    if (!options.until.empty()) {
        plan.point = SavePoint::at(boot::parse_until("--until", options.until, symbols.getter()));
    } else if (!options.save_at.empty()) {
        plan.point = SavePoint::parse(options.save_at, symbols.getter());
    } else if (own_root) {
        const bool is_chosen = !options.load.empty() || !options.guest.command.empty();
        plan.point = SavePoint::at(is_chosen ? ProgramMark::Starts : ProgramMark::Ready);
    }
    plan.takes_program = own_root && plan.point == SavePoint::at(ProgramMark::Ready);
    return plan;
}

sim::presets::CpuModel without_hidden(sim::presets::CpuModel cpu,
                                      const std::vector<std::string>& hidden) {
    for (const std::string& name : hidden) {
        const auto feature = sim::presets::feature_named(name);
        if (!feature) {
            fail(Failure::Usage, "--hide: no processor here has a feature called '{}'", name);
        }
        cpu = cpu.without({*feature});
    }
    return cpu;
}

void describe(const boot::BootRequest& request) {
    say("{} on {}, {} MiB", request.kernel_name(), request.cpu.name(), request.memory_mib);
    say("command line: {}", request.command_line);
    for (const auto& module : request.modules) {
        say("module of {} bytes{}{}", module.content.size(),
            module.command_line.empty() ? "" : ": ", module.command_line);
    }
}

int run_to_its_end(const boot::Options& options, const boot::BootRequest& request,
                   const std::vector<std::string>& what_if) {
    if (options.verbose) {
        describe(request);
    }
    machine::StopRequest stop;
    machine::HostStreams streams(stop);
    terminal::StandardInput given(stop);
    boot::RecordingFeed input(given);
    Watch watch{.timeout = {},
                .tick = [&streams] { streams.flush(); },
                .before_abort = &terminal::RawTerminal::restore};
    if (options.timeout_seconds > 0) {
        watch.timeout = std::chrono::duration<double>(options.timeout_seconds);
    }
    std::optional<boot::BootResult> result;
    if (standard_input_kind() == StandardInputKind::Terminal && !options.quiet) {
        say("Ctrl-A X leaves");
    }
    {
        const terminal::RawTerminal keys;
        supervise(stop, watch, [&] { result = boot::run_boot(request, {streams, input}, stop); });
        streams.flush();
    }
    if (result->end.reason == sim::machine::MachineEnd::Reason::Stopped ||
        stop.reason() == machine::StopReason::OutputFailed) {
        return boot::conclude_stopped(options, stop, streams);
    }
    boot::name_place(*result, request);
    const boot::Verdict verdict = boot::judge(options, request, *result);
    // Who debugs it sees for himself, and may have changed it.
    const bool shows_last = options.last_count != 0 && options.gdb.empty();
    if (verdict.is_failure && result->last.empty() && shows_last) {
        supervise(stop, {.timeout = watch.timeout, .tick = {}}, [&] {
            result->last = boot::last_instructions(request, *result, input.all(), stop);
        });
    }
    return boot::conclude(options, request, *result, verdict, what_if);
}

/// Looks on if --monitor wants it.
class BootMonitor {
public:
    BootMonitor(const boot::Options& options, const LazySymbols& symbols) {
        if (!options.manifest.empty()) {
            symbols_ = &symbols.getter()();
            manifest_ = prove::load_manifest(options.manifest, *symbols_);
            monitor_.emplace(manifest_);
        }
    }

    [[nodiscard]] machine::Spectator* spectator() { return monitor_ ? &*monitor_ : nullptr; }

    /// What the command's status is, which would be `status`.
    [[nodiscard]] int conclude(int status) const {
        if (!monitor_) {
            return status;
        }
        prove::say_what_was_seen(*monitor_, *symbols_);
        return monitor_->violation_count() == 0 ? status : status_does_not_hold;
    }

private:
    const sim::observe::SymbolTable* symbols_ = nullptr;
    audit::Manifest manifest_;
    std::optional<prove::Monitor> monitor_;
};

int boot_kernel(const boot::Options& options) {
    const CpuSelection selection = select_cpu(options.cpu, "boot");
    const sim::presets::CpuModel cpu =
        without_hidden(selection.model(selection.names().front()), options.hidden);
    const auto kernel = boot::KernelFile::load(options.kernel, options.method);
    const Modules modules = load_modules(options, kernel);
    const LazySymbols symbols([&] { return kernel.symbols(options.system_map); });
    BootMonitor monitor(options, symbols);
    const boot::BootRequest request{
        .kernel = &kernel,
        .command_line = command_line_for(options, kernel, cpu.clock_hz()),
        .modules = modules.list(),
        .cpu = cpu,
        .hidden_features = options.hidden,
        .memory_mib = options.memory_mib,
        .board = options.board,
        .seed = options.seed,
        .most_instructions = options.most_instructions,
        .patience = options.patience,
        .last_count = options.last_count,
        .timed = options.mode == Mode::Timed,
        .own_root = modules.ours,
        .save = plan_save(options, symbols, modules.ours),
        .until = boot::parse_until("--until", options.until, symbols.getter()),
        .trace_file = options.trace_file,
        .gdb = options.gdb,
        .symbols = symbols.getter(),
        .spectator = monitor.spectator(),
    };
    return monitor.conclude(run_to_its_end(options, request, selection.what_if()));
}

/// A program that replaces the one that the guest was booted with, if the user names any.
std::optional<std::string> program_for(const boot::Options& options,
                                       const boot::LoadedBoot& loaded) {
    const pack::GuestRequest& guest = options.guest;
    if (guest.command.empty() && guest.roots.empty() && guest.files.empty() &&
        guest.environment.empty()) {
        return std::nullopt;
    }
    if (!loaded.saved.takes_program) {
        fail(Failure::Usage,
             "{} was not saved where it takes another PROGRAM, --root, --file or --env: 'boot "
             "--kernel FILE --save' without PROGRAM and --save-at does so",
             options.load);
    }
    return archive_of(boot::pack_linux_program(guest), options);
}

int go_on(const boot::Options& options) {
    const auto loaded = boot::LoadedBoot::load(options.load);
    if (options.mode_given && options.mode == Mode::Fast && loaded.config.timed) {
        fail(Failure::Usage, "{} was saved by the timed engine, and goes on in it", options.load);
    }
    const CpuSelection selection = select_cpu(options.cpu, "boot", &loaded.cpu);
    const std::optional<std::string> program = program_for(options, loaded);
    const LazySymbols symbols([&] {
        return options.system_map.empty() ? sim::observe::SymbolTable{}
                                          : symbols::read_system_map(options.system_map);
    });
    BootMonitor monitor(options, symbols);
    const boot::BootRequest request{
        .loaded = &loaded,
        .command_line = loaded.saved.command_line,
        .cpu = selection.model(selection.names().front()),
        .memory_mib = loaded.config.ram_bytes / mib,
        .most_instructions = options.most_instructions,
        .patience = options.patience,
        .last_count = options.last_count,
        .timed = options.mode_given ? options.mode == Mode::Timed : loaded.config.timed,
        .own_root = loaded.saved.own_root,
        .program = program,
        .save = plan_save(options, symbols, loaded.saved.own_root),
        .until = boot::parse_until("--until", options.until, symbols.getter()),
        .trace_file = options.trace_file,
        .gdb = options.gdb,
        .symbols = symbols.getter(),
        .spectator = monitor.spectator(),
    };
    return monitor.conclude(run_to_its_end(options, request, selection.what_if()));
}

}  // namespace

int boot_verb(const std::vector<std::string>& arguments) {
    boot::Options options;
    if (boot::parse_options(arguments, options)) {
        return 0;
    }
    if (!options.json.empty()) {
        report::check_writable(options.json);
    }
    if (!options.save.empty()) {
        report::check_writable(options.save);
    }
    return options.load.empty() ? boot_kernel(options) : go_on(options);
}

}  // namespace ringfence::lab
