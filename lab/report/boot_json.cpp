// SPDX-License-Identifier: MIT
#include "lab/report/boot_json.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "lab/machine/bytes.h"
#include "lab/report/cost_json.h"
#include "lab/report/sha256.h"

namespace ringfence::lab::report {

namespace {

using Json = nlohmann::ordered_json;
using sim::machine::boot::Protocol;
using sim::observe::Counters;

std::string_view protocol_name(Protocol protocol) {
    switch (protocol) {
        case Protocol::Pvh:
            return "pvh";
        case Protocol::Multiboot:
            return "multiboot";
        case Protocol::LinuxElf:
            return "elf";
        case Protocol::BzImage:
            return "bzimage";
    }
    return {};
}

std::string digest_of(std::span<const u8> bytes) {
    return sha256({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Json inputs_of(const boot::BootRequest& request, const boot::BootResult& result) {
    Json inputs;
    if (request.loaded != nullptr) {
        inputs["snapshot_hash"] = fmt::format("{:016x}", request.loaded->snapshot->content_hash());
        inputs["program_sha256"] = request.program ? Json(sha256(*request.program)) : Json();
    } else {
        inputs["kernel_sha256"] = sha256(request.kernel->bytes);
        inputs["boot"] = protocol_name(request.kernel->protocol);
    }
    inputs["command_line"] = request.command_line;
    inputs["memory_mib"] = request.memory_mib;
    if (request.loaded == nullptr) {
        inputs["modules_sha256"] = Json::array();
        for (const auto& module : request.modules) {
            inputs["modules_sha256"].push_back(digest_of(module.content));
        }
        inputs["hidden_features"] = request.hidden_features;
        inputs["mp_table"] = request.board.mp_table;
        inputs["test_device"] = request.board.test_device;
        inputs["seed"] = request.seed;
    }
    inputs["console_input_sha256"] = result.input_sha256;
    return inputs;
}

Json counters_of(const Counters& counters) {
    constexpr std::array places{"user", "entry", "kernel", "exit"};
    constexpr std::array kinds{"syscall", "interrupt", "page_fault", "other_exception"};
    static_assert(places.size() == sim::observe::place_count &&
                  kinds.size() == sim::observe::entry_kind_count);
    Json object;
    for (usize i = 0; i < places.size(); ++i) {
        object["instructions"][places[i]] = counters.instructions[i];
    }
    for (usize i = 0; i < kinds.size(); ++i) {
        object["entries"][kinds[i]] = counters.entries[i];
    }
    object["root_writes"] = counters.root_writes;
    object["root_writes_no_flush"] = counters.root_writes_no_flush;
    object["invlpg"] = counters.invlpg;
    object["invpcid"] = counters.invpcid;
    object["tlb_flushes"] = counters.tlb_flushes;
    object["transactions"] = counters.transactions;
    object["transaction_aborts"] = counters.transaction_aborts;
    return object;
}

void put_timed(Json& document, const sim::machine::TimedCounts& timed) {
    document["tlb_misses"]["instruction"] = timed.instruction_tlb_misses;
    document["tlb_misses"]["data"] = timed.data_tlb_misses;
    document["branches"] = timed.branches;
    document["mispredictions"] = timed.mispredictions;
    document["stack"] = stack_json(timed.stack);
    document["stack_by_place"] = stack_by_place_json(timed.stack);
}

Json end_of(const BootReport& report) {
    Json end;
    end["reason"] = report.verdict.reason;
    if (report.result.end.reason == sim::machine::MachineEnd::Reason::DebugExit) {
        end["code"] = report.result.end.exit_code;
    }
    if (!report.verdict.message.empty()) {
        end["message"] = report.verdict.message;
    }
    if (!report.result.last.empty()) {
        end["last_instructions"] = report.result.last;
    }
    return end;
}

}  // namespace

std::string boot_json(const BootReport& report) {
    const boot::BootResult& result = report.result;
    Json document;
    document["schema"] = "ringfence.boot/1";
    document["cpu"] = report.request.cpu.name();
    document["mode"] = report.request.timed ? "timed" : "fast";
    document["what_if"] = report.what_if;
    document["inputs"] = inputs_of(report.request, result);
    document["instructions"] = result.counters.total_instructions();
    document["cycles"] = result.cycles;
    document["seconds"] =
        static_cast<double>(result.cycles) / static_cast<double>(report.request.cpu.clock_hz());
    document["console_sha256"] = result.console.sha256();
    document["console_bytes"] = result.console.bytes();
    document["exit"] = report.verdict.exit_status;
    document["end"] = end_of(report);
    document["counters"] = counters_of(result.counters);
    if (result.timed) {
        put_timed(document, *result.timed);
    }
    document["unimplemented"] = Json::array();
    for (const auto& row : result.unimplemented) {
        document["unimplemented"].push_back(
            {{"instruction", row.instruction}, {"bytes", row.bytes}, {"count", row.count}});
    }
    constexpr int indent = 2;
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ringfence::lab::report
