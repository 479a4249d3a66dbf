// SPDX-License-Identifier: MIT
#include "lab/machine/serial_lines.h"

#include <utility>

namespace ringfence::lab::machine {

SerialLines::SerialLines(GuestSession& session, std::function<void()> on_broken)
    : session_(session),
      on_broken_(std::move(on_broken)),
      sinks_{Sink{*this, Port::KernelLog}, Sink{*this, Port::ProgramOutput},
             Sink{*this, Port::ProgramError}, Sink{*this, Port::Control}},
      answers_(session) {}

std::array<sim::memory::SerialEndpoint, port_count> SerialLines::endpoints() {
    std::array<sim::memory::SerialEndpoint, port_count> endpoints;
    for (usize i = 0; i < port_count; ++i) {
        endpoints[i].sink = &sinks_[i];
    }
    endpoints[static_cast<usize>(Port::Control)].source = &answers_;
    endpoints[static_cast<usize>(Port::ProgramOutput)].source = console_;
    return endpoints;
}

void SerialLines::Sink::put(u8 byte) {
    const char letter = static_cast<char>(byte);
    if (!lines_.session_.receive(port_, {&letter, 1})) {
        lines_.on_broken_();
    }
}

bool SerialLines::Answers::available() {
    if (next_ == bytes_.size()) {
        bytes_ = session_.take_answer();
        next_ = 0;
    }
    return next_ < bytes_.size();
}

void SerialLines::Answers::restore(std::string bytes) {
    bytes_ = std::move(bytes);
    next_ = 0;
}

}  // namespace ringfence::lab::machine
