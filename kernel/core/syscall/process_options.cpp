// SPDX-License-Identifier: MIT
// Options of the calling process: prctl, arch_prctl, and its LDT.
#include <algorithm>
#include <cstring>

#include "kernel/core/process/isolation_choice.h"
#include "kernel/core/syscall/process_options.h"
#include "kernel/core/syscall/support.h"
#include "kernel/core/vm/admission.h"
#include "kernel_arch/modify_ldt.h"

namespace ringfence::kernel::syscalls {

namespace {

enum class ProcessOption : u32 {
    SetParentDeathSignal = 1,
    GetParentDeathSignal = 2,
    GetDumpable = 3,
    SetDumpable = 4,
    GetKeepCapabilities = 7,
    SetKeepCapabilities = 8,
    SetName = 15,
    GetName = 16,
    GetSeccomp = 21,
    CapabilityBoundingRead = 23,
    CapabilityBoundingDrop = 24,
    GetSecurityBits = 27,
    SetSecurityBits = 28,
    SetTimerSlack = 29,
    GetTimerSlack = 30,
    SetChildSubreaper = 36,
    GetChildSubreaper = 37,
    SetNoNewPrivileges = 38,
    GetNoNewPrivileges = 39,
    AmbientCapabilities = 47,
};

constexpr usize process_name_size = 16;
constexpr u64 default_timer_slack = 50'000;

Value set_process_name(Pointer name) {
    char text[process_name_size] = {};
    for (usize i = 0; i + 1 < process_name_size; ++i) {
        RF_TRY_ASSIGN(byte, read_user<char>(name + i));
        if (byte == '\0') {
            break;
        }
        text[i] = byte;
    }
    current_process().name = String(text);
    return u64{0};
}

Value get_process_name(Pointer to) {
    u8 field[process_name_size] = {};
    const std::string_view name = current_process().name;
    std::memcpy(field, name.data(), std::min(name.size(), process_name_size - 1));
    RF_TRY(write_user_bytes(to, field));
    return u64{0};
}

Value set_isolation_choice(u64 argument) {
    using namespace abi::isolation;
    const u64 choice = argument & choice_mask;
    if ((argument & ~u64{choice_mask | keep_on_exec}) != 0 ||
        choice > static_cast<u64>(IsolationChoice::Shared)) {
        return Error{Errno::Einval};
    }
    RF_TRY(choose_isolation(current_process(), {.choice = static_cast<IsolationChoice>(choice),
                                                .keep_on_exec = (argument & keep_on_exec) != 0}));
    return u64{0};
}

u64 isolation_choice() {
    using namespace abi::isolation;
    MemorySpace& memory = *current_process().memory;
    return static_cast<u64>(memory.isolation.choice) |
           (memory.isolation.keep_on_exec ? keep_on_exec : 0) |
           (memory.tables().design() == arch::Design::Isolated ? is_isolated : 0);
}

}  // namespace

Value prctl(u32 option, u64 argument, u64 second, u64 third, u64 fourth) {
    Process& process = current_process();
    switch (option) {
        case abi::isolation::set_choice:
            return set_isolation_choice(argument);
        case abi::isolation::get_choice:
            return isolation_choice();
        default:
            break;
    }
    switch (static_cast<ProcessOption>(option)) {
        case ProcessOption::SetParentDeathSignal:
            if (argument > signal_count) {
                return Error{Errno::Einval};
            }
            process.parent_death_signal = static_cast<u32>(argument);
            return u64{0};
        case ProcessOption::GetParentDeathSignal:
            RF_TRY(write_user(Pointer{argument}, process.parent_death_signal));
            return u64{0};
        case ProcessOption::SetName:
            return set_process_name(Pointer{argument});
        case ProcessOption::GetName:
            return get_process_name(Pointer{argument});
        case ProcessOption::GetDumpable:
            return u64{process.memory->dumpable ? 1U : 0U};
        case ProcessOption::SetDumpable:
            if (argument > 1) {
                return Error{Errno::Einval};
            }
            process.memory->dumpable = argument == 1;
            return u64{0};
        case ProcessOption::GetTimerSlack:
            return default_timer_slack;
        case ProcessOption::CapabilityBoundingRead:
            return bounding_capability(argument);
        case ProcessOption::CapabilityBoundingDrop:
            return drop_bounding_capability(argument);
        case ProcessOption::GetKeepCapabilities:
            return u64{process.credentials.capabilities.keep ? 1U : 0U};
        case ProcessOption::SetKeepCapabilities:
            return keep_capabilities(argument);
        case ProcessOption::AmbientCapabilities:
            return change_ambient_capabilities(argument, second, third | fourth);
        case ProcessOption::GetSecurityBits:
            return security_bits();
        case ProcessOption::SetSecurityBits:
            return set_security_bits(argument);
        case ProcessOption::SetNoNewPrivileges:
            return forbid_new_privileges(argument, second | third | fourth);
        case ProcessOption::GetNoNewPrivileges:
            return forbids_new_privileges(argument | second | third | fourth);
        case ProcessOption::SetTimerSlack:
        case ProcessOption::GetSeccomp:
            return u64{0};
        case ProcessOption::SetChildSubreaper:
            break;
        case ProcessOption::GetChildSubreaper:
            RF_TRY(write_user(Pointer{argument}, i32{0}));
            return u64{0};
    }
    return Error{Errno::Einval};
}

Value arch_prctl(u32 operation, u64 address) {
    const i64 result = arch::arch_prctl(current_thread().registers, operation, address);
    if (result < 0) {
        return Error{static_cast<Errno>(-result)};
    }
    return static_cast<u64>(result);
}

Value modify_ldt(u32 function, Pointer pointer, u64 bytes) {
    RF_TRY(admit_allocation());
    return arch::modify_ldt(current_process().memory->tables(), function, pointer, bytes);
}

}  // namespace ringfence::kernel::syscalls
