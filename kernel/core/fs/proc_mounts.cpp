// SPDX-License-Identifier: MIT
#include "kernel/core/fs/proc_mounts.h"

#include <algorithm>

#include "kernel/core/fs/procfs.h"
#include "kernel/core/fs/sysfs.h"
#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/terminal/devpts.h"

namespace ringfence::kernel {

namespace {

struct Mount {
    std::string_view kind;
    std::string_view place;
    DeviceNumber device;
    std::string_view options = "rw";
};
constexpr Mount mounts[] = {
    {"tmpfs", "/", tmpfs_device},
    {"proc", "/proc", proc_device},
    {"sysfs", "/sys", sys_device},
    {"devpts", "/dev/pts", devpts_device, "rw,gid=5,mode=620,ptmxmode=000"},
};

constexpr u64 root_number = 1;

}  // namespace

Fallible<String> mounts_text(u32) {
    String text;
    for (const Mount& mount : mounts) {
        text.append(mount.kind).append(' ').append(mount.place).append(' ');
        text.append(mount.kind).append(' ').append(mount.options).append(" 0 0\n");
    }
    return text;
}

Fallible<String> mount_information(u32) {
    String text;
    u64 number = root_number;
    for (const Mount& mount : mounts) {
        // The number of the mount and of the one above it, which the root is for itself.
        text.append_decimal(number++).append(' ').append_decimal(root_number).append(' ');
        text.append_decimal(mount.device.major).append(':').append_decimal(mount.device.minor);
        text.append(" / ").append(mount.place).append(" rw - ");
        text.append(mount.kind).append(' ').append(mount.kind).append(' ');
        text.append(mount.options).append("\n");
    }
    return text;
}

u64 mount_number(DeviceNumber file_system) {
    const auto* const mount = std::ranges::find(mounts, file_system, &Mount::device);
    return root_number + static_cast<u64>(mount - std::begin(mounts));
}

}  // namespace ringfence::kernel
