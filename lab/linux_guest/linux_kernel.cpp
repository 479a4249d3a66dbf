// SPDX-License-Identifier: MIT
#include "lab/linux_guest/linux_kernel.h"

#include "lab/error.h"
#include "lab/pack/host_files.h"

namespace ringfence::lab::linux_guest {

LinuxKernel::LinuxKernel(std::string path, std::string append)
    : path_(std::move(path)),
      append_(std::move(append)),
      bytes_(pack::read_host_file(path_, Failure::Own).bytes) {}

const boot::KernelFile& LinuxKernel::loaded() const {
    const std::scoped_lock lock(mutex_);
    if (!loaded_) {
        loaded_ = boot::KernelFile::of(path_, bytes_, boot::Method::Auto);
        if (!loaded_->is_linux) {
            fail(Failure::Own, "--kernel {}: expected a Linux kernel: a bzImage or a vmlinux",
                 path_);
        }
    }
    return *loaded_;
}

}  // namespace ringfence::lab::linux_guest
