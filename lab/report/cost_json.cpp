// SPDX-License-Identifier: MIT
#include "lab/report/cost_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "lab/report/cost_rows.h"

namespace ringfence::lab::report {

using Json = nlohmann::ordered_json;

Json stack_json(const sim::observe::CostStack& stack) {
    Json object = Json::object();
    for (const CostRow& row : cost_rows(stack)) {
        object[std::string(row.key)] = row.cycles;
    }
    return object;
}

Json stack_by_place_json(const sim::observe::CostStack& stack) {
    constexpr std::array places{"user", "entry", "kernel", "exit"};
    constexpr std::array causes{
        "base",       "front_end",  "mispredict",      "instruction_tlb", "data_tlb", "data_cache",
        "root_write", "transition", "tlb_maintenance", "serialization",   "idle"};
    static_assert(places.size() == sim::observe::place_count &&
                  causes.size() == sim::observe::cause_count);
    Json object = Json::object();
    for (usize place = 0; place < places.size(); ++place) {
        for (usize cause = 0; cause < causes.size(); ++cause) {
            object[places[place]][causes[cause]] = stack.cycles[place][cause];
        }
    }
    return object;
}

}  // namespace ringfence::lab::report
