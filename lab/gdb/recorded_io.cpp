// SPDX-License-Identifier: MIT
#include "lab/gdb/recorded_io.h"

#include <algorithm>

namespace ringfence::lab::gdb {

void RecordedSink::put(u8 byte) {
    if (position_ == passed_) {
        sink_->put(byte);
        ++passed_;
    }
    ++position_;
}

bool RecordedSource::available() {
    if (position_ < given_.size()) {
        return given_[position_].since <= now();
    }
    if (waiting_since_) {
        return *waiting_since_ <= now();
    }
    if (now() < last_asked_) {
        return false;  // as it was then
    }
    last_asked_ = now();
    if (source_->available()) {
        waiting_since_ = now();
    }
    return waiting_since_.has_value();
}

u8 RecordedSource::take() {
    if (position_ == given_.size()) {
        given_.push_back({waiting_since_.value_or(now()), source_->take()});
        waiting_since_.reset();
    }
    return given_[position_++].byte;
}

void RecordedSource::forget_future() {
    for (usize i = position_; i < given_.size(); ++i) {
        given_[i].since = 0;
    }
    if (waiting_since_) {
        waiting_since_ = 0;
    }
    last_asked_ = 0;
}

void RecordedIo::wrap(usize line, sim::memory::SerialEndpoint& endpoint) {
    if (endpoint.sink != nullptr) {
        sinks_[line].wrap(endpoint.sink);
        endpoint.sink = &sinks_[line];
    }
    if (endpoint.source != nullptr) {
        sources_[line].wrap(endpoint.source, machine_);
        endpoint.source = &sources_[line];
    }
}

RecordedIo::Position RecordedIo::position() const {
    Position position{.waits = wait_, .polls = poll_};
    for (usize i = 0; i < sinks_.size(); ++i) {
        position.sinks[i] = sinks_[i].position();
        position.sources[i] = sources_[i].position();
    }
    return position;
}

void RecordedIo::go_to(const Position& position) {
    for (usize i = 0; i < sinks_.size(); ++i) {
        sinks_[i].go_to(position.sinks[i]);
        sources_[i].go_to(position.sources[i]);
    }
    wait_ = position.waits;
    poll_ = position.polls;
}

void RecordedIo::forget_future() {
    for (RecordedSink& sink : sinks_) {
        sink.forget_future();
    }
    for (RecordedSource& source : sources_) {
        source.forget_future();
    }
    waits_.resize(wait_);
    polls_.resize(poll_);
    newest_ = 0;
}

std::optional<u64> RecordedIo::recorded_wait() {
    return wait_ < waits_.size() ? std::optional{waits_[wait_++]} : std::nullopt;
}

void RecordedIo::record_wait(u64 cycles) {
    waits_.push_back(cycles);
    wait_ = waits_.size();
}

bool RecordedIo::recorded_poll(u64 instructions) {
    const bool here = poll_ < polls_.size() && polls_[poll_] == instructions;
    poll_ += here ? 1 : 0;
    return here;
}

void RecordedIo::record_poll(u64 instructions) {
    polls_.push_back(instructions);
    poll_ = polls_.size();
}

u64 RecordedIo::next_poll() const {
    return poll_ < polls_.size() ? polls_[poll_] : ~u64{0};
}

}  // namespace ringfence::lab::gdb
