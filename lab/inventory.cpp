// SPDX-License-Identifier: MIT
// `ringfence inventory`: every byte of the kernel that a program could read transiently.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "lab/experiment.h"
#include "lab/judged.h"
#include "lab/prove/manifest_file.h"
#include "lab/report/inventory_report.h"
#include "lab/report/output_file.h"
#include "lab/verbs.h"

namespace ringfence::lab {

namespace {

using report::Inventory;

constexpr const char* examples = R"(
Runs a program, and says of each of its processes which of the kernel's pages its table held when it
last ran, what was in them, and why they are there, against the manifest.
Exit status: 0 if everything is in the manifest and tells nothing of the kernel, 2 if not, 3 if no
program ran, 255 for an error.

Examples:
  ringfence inventory
  ringfence inventory --json - -- /bin/busybox sh -c 'ls | wc'
  ringfence inventory --design shared    # what isolation is for
)";

struct InventoryOptions {
    ExperimentOptions common;
    pack::GuestRequest guest;
    std::string manifest;
};

bool parse(const std::vector<std::string>& arguments, InventoryOptions& options) {
    CLI::App app("What of the kernel a program could read transiently, byte by byte.",
                 "ringfence inventory");
    set_usage(app, " [-- PROGRAM [ARGUMENTS]]");
    options.common.mode = Mode::Fast;
    options.common.designs = {Design::Isolated};
    add_cpu_options(app, options.common.cpus, CpuCount::Several);
    add_matrix_options(app, options.common.designs, options.common.json, options.common.jobs);
    add_common_options(app, options.common);
    app.add_option("--file", options.guest.files, "another file for the guest: FILE, or HOST=GUEST")
        ->allow_extra_args(false)
        ->option_text("FILE");
    prove::add_manifest_option(app, options.manifest);
    app.footer(examples);
    if (parse_arguments(app, arguments, options.guest.command)) {
        return true;
    }
    if (options.guest.command.empty()) {
        options.guest.command = {"/bin/busybox", "sh", "-c", "ls / | sort | wc -l"};
    }
    return false;
}

int status_of(const std::vector<Inventory>& inventories) {
    int status = status_holds;
    for (const Inventory& inventory : inventories) {
        if (inventory.processes.empty()) {
            status = std::max(status, status_cannot_be_told);
        }
        for (const prove::ProcessInventory& process : inventory.processes) {
            if (process.bytes_outside_manifest() != 0 ||
                process.words_of(prove::WordKind::Kernel) != 0) {
                return status_does_not_hold;
            }
        }
    }
    return status;
}

}  // namespace

int inventory_verb(const std::vector<std::string>& arguments) {
    InventoryOptions options;
    if (parse(arguments, options)) {
        return 0;
    }
    Experiment experiment(options.common);
    const machine::KernelImage& kernel = *experiment.kernel().image();
    const audit::Manifest manifest = prove::chosen_manifest(options.manifest, kernel);
    const std::string initramfs = pack::pack_guest(options.guest).initramfs;
    const std::vector<Setup> matrix = experiment.matrix();
    std::vector<Inventory> inventories(matrix.size());
    const auto stopped = experiment.run_all(matrix.size(), [&](usize i) {
        prove::InventoryTaker taker(manifest, kernel);
        machine::MachineRequest request = experiment.request(matrix[i], initramfs);
        request.spectator = &taker;
        static_cast<void>(run_captured(experiment.backend(), request, {}, experiment.stop(),
                                       matrix[i].label + " on " + matrix[i].cpu));
        inventories[i] = {matrix[i], options.guest.command.front(), taker.inventories()};
    });
    if (stopped) {
        return *stopped;
    }
    if (!options.common.json.empty()) {
        report::write_file(options.common.json,
                           report::inventory_json(experiment.kernel().bytes(), inventories));
    }
    if (options.common.json != "-") {
        for (const Inventory& inventory : inventories) {
            report::write_file("-", report::inventory_table(inventory));
        }
    }
    return status_of(inventories);
}

}  // namespace ringfence::lab
