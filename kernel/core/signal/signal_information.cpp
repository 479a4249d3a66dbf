// SPDX-License-Identifier: MIT
#include "kernel/core/signal/signal_information.h"

#include "kernel/core/signal/signal_numbers.h"

namespace ringfence::kernel {

SignalInformationImage to_image(const SignalInformation& information) {
    SignalInformationImage image{};
    image.number = static_cast<i32>(information.number);
    image.error = information.error;
    image.code = information.code;
    switch (information.kind) {
        case SignalInformation::Kind::Fault:
            image.fields.fault = {information.value};
            break;
        case SignalInformation::Kind::Timer:
            image.fields.timer = {static_cast<i32>(information.timer),
                                  static_cast<i32>(information.overrun), information.value};
            break;
        case SignalInformation::Kind::Child:
            image.fields.child = {.child = information.sender,
                                  .user = information.sender_user,
                                  .status = information.status,
                                  .padding = 0,
                                  .user_ticks = information.user_ticks,
                                  .system_ticks = information.system_ticks};
            break;
        case SignalInformation::Kind::Poll:
            image.fields.poll = {.band = information.value, .descriptor = information.status};
            break;
        case SignalInformation::Kind::Raw:
            image.fields.child.user_ticks = information.user_ticks;
            image.fields.child.system_ticks = information.system_ticks;
            [[fallthrough]];
        case SignalInformation::Kind::Sender:
            image.fields.queued = {information.sender, information.sender_user, information.value};
            break;
    }
    return image;
}

SignalInformation from_image(const SignalInformationImage& image) {
    return {.number = static_cast<u32>(image.number),
            .code = image.code,
            .error = image.error,
            .kind = SignalInformation::Kind::Raw,
            .sender = image.fields.queued.sender,
            .sender_user = image.fields.queued.user,
            .value = image.fields.queued.value,
            .user_ticks = image.fields.child.user_ticks,
            .system_ticks = image.fields.child.system_ticks};
}

}  // namespace ringfence::kernel
