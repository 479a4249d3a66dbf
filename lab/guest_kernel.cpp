// SPDX-License-Identifier: MIT
#include "lab/guest_kernel.h"

#include <CLI/CLI.hpp>

#include "lab/error.h"
#include "lab/guest_run.h"

namespace ringfence::lab {

void add_kernel_options(CLI::App& app, KernelOptions& options) {
    CLI::Option* const kernel =
        app.add_option("--kernel", options.linux_file,
                       "an unmodified Linux (bzImage or vmlinux) instead of Ringfence's kernel")
            ->option_text("FILE");
    app.add_option("--append", options.append,
                   "with --kernel: more options for Linux, such as mitigations=auto")
        ->needs(kernel)
        ->option_text("TEXT");
    app.add_flag("--no-cache", options.no_cache,
                 "with --kernel: boot anew, and keep nothing for later commands")
        ->needs(kernel);
}

GuestKernel::GuestKernel(const KernelOptions& options, const std::string& image)
    : cache_(options.no_cache ? linux_guest::Cache::Ignore : linux_guest::Cache::Use) {
    if (options.linux_file.empty()) {
        image_ = machine::KernelImage::load(image);
        return;
    }
    if (!image.empty()) {
        fail(Failure::Usage, "--kernel and --kernel-image name two kernels: expected one");
    }
    linux_ = std::make_unique<linux_guest::LinuxKernel>(options.linux_file, options.append);
}

std::unique_ptr<machine::MachineBackend> GuestKernel::make_backend(machine::MachineKind kind,
                                                                   CpuSelection cpus) const {
    if (linux_ == nullptr) {
        return lab::make_backend(kind, std::move(cpus));
    }
    if (kind != machine::MachineKind::Builtin) {
        fail(Failure::Usage, "--kernel: expected the built-in machine");
    }
    return linux_guest::make_linux_backend(std::move(cpus), *linux_, cache_);
}

}  // namespace ringfence::lab
