// SPDX-License-Identifier: MIT
// From the boot code to the first program.
#include "kernel/core/command_line.h"
#include "kernel/core/entry_points.h"
#include "kernel/core/fs/devices.h"
#include "kernel/core/fs/initramfs.h"
#include "kernel/core/fs/procfs.h"
#include "kernel/core/fs/sysfs.h"
#include "kernel/core/log/log.h"
#include "kernel/core/planted_secret.h"
#include "kernel/core/process/first_process.h"
#include "kernel/core/process/run_report.h"
#include "kernel/core/process/usage_report.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/terminal/console.h"

namespace ringfence::kernel {

namespace {

constexpr u32 root_permissions = 0755;
constexpr u32 shared_permissions = 01777;

/// The directory `name` of `root`, made if the initramfs has none.
Ref<Inode> directory_in(TmpfsDirectory& root, std::string_view name, u32 permissions) {
    if (const auto found = root.lookup(name); found.ok() && found.value()->is_directory()) {
        return found.value();
    }
    Ref<Inode> made = make_tmpfs_inode({.type = FileType::Directory, .permissions = permissions},
                                       Ref<Inode>(&root));
    root.attach(name, made);
    return made;
}

Ref<TmpfsDirectory> build_root(std::span<const u8> initramfs) {
    Ref<TmpfsDirectory> root = make_tmpfs_root(root_permissions);
    if (const auto unpacked = unpack_initramfs(*root, initramfs); !unpacked) {
        log_important("{}", unpacked.error().view());
        report_run_failed(unpacked.error());
        constexpr u32 cannot_run = 126;
        finish_machine({.exit_code = cannot_run});
    }
    populate_devices(static_cast<TmpfsDirectory&>(*directory_in(*root, "dev", root_permissions)));
    directory_in(*root, "tmp", shared_permissions);
    root->attach("proc", make_procfs(root));
    root->attach("sys", make_sysfs(root));
    return root;
}

}  // namespace

void start(const BootInformation& boot) {
    start_scheduler();
    set_boot_command_line(boot.command_line);
    if (has_flag(boot.command_line, "dump_user_tables")) {
        enable_user_table_reports();
    }
    if (has_flag(boot.command_line, "report_usage")) {
        enable_usage_report();
    }
    set_up_console(boot.command_line);
    const Ref<TmpfsDirectory> root = build_root(boot.initramfs);
    plant_secret(*root);
    start_first_process(root, boot.command_line);
    run_idle();
}

}  // namespace ringfence::kernel
