// SPDX-License-Identifier: MIT
// From a system call's number to its handler, and the entry points around it.
#include <string_view>
#include <type_traits>

#include "kernel/core/entry_points.h"
#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/signal/deliver.h"
#include "kernel/core/syscall/handlers.h"
#include "kernel/core/syscall/traced_calls.h"
#include "kernel/core/syscall/unknown_calls.h"
#include "kernel/core/tracing/stop.h"

namespace ringfence::kernel {

namespace {

using Handler = u64 (*)(arch::TrapFrame& frame);

constexpr u64 failure(Errno reason) {
    return u64{0} - static_cast<u64>(reason);
}

template <typename T>
u64 encode(const Fallible<T>& result) {
    if (!result.ok()) {
        return failure(result.error());
    }
    if constexpr (std::is_void_v<T>) {
        return 0;
    } else {
        return result.value();
    }
}

template <typename T>
T argument(const arch::TrapFrame& frame, unsigned index) {
    if constexpr (std::is_same_v<T, VirtualAddress>) {
        return VirtualAddress{frame.syscall_argument(index)};
    } else {
        return static_cast<T>(frame.syscall_argument(index));
    }
}

/// Calls a handler with the arguments that its type asks for.
template <typename Result, typename... Arguments, unsigned... Index>
u64 invoke(Result (*handler)(Arguments...), arch::TrapFrame& frame,
           std::integer_sequence<unsigned, Index...>) {
    return encode(handler(argument<Arguments>(frame, Index)...));
}
template <typename Result, typename... Arguments>
u64 call(Result (*handler)(Arguments...), arch::TrapFrame& frame) {
    return invoke(handler, frame, std::make_integer_sequence<unsigned, sizeof...(Arguments)>());
}
template <typename Result, typename... Arguments>
u64 call(Result (*handler)(arch::TrapFrame&, Arguments...), arch::TrapFrame& frame) {
    const auto with_frame = [&]<unsigned... Index>(std::integer_sequence<unsigned, Index...>) {
        return encode(handler(frame, argument<Arguments>(frame, Index)...));
    };
    return with_frame(std::make_integer_sequence<unsigned, sizeof...(Arguments)>());
}

template <auto Function>
u64 adapt(arch::TrapFrame& frame) {
    return call(Function, frame);
}

struct NamedHandler {
    std::string_view name;
    Handler handler;
};
constexpr NamedHandler handlers[] = {
#define RF_HANDLER(name) {#name, &adapt<&syscalls::name>},
#include "kernel/core/syscall/handlers.inc"
#undef RF_HANDLER
};

struct SyscallRow {
    const char* name = nullptr;
    Handler handler = nullptr;
};

constexpr usize table_size = 512;
struct SyscallTable {
    SyscallRow rows[table_size];
};

constexpr Handler find_handler(std::string_view name) {
    for (const NamedHandler& candidate : handlers) {
        if (candidate.name == name) {
            return candidate.handler;
        }
    }
    return nullptr;
}

constexpr SyscallTable make_table() {
    SyscallTable table;
#define RF_SYSCALL(number, name) table.rows[number] = {#name, find_handler(#name)};
#include "kernel_arch/syscall_numbers.inc"
#undef RF_SYSCALL
    return table;
}
constexpr SyscallTable table = make_table();

u64 run_untraced(arch::TrapFrame& frame, u64 number) {
    if (number >= table_size || table.rows[number].handler == nullptr) {
        const char* name = number < table_size ? table.rows[number].name : nullptr;
        note_unknown_call(number, name != nullptr ? name : "no such call");
        return failure(Errno::Enosys);
    }
    return table.rows[number].handler(frame);
}

/// Apart, so that nothing is kept for it on the usual way.
[[gnu::noinline]] u64 run_unusual(arch::TrapFrame& frame) {
    first_unusual_call = table_size;
    const bool traced = (current_thread().work & thread_work::resumption) != 0;
    if (traced && !stop_before_call(frame)) {
        return frame.result();
    }
    return run_untraced(frame, frame.syscall_number());  // which a tracer may have chosen
}

u64 run(arch::TrapFrame& frame) {
    const u64 number = frame.syscall_number();
    if (number >= first_unusual_call || table.rows[number].handler == nullptr) {
        return run_unusual(frame);
    }
    return table.rows[number].handler(frame);
}

}  // namespace

u64 first_unusual_call = table_size;

void handle_syscall(arch::TrapFrame& frame) {
    const u64 result = run(frame);
    if (frame.is_syscall()) {  // not after execve or rt_sigreturn, which replace all registers
        frame.set_result(result);
    }
}

void prepare_return_to_user(arch::TrapFrame& frame) {
    reschedule_if_due();
    if (has_work_before_user_mode(current_thread()) || frame.is_syscall()) {
        deliver_signals(frame);
    }
}

}  // namespace ringfence::kernel
