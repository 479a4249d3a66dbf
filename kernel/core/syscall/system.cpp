// SPDX-License-Identifier: MIT
// The system as a whole.
#include <algorithm>
#include <cstring>

#include "kernel/core/fs/devices.h"
#include "kernel/core/memory/frame_allocator.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/system_names.h"
#include "kernel_arch/cpu.h"

namespace ringfence::kernel {

SystemNames& system_names() {
    static SystemNames names;
    return names;
}

}  // namespace ringfence::kernel

namespace ringfence::kernel::syscalls {

namespace {

constexpr usize name_field = 65;

/// `struct utsname`.
struct UserNames {
    char system[name_field];
    char node[name_field];
    char release[name_field];
    char version[name_field];
    char machine[name_field];
    char domain[name_field];
};

void set_field(char (&field)[name_field], std::string_view text) {
    const std::string_view fitting = take(text, name_field - 1);
    std::memcpy(field, fitting.data(), fitting.size());
}

/// `struct sysinfo`.
struct SystemInformation {
    i64 uptime;
    u64 loads[3];
    u64 total_memory;
    u64 free_memory;
    u64 shared_memory;
    u64 buffer_memory;
    u64 total_swap;
    u64 free_swap;
    u16 processes;
    u16 padding;
    u64 total_high;
    u64 free_high;
    u32 unit;
};
static_assert(sizeof(SystemInformation) == 112);

}  // namespace

Nothing uname(Pointer names) {
    UserNames all{};
    set_field(all.system, SystemNames::system);
    set_field(all.node, system_names().node);
    set_field(all.release, SystemNames::release);
    set_field(all.version, SystemNames::version);
    set_field(all.machine, arch::machine_name);
    set_field(all.domain, "(none)");
    return write_user(names, all);
}

Nothing sethostname(Pointer name, u64 size) {
    if (!current_process().credentials.may(Capability::SysAdmin)) {
        return Error{Errno::Eperm};
    }
    if (size >= name_field) {
        return Error{Errno::Einval};
    }
    String text;
    text.resize(size);
    RF_TRY(read_user_bytes(name, {reinterpret_cast<u8*>(text.data()), size}));
    system_names().node = text;
    return {};
}

Nothing sysinfo(Pointer information) {
    SystemInformation all{};
    all.uptime = static_cast<i64>(monotonic_now() / nanoseconds_per_second);
    all.total_memory = frames().total_frames() * frame_size;
    all.free_memory = frames().free_frames() * frame_size;
    all.processes = static_cast<u16>(processes().thread_count());
    all.unit = 1;
    return write_user(information, all);
}

Value getrandom(Pointer buffer, u64 size, u32 flags) {
    constexpr u32 known = 7;
    if ((flags & ~known) != 0) {
        return Error{Errno::Einval};
    }
    return write_random({buffer, std::min(size, most_transfer)});
}

Value syslog(u32 type, Pointer, i32) {
    // The kernel's messages go to the host; there is no buffer for programs to read.
    constexpr u32 last_type = 10;
    if (type > last_type) {
        return Error{Errno::Einval};
    }
    return current_process().credentials.may(Capability::Syslog) ? Value(u64{0})
                                                                 : Error{Errno::Eperm};
}

/// Linux's own, in which ADDR_NO_RANDOMIZE changes nothing: addresses are the same each time
/// anyway.
Value personality(u32 wanted) {
    constexpr u32 query = ~u32{0};
    using FixedAddresses = Flag<18, u32>;
    Process& process = current_process();
    const u32 before = process.fixed_addresses ? FixedAddresses::mask : 0;
    if (wanted == query) {
        return u64{before};
    }
    if ((wanted & ~FixedAddresses::mask) != 0) {
        return Error{Errno::Einval};
    }
    process.fixed_addresses = FixedAddresses::test(wanted);
    return u64{before};
}

Value membarrier(u32 command, u32) {
    // One CPU: every command is fulfilled by being made.
    constexpr u64 supported = 31;
    constexpr u32 query = 0;
    if (command == query) {
        return supported;
    }
    return (command & ~static_cast<u32>(supported)) == 0 ? Value(u64{0}) : Error{Errno::Einval};
}

Nothing vhangup() {
    const Process& self = current_process();
    if (!self.credentials.may(Capability::SysTtyConfig)) {
        return Error{Errno::Eperm};
    }
    if (const Ref<Terminal> terminal = self.terminal; terminal) {
        terminal->hang_up();
    }
    return {};
}

}  // namespace ringfence::kernel::syscalls
