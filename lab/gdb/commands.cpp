// SPDX-License-Identifier: MIT
#include "lab/gdb/commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "lab/gdb/packet.h"
#include "lab/machine/bytes.h"

namespace ringfence::lab::gdb {

namespace {

const std::string ok = "OK";
/// Numbers mean nothing to debuggers; these are errno's, by which GDB users know them.
const std::string bad_request = "E16";  // EINVAL
const std::string bad_memory = "E0e";   // EFAULT
const std::string no_room = "E1c";      // ENOSPC

/// Two digits a byte must fit into one packet, with the frame.
constexpr u64 most_memory = (PacketReader::longest_packet - 16) / 2;

}  // namespace

Commands::Commands(Target& target, Debugger& debugger)
    : target_(target),
      debugger_(debugger),
      layout_(target.is_64_bit()),
      last_stop_(stop_reply({})) {}

std::optional<std::string> Commands::handle(std::string_view packet) {
    if (packet.empty()) {
        return "";
    }
    const Fields rest(packet.substr(1));
    switch (packet.front()) {
        case '?':
            return last_stop_;
        case 'g':
            return read_registers();
        case 'G':
            return write_registers(rest.rest());
        case 'p':
            return read_register(rest);
        case 'P':
            return write_register(rest);
        case 'm':
            return read_memory(rest);
        case 'M':
            return write_memory(rest, false);
        case 'X':
            return write_memory(rest, true);
        case 'Z':
            return change_stop(rest, true);
        case 'z':
            return change_stop(rest, false);
        case 'c':
            return resume_at(rest, Motion::Continue);
        case 's':
            return resume_at(rest, Motion::Step);
        case 'b':
            return packet == "bs"   ? resume(Motion::ReverseStep)
                   : packet == "bc" ? resume(Motion::ReverseContinue)
                                    : "";
        case 'H':
        case 'T':
            return ok;  // there is one thread
        case 'D':
            state_ = State::Detached;
            return ok;
        case 'k':
            state_ = State::Killed;
            return std::nullopt;
        case 'q':
            return handle_query(packet);
        case 'Q':
            return handle_setting(packet);
        case 'v':
            return handle_long_name(packet);
        default:
            return "";
    }
}

// Registers ---------------------------------------------------------------------------------------

std::string Commands::read_registers() {
    return to_hex(layout_.all(target_.registers()));
}

std::string Commands::write_registers(std::string_view hex) {
    const auto bytes = from_hex(hex);
    DebugRegisters registers = target_.registers();
    const bool valid = bytes && !bytes->empty() && layout_.set_all(registers, *bytes);
    return valid && target_.set_registers(registers) ? ok : bad_request;
}

std::string Commands::read_register(Fields fields) {
    const auto number = fields.number();
    if (!number || !fields.at_end()) {
        return bad_request;
    }
    const auto value = layout_.one(target_.registers(), *number);
    return value ? to_hex(*value) : bad_request;
}

std::string Commands::write_register(Fields fields) {
    const auto number = fields.number();
    if (!number || !fields.take('=')) {
        return bad_request;
    }
    const auto bytes = from_hex(fields.rest());
    DebugRegisters registers = target_.registers();
    const bool valid = bytes && layout_.set_one(registers, *number, *bytes);
    return valid && target_.set_registers(registers) ? ok : bad_request;
}

// Memory ------------------------------------------------------------------------------------------

/// As much as can be read from the start, if anything can.
std::string Commands::read_memory(Fields fields) {
    const auto address = fields.number();
    const bool parted = address && fields.take(',');
    const auto length = fields.number();
    if (!parted || !length || *length == 0 || !fields.at_end()) {
        return bad_request;
    }
    std::vector<u8> bytes(std::min(*length, most_memory));
    if (target_.read(space_, *address, bytes)) {
        return to_hex(bytes);
    }
    constexpr u64 piece = 4096;
    const u64 first = std::min<u64>(piece - *address % piece, bytes.size());
    usize done = 0;
    for (u64 next = first; done < bytes.size(); next = std::min(piece, bytes.size() - done)) {
        if (!target_.read(space_, *address + done, std::span{bytes}.subspan(done, next))) {
            break;
        }
        done += next;
    }
    bytes.resize(done);
    return done == 0 ? bad_memory : to_hex(bytes);
}

std::string Commands::write_memory(Fields fields, bool binary) {
    const auto address = fields.number();
    const bool parted = address && fields.take(',');
    const auto length = fields.number();
    if (!parted || !length || !fields.take(':')) {
        return bad_request;
    }
    std::vector<u8> bytes;
    if (binary) {
        bytes.assign(fields.rest().begin(), fields.rest().end());
    } else if (auto given = from_hex(fields.rest())) {
        bytes = *std::move(given);
    }
    if (bytes.size() != *length) {
        return bad_request;
    }
    return bytes.empty() || target_.write(space_, *address, bytes) ? ok : bad_memory;
}

// Stops -------------------------------------------------------------------------------------------

std::string Commands::change_stop(Fields fields, bool insert) {
    const auto type = fields.number();
    const bool parted = type && fields.take(',');
    const auto address = fields.number();
    const bool parted_again = address && fields.take(',');
    const auto kind = fields.number();
    if (!parted || !parted_again || !kind) {
        return bad_request;
    }
    if (!fields.at_end()) {
        return "";  // conditions and commands, which we do not announce
    }
    const auto change = [insert](auto& set, const auto& value) {
        if (insert) {
            set.insert(value);
        } else {
            set.erase(value);
        }
        return ok;
    };
    constexpr u64 watch_types = 2;
    if (*type < watch_types) {
        return change(*type == 0 ? stops_.software : stops_.hardware, *address);
    }
    constexpr Watch::Kind kinds[] = {Watch::Kind::Write, Watch::Kind::Read, Watch::Kind::Access};
    if (*type - watch_types >= std::size(kinds)) {
        return "";
    }
    const Watch watch{kinds[*type - watch_types], *address, *kind};
    if (*kind == 0 || *address + *kind < *address) {
        return bad_request;
    }
    if (insert && stops_.watches.size() >= target_.most_watches() &&
        !stops_.watches.contains(watch)) {
        return no_room;
    }
    return change(stops_.watches, watch);
}

// Running -----------------------------------------------------------------------------------------

/// `c` and `s`, from another address if there is one.
std::string Commands::resume_at(Fields fields, Motion motion) {
    if (fields.at_end()) {
        return resume(motion);
    }
    const auto address = fields.number();
    DebugRegisters registers = target_.registers();
    registers.rip = address.value_or(0);
    if (!address || !fields.at_end() || !target_.set_registers(registers)) {
        return bad_request;
    }
    return resume(motion);
}

/// vCont: the first action is ours, as there is one thread. Signals are the guest's own affair.
std::string Commands::resume_by_action(Fields fields) {
    const std::string_view action = fields.until(';').substr(0, 3);
    if (action.starts_with('c') || action.starts_with('C')) {
        return resume(Motion::Continue);
    }
    if (action.starts_with('s') || action.starts_with('S')) {
        return resume(Motion::Step);
    }
    return bad_request;
}

std::string Commands::resume(Motion motion) {
    const bool backward = motion == Motion::ReverseStep || motion == Motion::ReverseContinue;
    if (backward && !target_.no_reverse().empty()) {
        return "E.cannot run backward: " + target_.no_reverse();
    }
    const Halt halt = target_.resume(motion, stops_, debugger_);
    if (halt.kind == Halt::Kind::Failed) {
        return "E." + halt.message;
    }
    if (halt.kind == Halt::Kind::Ended) {
        state_ = State::Ended;
    }
    last_stop_ = stop_reply(halt);
    return last_stop_;
}

std::string Commands::stop_reply(const Halt& halt) const {
    const auto trap = [](const std::string& reason) { return "T05thread:01;" + reason; };
    switch (halt.kind) {
        case Halt::Kind::Interrupted:
            return "T02thread:01;";
        case Halt::Kind::Breakpoint: {
            const u64 address = target_.registers().linear_rip();
            const bool software = stops_.software.contains(address);
            return trap(!knows_breakpoint_reasons_ ? "" : software ? "swbreak:;" : "hwbreak:;");
        }
        case Halt::Kind::Watchpoint: {
            const char* const name = halt.watch.kind == Watch::Kind::Write  ? "watch"
                                     : halt.watch.kind == Watch::Kind::Read ? "rwatch"
                                                                            : "awatch";
            return trap(fmt::format("{}:{:x};", name, halt.watch.first));
        }
        case Halt::Kind::HistoryBegin:
            return trap("replaylog:begin;");
        case Halt::Kind::HistoryEnd:
            return trap("replaylog:end;");
        case Halt::Kind::Ended:
            return halt.by_failure ? "X06" : fmt::format("W{:02x}", halt.status);
        case Halt::Kind::Stepped:
        case Halt::Kind::Failed:
            break;
    }
    return trap("");
}

}  // namespace ringfence::lab::gdb
