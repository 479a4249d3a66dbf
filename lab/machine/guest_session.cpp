// SPDX-License-Identifier: MIT
#include "lab/machine/guest_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ringfence::lab::machine {

namespace {

using abi::control::Record;

/// The decoder has checked the payload's size.
template <typename T>
T as(std::string_view payload) {
    T value;
    std::memcpy(&value, payload.data(), sizeof value);
    return value;
}

}  // namespace

GuestSession::GuestSession(ProgramStreams& streams, std::function<void(std::string_view)> on_log)
    : streams_(streams),
      on_log_(std::move(on_log)),
      decoder_([this](Record type, auto payload) { handle(type, payload); }) {}

bool GuestSession::receive(Port port, std::string_view bytes) {
    switch (port) {
        case Port::KernelLog:
            state_.report.kernel_log += bytes;
            if (on_log_) {
                on_log_(bytes);
            }
            return true;
        case Port::ProgramOutput:
            streams_.write(OutputStream::Output, bytes);
            return true;
        case Port::ProgramError:
            streams_.write(OutputStream::Error, bytes);
            return true;
        case Port::Control: {
            const auto fed = decoder_.feed(bytes);
            if (!fed.ok()) {
                state_.report.protocol_error = fed.error();
            }
            return fed.ok();
        }
    }
    return false;
}

std::string GuestSession::take_answer() {
    return std::exchange(state_.answer, {});
}

void GuestSession::tell_window_size(const abi::control::WindowSize& size) {
    state_.answer.append(reinterpret_cast<const char*>(&size), sizeof size);
}

GuestSession::State GuestSession::state() const {
    State state = state_;
    state.decoder = decoder_.state();
    return state;
}

void GuestSession::restore(State state) {
    state_ = std::move(state);
    decoder_.restore(std::exchange(state_.decoder, {}));
}

void GuestSession::handle(Record type, std::string_view payload) {
    switch (type) {
        case Record::StandardInput:
            answer_input(payload);
            break;
        case Record::ExitStatus:
            state_.report.exit = as<abi::control::ExitStatus>(payload);
            break;
        case Record::Statistics:
            state_.report.statistics = as<abi::control::Statistics>(payload);
            break;
        case Record::Isolation:
            state_.report.isolation = as<abi::control::Isolation>(payload);
            break;
        case Record::UnknownSyscall:
            state_.report.unknown_syscalls.push_back(as<abi::control::UnknownSyscall>(payload));
            break;
        case Record::UserTables:
            state_.report.user_tables += payload;
            break;
        case Record::MissingFiles:
            state_.report.missing_files = payload;
            break;
        case Record::RunFailed:
            state_.report.start_failure = payload;
            break;
    }
}

void GuestSession::answer_input(std::string_view payload) {
    constexpr u32 most_per_answer = 4096;
    const u32 wanted = std::clamp(as<u32>(payload), 1U, most_per_answer);
    const std::string bytes = streams_.read(wanted);
    const u32 count = static_cast<u32>(bytes.size());
    state_.answer.append(reinterpret_cast<const char*>(&count), sizeof count);
    state_.answer += bytes;
}

}  // namespace ringfence::lab::machine
