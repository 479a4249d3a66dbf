// SPDX-License-Identifier: MIT
// rt_sigqueueinfo, rt_tgsigqueueinfo and what they share with pidfd_send_signal.
#include "kernel/core/syscall/queued_signals.h"

#include "kernel/core/process/process_table.h"
#include "kernel/core/syscall/support.h"

namespace ringfence::kernel::syscalls {

namespace {

template <typename Target>
Nothing queue(Target& target, Process& process, u32 number, SignalInformation information) {
    if (number > signal_count) {
        return Error{Errno::Einval};
    }
    if (!may_signal(current_process(), process, number)) {
        return Error{Errno::Eperm};
    }
    if (number == 0) {
        return {};
    }
    information.number = number;
    const bool ignored = process.is_zombie() || process.handlers->ignores(number);
    if (!send_signal(target, information) && number >= first_realtime_signal && !ignored) {
        return Error{Errno::Eagain};  // RLIMIT_SIGPENDING, or memory
    }
    return {};
}

}  // namespace

SignalInformation from_current(u32 number, i32 code) {
    return {.number = number,
            .code = code,
            .sender = current_process().id(),
            .sender_user = current_process().credentials.user.real};
}

Fallible<SignalInformationImage> read_signal_information(Pointer information) {
    // What Linux keeps of the 128 bytes; no more need be there. [linux/abi]: struct kernel_siginfo
    constexpr usize kept = 48;
    SignalInformationImage image{};
    RF_TRY(read_user_bytes(information, {reinterpret_cast<u8*>(&image), kept}));
    return image;
}

bool pretends_kernel(const SignalInformationImage& image) {
    return image.code >= 0 || image.code == signal_codes::thread;
}

Nothing queue_signal(Process& process, u32 number, const SignalInformation& information) {
    return queue(process, process, number, information);
}

Nothing queue_signal(Thread& thread, u32 number, const SignalInformation& information) {
    return queue(thread, thread.process(), number, information);
}

Nothing rt_sigqueueinfo(i32 id, u32 number, Pointer information) {
    RF_TRY_ASSIGN(image, read_signal_information(information));
    if (pretends_kernel(image) && id != static_cast<i32>(current_process().id())) {
        return Error{Errno::Eperm};
    }
    if (id == 0) {
        return Error{Errno::Esrch};
    }
    RF_TRY_ASSIGN(process, process_called(id));
    return queue_signal(*process, number, from_image(image));
}

Nothing rt_tgsigqueueinfo(i32 process, i32 id, u32 number, Pointer information) {
    RF_TRY_ASSIGN(image, read_signal_information(information));
    if (process <= 0 || id <= 0) {
        return Error{Errno::Einval};
    }
    // The caller as a thread: Linux compares thread numbers here.
    if (pretends_kernel(image) && id != static_cast<i32>(current_thread().id())) {
        return Error{Errno::Eperm};
    }
    Thread* const thread = processes().find_thread(static_cast<u32>(id));
    if (thread == nullptr || thread->process().id() != static_cast<u32>(process)) {
        return Error{Errno::Esrch};
    }
    return queue_signal(*thread, number, from_image(image));
}

}  // namespace ringfence::kernel::syscalls
