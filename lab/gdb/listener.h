// SPDX-License-Identifier: MIT
// Where debuggers come in: a TCP port of this host's own address, or a socket in the file system.
#pragma once

#include <string>
#include <string_view>

#include "base/types.h"
#include "lab/machine/stop_request.h"

namespace ringfence::lab::gdb {

/// A file descriptor with an owner.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool valid() const { return number_ >= 0; }

private:
    int number_ = -1;
};

class Listener {
public:
    /// `address`: a port (0: any that is free) on the loopback interface, and on no other, or
    /// "unix:PATH". Throws Failure::Usage for anything else, Failure::Own if it is taken.
    explicit Listener(const std::string& address);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener();

    /// What to tell GDB's `target remote`.
    [[nodiscard]] const std::string& name() const { return name_; }

    /// Waits for a debugger. An invalid descriptor if a stop is requested meanwhile.
    [[nodiscard]] Descriptor accept(const machine::StopRequest& stop) const;

private:
    void listen_on_port(u16 port);
    void listen_on_path(const std::string& path);

    Descriptor socket_;
    std::string name_;
    std::string path_;  ///< to be removed; empty for a port
};

}  // namespace ringfence::lab::gdb
