// SPDX-License-Identifier: MIT
// Packets with long names: questions, settings, and v packets.
#include <fmt/format.h>

#include <algorithm>

#include "lab/gdb/commands.h"
#include "lab/gdb/packet.h"

namespace ringfence::lab::gdb {

namespace {

const std::string ok = "OK";
const std::string bad_request = "E16";

}  // namespace

std::optional<std::string> Commands::handle_query(std::string_view packet) {
    Fields fields(packet);
    if (fields.take("qSupported")) {
        return supported(fields.rest());
    }
    if (fields.take("qXfer:features:read:target.xml:")) {
        return transfer(fields);
    }
    if (fields.take("qXfer:features:read:")) {
        return "E00";  // no such annex
    }
    if (fields.take("qRcmd,")) {
        return run_monitor(fields.rest());
    }
    if (packet == "qqemu.PhyMemMode") {
        return space_ == Space::Physical ? "1" : "0";
    }
    if (packet == "qC") {
        return "QC1";
    }
    if (packet == "qfThreadInfo") {
        return "m1";
    }
    if (packet == "qsThreadInfo") {
        return "l";
    }
    if (packet == "qAttached" || packet.starts_with("qAttached:")) {
        return "1";  // a debugger that leaves lets the machine go on
    }
    if (packet.starts_with("qSymbol:")) {
        return ok;
    }
    return "";
}

std::optional<std::string> Commands::handle_setting(std::string_view packet) {
    if (packet == "QStartNoAckMode") {
        without_acknowledgement_ = true;
        return ok;
    }
    Fields fields(packet);
    if (fields.take("Qqemu.PhyMemMode:")) {
        const auto mode = fields.number();
        if (!mode || *mode > 1 || !fields.at_end()) {
            return bad_request;
        }
        space_ = *mode == 1 ? Space::Physical : Space::Virtual;
        return ok;
    }
    return "";
}

std::optional<std::string> Commands::handle_long_name(std::string_view packet) {
    Fields fields(packet);
    if (packet == "vCont?") {
        return "vCont;c;C;s;S";
    }
    if (fields.take("vCont;")) {
        return resume_by_action(fields);
    }
    if (fields.take("vKill")) {
        state_ = State::Killed;
        return ok;
    }
    return "";
}

std::string Commands::supported(std::string_view features) {
    knows_breakpoint_reasons_ = features.find("swbreak+") != std::string_view::npos;
    std::string answer = fmt::format(
        "PacketSize={:x};QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+",
        PacketReader::longest_packet);
    if (target_.no_reverse().empty()) {
        answer += ";ReverseStep+;ReverseContinue+";
    }
    return answer;
}

/// OFFSET,LENGTH of the description.
std::string Commands::transfer(Fields fields) const {
    const auto offset = fields.number();
    const bool parted = offset && fields.take(',');
    const auto length = fields.number();
    if (!parted || !length || !fields.at_end()) {
        return bad_request;
    }
    const std::string& whole = layout_.description();
    const usize from = std::min<u64>(*offset, whole.size());
    const usize room = PacketReader::longest_packet / 2;  // every byte might need an escape
    const std::string part = whole.substr(from, std::min<u64>(*length, room));
    return (from + part.size() < whole.size() ? "m" : "l") + part;
}

std::string Commands::run_monitor(std::string_view hex) {
    const auto command = from_hex(hex);
    if (!command) {
        return bad_request;
    }
    debugger_.tell(
        target_.monitor({reinterpret_cast<const char*>(command->data()), command->size()}));
    return ok;
}

}  // namespace ringfence::lab::gdb
