// SPDX-License-Identifier: MIT
#include "lab/boot/options.h"

#include <CLI/CLI.hpp>
#include <initializer_list>

#include "lab/error.h"

namespace ringfence::lab::boot {

namespace {

constexpr u64 least_memory_mib = 2;
constexpr u64 most_memory_mib = u64{256} << 10U;
constexpr u64 most_last_count = 100'000;

constexpr const char* notes = R"(
A Linux without --initrd gets a small root of its own: a busybox shell, or PROGRAM. Its options
are some that fit this machine (--verbose shows them), then what --append says.

--save ends the run where the snapshot was taken. By default that is, for a Linux with a root of
ours, before its first process looks which program to run, so that --load takes a PROGRAM of its
own, or, if there is a PROGRAM, right before it is executed; for others, where the guest first asks
for console input. --load takes another processor only if software could not tell the difference
(--what-if, --cpu-file). Counts go on from where they were; --max-instructions counts anew.

Exit status: when the guest writes V to the debug exit port (f4H), (V << 1) | 1 as on QEMU, or V
with --exit-status guest, which is the default where PROGRAM or the shell decides; 0 when it is
switched off or reset, Linux says that it has halted, or --save came to its point. Otherwise 112
after a kernel panic, 114 after a triple fault, 116 if it halts for ever, 118 if it gets nowhere;
124 after --max-instructions or --timeout; 255 for an error of ringfence.

Examples:
  ringfence boot --kernel vmlinuz
  ringfence boot --kernel vmlinuz --append pti=off -- /bin/busybox cat /proc/cpuinfo
  ringfence boot --kernel vmlinuz --initrd initrd.img --cpu zen2 --json boot.json
  ringfence boot --kernel vmlinuz --save linux.rfsnap
  ringfence boot --load linux.rfsnap -- ./my-program
  ringfence boot --kernel access.elf --module env.txt --append "arguments of its own"
  ringfence boot --kernel ioapic.elf --test-device
)";

void add_kernel_options(CLI::App& app, Options& options) {
    app.add_option("--kernel", options.kernel,
                   "a bzImage, a vmlinux, or an ELF file with a PVH note or multiboot header")
        ->option_text("FILE");
    app.add_option("--initrd", options.initrd, "Linux's initramfs; the first module of others")
        ->option_text("FILE");
    app.add_option("--module", options.modules, "another module, and its command line")
        ->allow_extra_args(false)
        ->option_text("F[=TEXT]");
    app.add_option("--append", options.append, "the kernel's command line")->option_text("TEXT");
    app.add_flag("--no-default-append", options.bare_command_line,
                 "Linux: none of the default options");
    add_choice<Method>(app, "--boot",
                       "elf (Linux's kernel proper, decompressed here), bzimage (as it is), "
                       "pvh, multiboot, or auto (default): as the file asks",
                       {{"auto", Method::Auto},
                        {"elf", Method::Elf},
                        {"bzimage", Method::BzImage},
                        {"pvh", Method::Pvh},
                        {"multiboot", Method::Multiboot}},
                       options.method);
}

void add_root_options(CLI::App& app, Options& options) {
    app.add_option("--root", options.guest.roots, "Linux's own root: lay a host directory over it")
        ->allow_extra_args(false)
        ->option_text("DIR");
    app.add_option("--file", options.guest.files,
                   "Linux's own root: add a file or directory, under another path")
        ->allow_extra_args(false)
        ->option_text("F|HOST=GUEST");
    app.add_option("--env", options.guest.environment,
                   "Linux's own root: set an environment variable")
        ->allow_extra_args(false)
        ->option_text("NAME=VALUE");
}

void add_machine_options(CLI::App& app, Options& options) {
    add_cpu_options(app, options.cpu, CpuCount::One);
    app.add_option("--hide", options.hidden,
                   "features of the processor that CPUID is not to show: apic, x2apic, ...")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("F,..");
    app.add_option("--memory", options.memory_mib, "the guest's memory in MiB (default 256)")
        ->check(CLI::Range(least_memory_mib, most_memory_mib).description(""))
        ->option_text("MIB");
    app.add_flag("--mp-table", options.board.mp_table,
                 "publish an MP table, by which a kernel finds the I/O APIC");
    app.add_flag("--test-device", options.board.test_device,
                 "have what QEMU's '-device pc-testdev' is to test suites");
}

void add_run_options(CLI::App& app, Options& options) {
    add_mode_option(app, options.mode);
    app.add_option("--seed", options.seed, "seeds Linux's random numbers (default 0)")
        ->option_text("N");
    add_limit_options(app, options.timeout_seconds, options.most_instructions);
    app.add_option("--no-progress", options.patience,
                   "stop after so many instructions without user mode, output or a halt (default "
                   "20000000000; 0: never)")
        ->option_text("N");
    app.add_option("--last-instructions", options.last_count,
                   "how many to show of a guest that fails, which is run again for it (default 16)")
        ->check(CLI::Range(u64{0}, most_last_count).description(""))
        ->option_text("N");
    app.add_option("--until", options.until,
                   "stop before an instruction, at a mark of the guest (MARK or MARK:N), or both")
        ->allow_extra_args(false)
        ->option_text("SYMBOL|ADDRESS|MARK");
    app.add_option("--system-map", options.system_map, "the kernel's symbols, if it has none")
        ->option_text("FILE");
    app.add_option_function<std::string>(
           "--exit-status",
           [&options](const std::string& typed) {
               options.convention = choose<ExitConvention>(
                   "--exit-status", typed,
                   {{"qemu", ExitConvention::Qemu}, {"guest", ExitConvention::Guest}});
           },
           "of a debug exit with V: qemu ((V << 1) | 1) or guest (V)")
        ->option_text("NAME");
    app.add_option(
           "--monitor", options.manifest,
           "watch the rules of isolation, with a manifest of what user mode may see of this "
           "kernel ('ringfence prove --print' shows ours)")
        ->option_text("MANIFEST");
    app.add_option("--trace", options.trace_file, "write the executed instructions to a file")
        ->option_text("FILE");
    add_gdb_option(app, options.gdb);
    app.add_option("--json", options.json, "write the result as JSON, - for standard output")
        ->option_text("FILE|-");
    app.add_flag("--quiet", options.quiet, "no notes on standard error");
    app.add_flag("--verbose", options.verbose, "say what is booted, and how");
}

void add_snapshot_options(CLI::App& app, Options& options) {
    app.add_option("--save", options.save, "write a snapshot of the whole machine, and end there")
        ->option_text("FILE");
    app.add_option(
           "--save-at", options.save_at,
           "where: INPUT (the guest asks for console input), after so many instructions, or "
           "as --until; default: see below")
        ->option_text("INPUT|N|..");
    app.add_option("--load", options.load, "go on from a snapshot instead of booting")
        ->option_text("FILE");
}

/// A kernel or a snapshot; with the latter nothing that was settled when the kernel was booted.
void check_source(const CLI::App& app, const Options& options) {
    if (options.load.empty()) {
        if (options.kernel.empty()) {
            fail(Failure::Usage,
                 "--kernel or --load is missing; 'ringfence boot --help' has examples");
        }
        return;
    }
    for (const char* const option :
         {"--kernel", "--initrd", "--module", "--append", "--no-default-append", "--boot",
          "--memory", "--hide", "--mp-table", "--test-device", "--seed"}) {
        if (app.count(option) != 0) {
            fail(Failure::Usage, "{} goes with booting a kernel, not with --load", option);
        }
    }
}

}  // namespace

bool parse_options(const std::vector<std::string>& arguments, Options& options) {
    CLI::App app("Boot an unmodified Linux, or another kernel.", "ringfence boot");
    set_usage(app, " --kernel FILE | --load FILE [-- PROGRAM [ARGUMENTS]]");
    add_kernel_options(app, options);
    add_root_options(app, options);
    add_machine_options(app, options);
    add_run_options(app, options);
    add_snapshot_options(app, options);
    app.footer(notes);
    if (parse_arguments(app, arguments, options.guest.command)) {
        return true;
    }
    options.mode_given = app.count("--mode") != 0;
    check_source(app, options);
    const bool wants_root = !options.guest.roots.empty() || !options.guest.files.empty() ||
                            !options.guest.environment.empty() || !options.guest.command.empty();
    if (wants_root && !options.initrd.empty()) {
        fail(Failure::Usage,
             "--initrd brings a root of its own: it goes with neither PROGRAM nor --root, --file "
             "or --env");
    }
    if (!options.save_at.empty() && !options.until.empty()) {
        fail(Failure::Usage, "--save-at and --until both say where; one is enough");
    }
    if (!options.gdb.empty() && !options.manifest.empty()) {
        fail(Failure::Usage, "--gdb does not go with --monitor");
    }
    if (!options.gdb.empty() &&
        (!options.save.empty() || !options.until.empty() || !options.trace_file.empty())) {
        fail(Failure::Usage, "--gdb goes with neither --save, --until nor --trace");
    }
    if (!options.save_at.empty() && options.save.empty()) {
        fail(Failure::Usage, "--save-at says where, and --save is missing");
    }
    return false;
}

}  // namespace ringfence::lab::boot
