// SPDX-License-Identifier: MIT
#include "kernel/core/socket/socket.h"

#include "kernel/core/fs/control_requests.h"
#include "kernel/core/signal/send.h"
#include "kernel/core/socket/interface_control.h"
#include "kernel/core/vm/user_memory.h"

namespace ringfence::kernel {

Fallible<void> Socket::listen(u32) {
    return Error{Errno::Eopnotsupp};
}

Fallible<Ref<Socket>> Socket::accept(bool) {
    return Error{Errno::Eopnotsupp};
}

Fallible<u64> Socket::control(u32 request, u64 argument) {
    if (is_interface_request(request)) {
        return control_interface(request, argument, family_ == AddressFamily::Inet);
    }
    if (request != control_requests::bytes_readable && request != control_requests::bytes_unsent) {
        return Error{Errno::Enotty};
    }
    if (listening()) {
        return Error{Errno::Einval};
    }
    const u64 count = request == control_requests::bytes_readable ? receivable() : unsent();
    RF_TRY(write_user(VirtualAddress{argument}, static_cast<i32>(count)));
    return u64{0};
}

Fallible<void> Socket::set_option(OptionName option, const OptionValue& value) {
    if (option.level != OptionLevel::Socket) {
        return Error{Errno::Enoprotoopt};
    }
    return set_stored_option(options, option.name, value);
}

Fallible<OptionValue> Socket::option(OptionName option) {
    if (option.level != OptionLevel::Socket) {
        return Error{Errno::Enoprotoopt};
    }
    switch (option.name) {
        case socket_option_names::type:
            return OptionValue(type_);
        case socket_option_names::error:
            return OptionValue(static_cast<i32>(std::exchange(error_, no_error)));
        case socket_option_names::peer_credentials:
            return OptionValue(peer_credentials());
        case socket_option_names::accepts_connections:
            return OptionValue(i32{listening()});
        case socket_option_names::protocol:
            return OptionValue(protocol_);
        case socket_option_names::domain:
            return OptionValue(static_cast<i32>(family_));
        default:
            return stored_option(options, option.name);
    }
}

Fallible<void> Socket::take_error() {
    if (!has_error()) {
        return {};
    }
    return Error{std::exchange(error_, no_error)};
}

u64 Socket::deadline(Side side) const {
    const u64 timeout = side == Side::Receive ? options.receive_timeout : options.send_timeout;
    return timeout == never ? never : deadline_after(monotonic_now(), timeout);
}

Errno Socket::wait_failure(Errno reason, u64 deadline) {
    if (reason == Errno::Etimedout) {
        return Errno::Eagain;
    }
    // A call with a time limit would start its time anew. [linux/abi]: signal(7)
    return reason == Errno::RestartIfFlagged && deadline != never ? Errno::Eintr : reason;
}

Error<Errno> broken_pipe(const OutgoingMessage& message) {
    if (!message.flags.no_signal()) {
        send_signal_to_current(signals::pipe);
    }
    return Error{Errno::Epipe};
}

}  // namespace ringfence::kernel
