// SPDX-License-Identifier: MIT
#include "audit/user_tables.h"

#include <algorithm>
#include <functional>

#include "arch/x86/pte_4level.h"
#include "paging/walker.h"

namespace ringfence::audit {

namespace {

using arch::x86::Pte4Level;
using Geometry = paging::Geometry<paging::X86FourLevel>;

constexpr u64 page_size = 4 * kib;
constexpr u64 usage = Pte4Level::accessed.mask | Pte4Level::dirty.mask;

PhysicalAddress entry_at(PhysicalAddress page, unsigned index) {
    return page + u64{index} * sizeof(u64);
}

VirtualAddress address_of(VirtualAddress base, unsigned level, unsigned index) {
    const u64 address = base.value() + index * Geometry::entry_span(level);
    return VirtualAddress{sign_extend(address, paging::X86FourLevel::address_bits)};
}

using Walker = paging::Walker<paging::X86FourLevel, TableReader>;

Translation from_leaf(const paging::Leaf& leaf) {
    return {.start = leaf.start,
            .frame = leaf.frame,
            .bytes = leaf.size,
            .user = leaf.attributes.user,
            .writable = leaf.attributes.writable,
            .executable = leaf.attributes.executable,
            .global = leaf.attributes.global};
}

}  // namespace

std::optional<Translation> UserTables::translate(PhysicalAddress root,
                                                 VirtualAddress address) const {
    const TableReader reader(memory_);
    const auto leaf = Walker(reader, root).find(address);
    if (!leaf.ok()) {
        return std::nullopt;
    }
    return from_leaf(leaf.value());
}

bool UserTables::has_table(PhysicalAddress root, VirtualAddress address, unsigned level) const {
    PhysicalAddress table = root;
    for (unsigned at = Format::levels; at >= level; --at) {
        const u64 entry = memory_.read(entry_at(table, Geometry::index(address, at)));
        if (!Format::present(entry) || Format::is_leaf(entry, at)) {
            return false;
        }
        table = Format::table(entry);
    }
    return true;
}

bool UserTables::watches(PhysicalAddress page) const {
    return past_.tables.contains(page.value()) || past_.kernel_roots.contains(page.value());
}

std::optional<StoreNote> UserTables::last_store(PhysicalAddress entry) const {
    const auto found = past_.notes.find(entry.value());
    return found == past_.notes.end() ? std::nullopt : std::optional{found->second};
}

void UserTables::go_on_from(const Past& past) {
    past_ = past;
    for (const auto& [page, table] : past_.tables) {
        memory_.watch(PhysicalAddress{page});
    }
    for (const auto& [page, user_root] : past_.kernel_roots) {
        memory_.watch(PhysicalAddress{page});
    }
}

void UserTables::note_store(PhysicalAddress first, u64 bytes, const StoreNote& note) {
    const PhysicalAddress page = first.align_down(page_size);
    if (const auto pair = past_.kernel_roots.find(page.value()); pair != past_.kernel_roots.end()) {
        past_.roots[pair->second].pair_stored_to = true;
        past_.notes[first.align_down(sizeof(u64)).value()] = note;
    }
    const auto found = past_.tables.find(page.value());
    if (found == past_.tables.end()) {
        return;
    }
    Table& table = found->second;
    for (u64 at = first.align_down(sizeof(u64)).value(); at < first.value() + bytes;
         at += sizeof(u64)) {
        past_.notes[at] = note;
    }
    const bool shared = table.owner.value() == 0;
    if (!shared && table.base.value() == 0 && table.level == Format::levels) {
        past_.roots[table.owner.value()].pair_stored_to = true;
    }
    (shared ? past_.shared_stored_to : past_.roots[table.owner.value()].stored_to)
        .insert(page.value());
    if (++table.stores <= most_stores) {
        return;
    }
    if (shared) {
        for (auto& [root, state] : past_.roots) {
            state.lost = true;
        }
    } else {
        past_.roots[table.owner.value()].lost = true;
    }
    (shared ? past_.shared_stored_to : past_.roots[table.owner.value()].stored_to)
        .erase(page.value());
    memory_.unwatch(page);
    past_.tables.erase(found);
}

UserTables::Look UserTables::look_at(PhysicalAddress root) {
    Look look;
    Root& state = past_.roots[root.value()];
    if (state.lost) {
        begin_anew(root);
        look.whole = true;
        look.kernel_half = true;  // what is gone from it is not known any more
        add(root, VirtualAddress{0}, Format::levels, paging::no_limit, root, look);
    }
    look_again(root, state.stored_to, look);
    look_again(root, past_.shared_stored_to, look);
    if (state.pair_stored_to) {
        state.pair_stored_to = false;
        judge_pair(root, look);
    }
    return look;
}

void UserTables::begin_anew(PhysicalAddress root) {
    std::erase_if(past_.tables, [&](const auto& entry) {
        const bool own = entry.second.owner == root;
        if (own) {
            memory_.unwatch(PhysicalAddress{entry.first});
        }
        return own;
    });
    Root& state = past_.roots[root.value()];
    state = {};
    state.lost = false;
    if (const auto kernel_root = manifest_.kernel_root_of(root)) {
        past_.kernel_roots[kernel_root->value()] = root.value();
        memory_.watch(*kernel_root);
    }
}

void UserTables::add(PhysicalAddress page, VirtualAddress base, unsigned level,
                     const paging::Attributes& limit, PhysicalAddress owner, Look& look) {
    if (!memory_.holds(page)) {
        return;  // reads as not present
    }
    const auto known = past_.tables.find(page.value());
    if (known != past_.tables.end() && known->second.base == base && known->second.level == level &&
        known->second.limit == limit) {
        Table& table = known->second;
        if (table.owner != owner && table.owner.value() != 0) {
            if (past_.roots[table.owner.value()].stored_to.erase(page.value()) != 0) {
                past_.shared_stored_to.insert(page.value());
            }
            table.owner = PhysicalAddress{};
        }
        return;
    }
    Table& table = past_.tables[page.value()];
    table = {.base = base, .level = level, .limit = limit, .owner = owner};
    memory_.watch(page);
    compare(page, table, owner, look);
}

/// Tables that the root does not reach: those of its own are none any more; shared ones may be
/// another root's.
void UserTables::look_again(PhysicalAddress root, std::unordered_set<u64>& pages, Look& look) {
    // From the root down, so that a table that is reached anew is not looked at by its old place.
    std::vector<std::pair<unsigned, u64>> order;
    for (const u64 page : pages) {
        const auto found = past_.tables.find(page);
        order.emplace_back(found == past_.tables.end() ? 0 : found->second.level, page);
    }
    std::ranges::sort(order, std::greater{});
    for (const auto& [level, page] : order) {
        const auto found = past_.tables.find(page);
        if (found == past_.tables.end()) {
            pages.erase(page);
            continue;
        }
        Table& table = found->second;
        if (reaches(root, table.base, table.level, PhysicalAddress{page})) {
            pages.erase(page);
            compare(PhysicalAddress{page}, table, root, look);
        } else if (table.owner == root) {
            pages.erase(page);
            memory_.unwatch(PhysicalAddress{page});
            past_.tables.erase(found);
        }
    }
}

bool UserTables::reaches(PhysicalAddress root, VirtualAddress base, unsigned level,
                         PhysicalAddress page) const {
    PhysicalAddress table = root;
    for (unsigned at = Format::levels; at > level; --at) {
        const u64 entry = memory_.read(entry_at(table, Geometry::index(base, at)));
        if (!Format::present(entry) || Format::is_leaf(entry, at)) {
            return false;
        }
        table = Format::table(entry);
    }
    return table == page;
}

void UserTables::compare(PhysicalAddress page, Table& table, PhysicalAddress root, Look& look) {
    table.stores = 0;
    for (unsigned i = 0; i < entry_count; ++i) {
        const u64 now = memory_.read(entry_at(page, i));
        const u64 before = table.seen[i];
        if (((now ^ before) & ~usage) == 0) {
            continue;
        }
        table.seen[i] = now;
        entry_changed(page, table, i, before, now, root, look);
        past_.notes.erase(entry_at(page, i).value());
    }
}

void UserTables::entry_changed(PhysicalAddress page, const Table& table, unsigned index,
                               u64 old_entry, u64 new_entry, PhysicalAddress root, Look& look) {
    const unsigned level = table.level;
    const VirtualAddress start = address_of(table.base, level, index);
    const VirtualAddress last = start + (Geometry::entry_span(level) - 1);
    look.kernel_half = look.kernel_half || last >= manifest_.kernel_start;
    if (Format::present(old_entry)) {
        if (Format::is_leaf(old_entry, level)) {
            look.changed.push_back({start, Geometry::entry_span(level)});
        } else {
            note_gone(Format::table(old_entry), level - 1, start, look);
        }
    }
    if (!Format::present(new_entry)) {
        return;
    }
    ++past_.entries_judged;
    if (Format::is_leaf(new_entry, level)) {
        judge_leaf(entry_at(page, index), table, start, new_entry, root, look);
        return;
    }
    const paging::Attributes limit = Format::table_limit(new_entry, level).limited_by(table.limit);
    const PhysicalAddress owner = table.owner.value() == 0 ? root : table.owner;
    add(Format::table(new_entry), start, level - 1, limit, owner, look);
}

/// All that a table mapped when it was last looked at. It may be something else by now.
void UserTables::note_gone(PhysicalAddress page, unsigned level, VirtualAddress base,
                           Look& look) const {
    const auto found = past_.tables.find(page.value());
    if (found == past_.tables.end() || found->second.base != base || found->second.level != level) {
        look.whole = true;
        return;
    }
    for (unsigned i = 0; i < entry_count; ++i) {
        const u64 entry = found->second.seen[i];
        if (!Format::present(entry)) {
            continue;
        }
        const VirtualAddress start = address_of(base, level, i);
        if (Format::is_leaf(entry, level)) {
            look.changed.push_back({start, Geometry::entry_span(level)});
        } else {
            note_gone(Format::table(entry), level - 1, start, look);
        }
    }
}

void UserTables::judge_leaf(PhysicalAddress entry_address, const Table& table, VirtualAddress start,
                            u64 entry, PhysicalAddress root, Look& look) {
    const Translation leaf = from_leaf(Walker::leaf_of(entry, table.level, start, table.limit));
    const auto report = [&](std::optional<Finding> finding) {
        if (finding) {
            finding->entry = entry_address;
            look.findings.push_back(*std::move(finding));
        }
    };
    report(judge(leaf, manifest_));
    report(judge_global(leaf, manifest_));
    const auto kernel_root = manifest_.kernel_root_of(root);
    if (!kernel_root || leaf.user || manifest_.find(start) == nullptr) {
        return;
    }
    const auto kernels = translate(*kernel_root, start);
    const bool same = kernels && kernels->frame + (start - kernels->start) == leaf.frame;
    if (!same) {
        look.findings.push_back(
            {.rule = Rule::SwitchCodeInBoth,
             .address = start,
             .bytes = leaf.bytes,
             .frame = leaf.frame,
             .entry = entry_address,
             .what = "the kernel's table " +
                     std::string(kernels ? "maps another page there" : "maps nothing there")});
    }
}

/// The user half at root level: the same, but for the execute-disable bit in the kernel's root.
void UserTables::judge_pair(PhysicalAddress root, Look& look) {
    const auto kernel_root = manifest_.kernel_root_of(root);
    if (!kernel_root) {
        return;
    }
    for (unsigned i = 0; i < user_entries; ++i) {
        const PhysicalAddress place = entry_at(*kernel_root, i);
        const u64 ours = memory_.read(entry_at(root, i)) & ~usage;
        const u64 kernels = memory_.read(place) & ~usage;
        const VirtualAddress start = address_of(VirtualAddress{0}, Format::levels, i);
        const auto report = [&](Rule rule, std::string what) {
            look.findings.push_back({.rule = rule,
                                     .address = start,
                                     .bytes = Geometry::entry_span(Format::levels),
                                     .frame = Pte4Level::address(kernels),
                                     .entry = place,
                                     .what = std::move(what)});
        };
        if (((ours ^ kernels) & ~Pte4Level::nx.mask) != 0) {
            report(Rule::MirroredUserHalf, "the kernel's root has another entry than the user's");
        } else if (Format::present(kernels) && !Pte4Level::nx.test(kernels)) {
            report(Rule::PoisonedUserHalf, "the kernel could execute what user mode put there");
        }
    }
}

}  // namespace ringfence::audit
