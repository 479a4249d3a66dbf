// SPDX-License-Identifier: MIT
// A machine's world outside, written down so that a machine can live through it again: what came in
// comes again at the same time, and what went out does not go out twice.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "sim/machine/idle_host.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::gdb {

/// Passes on what was not passed on before.
class RecordedSink final : public sim::memory::ByteSink {
public:
    void wrap(sim::memory::ByteSink* sink) { sink_ = sink; }
    void put(u8 byte) override;

    [[nodiscard]] u64 position() const { return position_; }
    void go_to(u64 position) { position_ = position; }
    /// What follows now was never there before.
    void forget_future() { passed_ = position_; }

private:
    sim::memory::ByteSink* sink_ = nullptr;
    u64 position_ = 0;
    u64 passed_ = 0;
};

/// Gives each byte again when it was there first.
class RecordedSource final : public sim::memory::ByteSource {
public:
    /// `machine` says which machine asks, when one does.
    void wrap(sim::memory::ByteSource* source, const sim::machine::Machine* const& machine) {
        source_ = source;
        machine_ = &machine;
    }
    [[nodiscard]] bool available() override;
    u8 take() override;

    [[nodiscard]] u64 position() const { return position_; }
    void go_to(u64 position) { position_ = position; }
    /// Bytes that were taken in a future that does not come are there at once.
    void forget_future();

private:
    struct Given {
        u64 since;  ///< cycle at which it was first seen to be there
        u8 byte;
    };
    [[nodiscard]] u64 now() const { return *machine_ != nullptr ? (*machine_)->cycles() : 0; }

    sim::memory::ByteSource* source_ = nullptr;
    const sim::machine::Machine* const* machine_ = nullptr;
    std::vector<Given> given_;
    u64 position_ = 0;
    /// Since when the next byte of the source is there; nothing while it is not.
    std::optional<u64> waiting_since_;
    u64 last_asked_ = 0;  ///< cycle: until then there was nothing else
};

/// All of it. Attached before a machine is made, it serves that and those that are resumed from its
/// snapshots.
class RecordedIo {
public:
    RecordedIo() = default;
    RecordedIo(const RecordedIo&) = delete;
    RecordedIo& operator=(const RecordedIo&) = delete;

    /// What has come and gone at a moment.
    struct Position {
        std::array<u64, sim::memory::serial_port_count + 1> sinks{};
        std::array<u64, sim::memory::serial_port_count + 1> sources{};
        u64 waits = 0;
        u64 polls = 0;
    };

    /// Puts itself between a configuration and what is connected to it.
    template <typename Config>
    void attach(Config& config) {
        for (usize i = 0; i < config.serial.size(); ++i) {
            wrap(i, config.serial[i]);
        }
        wrap(config.serial.size(), config.channel);
    }
    /// The machine that runs from now on, and whose clock counts.
    void serve(const sim::machine::Machine& machine) { machine_ = &machine; }

    [[nodiscard]] Position position() const;
    void go_to(const Position& position);
    /// The guest was changed: what was recorded beyond this moment will not come.
    void forget_future();

    // The idle host's part
    // -------------------------------------------------------------------------

    /// How long the next wait took, if that was recorded; it is over then.
    [[nodiscard]] std::optional<u64> recorded_wait();
    void record_wait(u64 cycles);
    /// Whether the sources were looked at here, at this moment of the run; that is over then.
    [[nodiscard]] bool recorded_poll(u64 instructions);
    void record_poll(u64 instructions);
    /// Of the machine that runs.
    [[nodiscard]] u64 instructions() const { return machine_->counters().total_instructions(); }
    /// Whether the run is still where it has been before.
    [[nodiscard]] bool replays(u64 instructions) const { return instructions < newest_; }
    void reached(u64 instructions) { newest_ = std::max(newest_, instructions); }
    /// The instruction count at which the next recorded look falls; the highest number if none.
    [[nodiscard]] u64 next_poll() const;

private:
    void wrap(usize line, sim::memory::SerialEndpoint& endpoint);

    const sim::machine::Machine* machine_ = nullptr;
    std::array<RecordedSink, sim::memory::serial_port_count + 1> sinks_;
    std::array<RecordedSource, sim::memory::serial_port_count + 1> sources_;
    std::vector<u64> waits_;
    std::vector<u64> polls_;  ///< instruction counts
    u64 wait_ = 0;
    u64 poll_ = 0;
    u64 newest_ = 0;  ///< instructions
};

}  // namespace ringfence::lab::gdb
