// SPDX-License-Identifier: MIT
// A debugger of a few lines that speaks GDB's remote protocol with a command that waits for one.
#pragma once

#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "tests/end_to_end/command.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::end_to_end {

class GdbClient {
public:
    /// Runs `ringfence arguments[0] --gdb ... arguments[1...]` and connects to it.
    explicit GdbClient(std::vector<std::string> arguments, CommandOptions options = {});
    GdbClient(const GdbClient&) = delete;
    GdbClient& operator=(const GdbClient&) = delete;
    ~GdbClient();

    /// The answer to a packet; what the command tells the user meanwhile is in `told`.
    std::string ask(std::string_view packet);
    void send(std::string_view packet) { write_bytes(framed(packet)); }
    std::string receive();
    /// As they are.
    void write_bytes(std::string_view bytes) const;
    /// The user's `monitor` command.
    std::string monitor(std::string_view command);

    /// By GDB's number in 64-bit mode.
    u64 read_register(unsigned number);
    u64 rip() { return read_register(16); }
    std::string registers() { return ask("g"); }
    /// "T05thread:01;" and so on: until the next stop.
    std::string go() { return ask("vCont;c"); }
    /// As `go`, through the moment at which a debugger may still go back.
    std::string go_to_the_end();
    void set_breakpoint(u64 address) { change('Z', address); }
    void clear_breakpoint(u64 address) { change('z', address); }

    /// Closes the line, if it is open, and waits for the command.
    Outcome finish();

    std::string told;

    [[nodiscard]] static std::string framed(std::string_view packet);

private:
    void change(char letter, u64 address);
    char read_byte() const;

    lab::testing::ScratchDirectory directory_;
    std::future<Outcome> outcome_;
    int line_ = -1;
};

}  // namespace ringfence::end_to_end
