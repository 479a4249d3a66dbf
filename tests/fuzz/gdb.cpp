// SPDX-License-Identifier: MIT
// Any bytes from a debugger, cut anywhere: the line never breaks, each packet gets an answer that
// is one, and no register or memory changes unless one says so.
#include <algorithm>
#include <string>

#include "lab/gdb/commands.h"
#include "lab/gdb/packet.h"
#include "tests/fuzz/input.h"
#include "tests/unit/lab/gdb/fake_target.h"

namespace ringfence::fuzz {
namespace {

using lab::gdb::Arrival;
using lab::gdb::Commands;
using lab::gdb::PacketReader;

/// The bytes are packets' payloads, each behind its length; so packets need no checksum found.
void talk(Input& input) {
    const u8 how = input.take<u8>();
    lab::gdb::testing::FakeTarget target{how % 2 == 0};
    lab::gdb::testing::FakeDebugger debugger;
    Commands commands{target, debugger};
    PacketReader back;
    while (!input.empty()) {
        const auto payload = input.take_bytes(input.take<u8>());
        const std::string_view packet{reinterpret_cast<const char*>(payload.data()),
                                      payload.size()};
        const auto answer = commands.handle(packet);
        if (!answer) {
            continue;
        }
        back.add(lab::gdb::frame(*answer));
        const auto arrival = back.next();
        const bool fits = answer->size() <= PacketReader::longest_packet;
        require(!fits || (arrival && arrival->kind == Arrival::Kind::Packet &&
                          arrival->payload == *answer),
                "an answer that does not arrive");
    }
}

/// Raw bytes on the line.
void listen(Input& input) {
    PacketReader reader;
    const usize piece = input.take<u8>() + 1U;
    while (!input.empty()) {
        const auto bytes = input.take_bytes(piece);
        reader.add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        while (const auto arrival = reader.next()) {
            require(arrival->payload.size() <= PacketReader::longest_packet, "too long a packet");
        }
    }
}

}  // namespace
}  // namespace ringfence::fuzz

extern "C" int LLVMFuzzerTestOneInput(const ringfence::u8* data, ringfence::usize size) {
    using namespace ringfence::fuzz;  // NOLINT(google-build-using-namespace)
    Input input{{data, size}};
    if (input.take<ringfence::u8>() % 4 == 0) {
        listen(input);
    } else {
        talk(input);
    }
    return 0;
}
