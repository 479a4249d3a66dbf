// SPDX-License-Identifier: MIT
// Any bytes from a guest that the host takes apart, in pieces of any size: the same records come
// out however they were cut.
#include <algorithm>
#include <string>
#include <vector>

#include "lab/linux_guest/job_result.h"
#include "lab/machine/control_decoder.h"
#include "tests/fuzz/input.h"

namespace ringfence::fuzz {
namespace {

std::string_view text_of(std::span<const u8> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Decoded {
    std::vector<std::pair<abi::control::Record, std::string>> records;
    bool ok = true;
    bool between = true;

    bool operator==(const Decoded&) const = default;
};

Decoded decode(Input input, usize piece) {
    Decoded decoded;
    lab::machine::ControlDecoder decoder{[&](abi::control::Record type, std::string_view payload) {
        decoded.records.emplace_back(type, payload);
    }};
    while (!input.empty() && decoded.ok) {
        decoded.ok = decoder.feed(text_of(input.take_bytes(piece))).ok();
    }
    decoded.between = decoded.ok && decoder.between_records();
    return decoded;
}

void read_result(Input& input) {
    lab::linux_guest::ResultSink sink;
    const auto bytes = input.rest();
    for (const u8 byte : bytes) {
        sink.put(byte);
    }
    const auto result = sink.result();
    require(!result.ok() || sizeof(result.value().result) + result.value().output.size() +
                                    result.value().error.size() ==
                                bytes.size(),
            "a result of another size");
}

}  // namespace
}  // namespace ringfence::fuzz

extern "C" int LLVMFuzzerTestOneInput(const ringfence::u8* data, ringfence::usize size) {
    using namespace ringfence::fuzz;  // NOLINT(google-build-using-namespace)
    Input input{{data, size}};
    const unsigned choice = input.choose(4);
    if (choice == 0) {
        read_result(input);
    } else {
        const ringfence::usize piece = input.take<ringfence::u8>() + 1U;
        require(decode(input, size) == decode(input, piece), "records depend on how they were cut");
    }
    return 0;
}
