// SPDX-License-Identifier: MIT
#include "lab/report/inventory_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "lab/report/numbers.h"
#include "lab/report/sha256.h"
#include "lab/report/text_table.h"

namespace ringfence::lab::report {

namespace {

using prove::InventoryPage;
using prove::InventoryWord;
using prove::ProcessInventory;
using prove::WordKind;
using Json = nlohmann::ordered_json;

std::string rights_of(const InventoryPage& page) {
    return fmt::format("r{}{}", page.writable ? 'w' : '-', page.executable ? 'x' : '-');
}

std::string text_summary(const InventoryPage& page) {
    constexpr usize most_named = 3;
    std::string text = fmt::format("{} functions", page.functions.size());
    const usize named = std::min(most_named, page.functions.size());
    for (usize i = 0; i < named; ++i) {
        text += (i == 0 ? ": " : ", ") + page.functions[i];
    }
    text += named < page.functions.size() ? ", ..." : "";
    return text + (page.bytes_changed == 0
                       ? "; as in the image"
                       : fmt::format("; {} bytes written at boot", page.bytes_changed));
}

std::string word_summary(const InventoryPage& page) {
    std::map<WordKind, usize> counts;
    for (const InventoryWord& word : page.words) {
        ++counts[word.kind];
    }
    std::string text;
    for (const auto& [kind, count] : counts) {
        text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, prove::name_of(kind),
                            count > 1 && kind != WordKind::Own ? " words" : "");
    }
    return text.empty() ? "zeroes" : text;
}

std::string summary(const InventoryPage& page) {
    if (page.part == nullptr) {
        return "NOT IN THE MANIFEST";
    }
    return page.part->content == audit::Content::Text ? text_summary(page) : word_summary(page);
}

std::string page_table(const ProcessInventory& process) {
    constexpr usize most_rows = 40;
    constexpr usize left_columns = 5;
    std::vector<std::vector<std::string>> rows{
        {"page", "rights", "part", "what lies there", "why it is mapped", "bytes in use"}};
    for (const InventoryPage& page : process.pages) {
        if (rows.size() > most_rows) {
            break;
        }
        rows.push_back({fmt::format("{:#x}", page.address.value()), rights_of(page),
                        page.part == nullptr ? "-" : page.part->name, summary(page),
                        page.part == nullptr ? "-" : page.part->reason,
                        page.part == nullptr ? grouped(page.bytes) : grouped(page.bytes_in_use)});
    }
    std::string text = text_table(rows, left_columns);
    if (process.pages.size() + 1 > rows.size()) {
        text += fmt::format("and {} more\n", process.pages.size() + 1 - rows.size());
    }
    return text;
}

std::string process_line(usize number, const ProcessInventory& process) {
    return fmt::format(
        "process {} (user root {:#x}, {} entries into user mode): {} bytes in {} pages, {} outside "
        "the manifest; {} addresses of the kernel, {} words unknown\n",
        number, process.root.value(), grouped(process.entries), grouped(process.bytes()),
        process.pages.size(), grouped(process.bytes_outside_manifest()),
        process.words_of(WordKind::Kernel), process.words_of(WordKind::Unknown));
}

Json json_of(const InventoryPage& page) {
    Json words = Json::array();
    for (const InventoryWord& word : page.words) {
        words.push_back(
            {{"offset", word.offset}, {"value", word.value}, {"kind", prove::name_of(word.kind)}});
    }
    return {{"address", page.address.value()},
            {"frame", page.frame.value()},
            {"bytes", page.bytes},
            {"rights", rights_of(page)},
            {"part", page.part == nullptr ? Json{} : Json(page.part->name)},
            {"reason", page.part == nullptr ? Json{} : Json(page.part->reason)},
            {"bytes_in_use", page.bytes_in_use},
            {"functions", page.functions},
            {"bytes_changed", page.bytes_changed},
            {"words", std::move(words)}};
}

Json json_of(const ProcessInventory& process) {
    Json pages = Json::array();
    for (const InventoryPage& page : process.pages) {
        pages.push_back(json_of(page));
    }
    return {{"root", process.root.value()},
            {"user_entries", process.entries},
            {"bytes", process.bytes()},
            {"bytes_outside_manifest", process.bytes_outside_manifest()},
            {"kernel_addresses", process.words_of(WordKind::Kernel)},
            {"pages", std::move(pages)}};
}

}  // namespace

std::string inventory_table(const Inventory& inventory) {
    std::string text = fmt::format("{} on {}, {}\n", inventory.program, inventory.setup.cpu,
                                   inventory.setup.label);
    for (usize i = 0; i < inventory.processes.size(); ++i) {
        const ProcessInventory& process = inventory.processes[i];
        text += process_line(i + 1, process);
        if (i == 0) {
            text += "\n" + page_table(process) + "\n";
        }
    }
    return text;
}

std::string inventory_json(std::string_view kernel, const std::vector<Inventory>& inventories) {
    Json runs = Json::array();
    for (const Inventory& inventory : inventories) {
        Json processes = Json::array();
        for (const ProcessInventory& process : inventory.processes) {
            processes.push_back(json_of(process));
        }
        runs.push_back({{"cpu", inventory.setup.cpu},
                        {"design", design_name(inventory.setup.design)},
                        {"pcid", inventory.setup.pcid},
                        {"program", inventory.program},
                        {"processes", std::move(processes)}});
    }
    const Json document = {{"schema", "ringfence.inventory/1"},
                           {"kernel_sha256", sha256(kernel)},
                           {"runs", std::move(runs)}};
    return document.dump(2) + "\n";
}

}  // namespace ringfence::lab::report
