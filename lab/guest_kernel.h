// SPDX-License-Identifier: MIT
// The kernel that an experiment runs on: Ringfence's own, or the unmodified Linux that --kernel
// names.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lab/cli_names.h"
#include "lab/cpu_selection.h"
#include "lab/linux_guest/linux_backend.h"
#include "lab/machine/backend.h"

namespace ringfence::lab {

struct KernelOptions {
    std::string linux_file;  ///< empty: Ringfence's own
    std::string append;
    bool no_cache = false;
};

/// Declares --kernel, --append and --no-cache.
void add_kernel_options(CLI::App& app, KernelOptions& options);

class GuestKernel {
public:
    /// Reads the kernel; `image` is the path of another of Ringfence's than the one built here, or
    /// empty. Throws LabError.
    GuestKernel(const KernelOptions& options, const std::string& image);

    /// Runs programs on this kernel; the kernel outlives it. Throws Failure::Usage where `kind`
    /// cannot.
    [[nodiscard]] std::unique_ptr<machine::MachineBackend> make_backend(machine::MachineKind kind,
                                                                        CpuSelection cpus) const;
    /// For requests: null if it is a Linux.
    [[nodiscard]] const machine::KernelImage* image() const { return image_ ? &*image_ : nullptr; }
    /// The file.
    [[nodiscard]] std::string_view bytes() const {
        return image_ ? image_->bytes() : std::string_view(linux_->bytes());
    }

private:
    std::optional<machine::KernelImage> image_;
    std::unique_ptr<linux_guest::LinuxKernel> linux_;
    linux_guest::Cache cache_;
};

}  // namespace ringfence::lab
