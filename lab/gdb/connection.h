// SPDX-License-Identifier: MIT
// One debugger on a line: packets in order, acknowledged as long as it wants that.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lab/gdb/listener.h"
#include "lab/gdb/packet.h"
#include "lab/gdb/target.h"
#include "lab/machine/stop_request.h"

namespace ringfence::lab::gdb {

/// A line that breaks, or is closed by the other end, is closed from then on; nothing else happens.
class Connection final : public Debugger {
public:
    Connection(Descriptor line, const machine::StopRequest& stop)
        : line_(std::move(line)), stop_(stop) {}

    /// The next packet, waiting for it. Nothing when the line is closed or a stop is requested.
    [[nodiscard]] std::optional<std::string> receive();
    void send(std::string_view payload);
    /// From now on neither side acknowledges.
    void stop_acknowledging() { acknowledges_ = false; }

    [[nodiscard]] bool wants_stop() override;
    void tell(std::string_view text) override;

    [[nodiscard]] bool open() const { return open_; }
    /// For poll(2): readable when the debugger has sent something.
    [[nodiscard]] int descriptor() const { return line_.number(); }

private:
    bool wait(int milliseconds);
    void read_some();
    void write_all(std::string_view bytes);

    Descriptor line_;
    const machine::StopRequest& stop_;
    PacketReader reader_;
    std::optional<Arrival> waiting_;  ///< came while a command ran
    std::string last_sent_;
    bool acknowledges_ = true;
    bool open_ = true;
};

}  // namespace ringfence::lab::gdb
