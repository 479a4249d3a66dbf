// SPDX-License-Identifier: MIT
#include "tests/end_to_end/gdb_client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

namespace ringfence::end_to_end {

namespace {

constexpr int patience_ms = 300'000;

/// A line to the socket at `path`, once there is one; -1 if there will be none.
int connect_to(const std::string& path, const std::future<Outcome>& command) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    while (command.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
        const int line = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(line, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
            return line;
        }
        close(line);
    }
    return -1;
}

std::string hex_of(std::string_view text) {
    std::string hex;
    for (const char letter : text) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(letter));
        hex += digits;
    }
    return hex;
}

std::string text_of(std::string_view hex) {
    std::string text;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) {
        u8 byte = 0;
        std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
        text.push_back(static_cast<char>(byte));
    }
    return text;
}

}  // namespace

GdbClient::GdbClient(std::vector<std::string> arguments, CommandOptions options) {
    const std::string path = directory_ / "gdb";
    arguments.insert(arguments.begin() + 1, {"--gdb", "unix:" + path});
    outcome_ = std::async(std::launch::async,
                          [arguments = std::move(arguments), options = std::move(options)] {
                              return ringfence(arguments, options);
                          });
    line_ = connect_to(path, outcome_);
    EXPECT_GE(line_, 0) << "nobody waits for a debugger";
}

GdbClient::~GdbClient() {
    if (outcome_.valid()) {
        (void)finish();
    }
}

std::string GdbClient::ask(std::string_view packet) {
    send(packet);
    for (;;) {
        std::string answer = receive();
        if (answer.size() < 2 || answer.front() != 'O' || answer == "OK") {
            return answer;
        }
        told += text_of(std::string_view(answer).substr(1));
    }
}

/// Every packet is acknowledged.
std::string GdbClient::receive() {
    char letter = read_byte();
    while (letter != '$' && letter != '\0') {
        letter = read_byte();
    }
    std::string payload;
    for (letter = read_byte(); letter != '#' && letter != '\0'; letter = read_byte()) {
        constexpr char escape_flip = 0x20;
        payload.push_back(letter == '}' ? static_cast<char>(read_byte() ^ escape_flip) : letter);
    }
    read_byte();
    read_byte();
    write_bytes("+");
    return payload;
}

void GdbClient::write_bytes(std::string_view bytes) const {
    // A command that has ended takes nothing any more, which whoever waits for an answer notices.
    (void)::send(line_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

std::string GdbClient::monitor(std::string_view command) {
    told.clear();
    EXPECT_EQ(ask("qRcmd," + hex_of(command)), "OK");
    return told;
}

u64 GdbClient::read_register(unsigned number) {
    char packet[16];
    std::snprintf(packet, sizeof packet, "p%x", number);
    const std::string bytes = text_of(ask(packet));
    u64 value = 0;
    std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
    return value;
}

void GdbClient::change(char letter, u64 address) {
    char packet[40];
    std::snprintf(packet, sizeof packet, "%c0,%llx,1", letter,
                  static_cast<unsigned long long>(address));
    EXPECT_EQ(ask(packet), "OK");
}

std::string GdbClient::go_to_the_end() {
    std::string stop = go();
    return stop.find("replaylog:end") == std::string::npos ? stop : go();
}

Outcome GdbClient::finish() {
    close(line_);
    line_ = -1;
    return outcome_.get();
}

std::string GdbClient::framed(std::string_view packet) {
    u8 sum = 0;
    for (const char letter : packet) {
        sum = static_cast<u8>(sum + static_cast<u8>(letter));
    }
    char end[4];
    std::snprintf(end, sizeof end, "#%02x", sum);
    return "$" + std::string(packet) + end;
}

/// 0 when there will be none.
char GdbClient::read_byte() const {
    pollfd wait{line_, POLLIN, 0};
    char letter = '\0';
    if (poll(&wait, 1, patience_ms) <= 0 || recv(line_, &letter, 1, 0) <= 0) {
        ADD_FAILURE() << "no answer";
        return '\0';
    }
    return letter;
}

}  // namespace ringfence::end_to_end
