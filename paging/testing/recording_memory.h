// SPDX-License-Identifier: MIT
// Memory for page tables that remembers every store, so that a test can look at each state that a
// table walker could have seen.
#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/compiler.h"
#include "paging/memory.h"

namespace ringfence::paging::testing {

/// The contents of the pages that hold tables; others may not be touched.
class TableImage {
public:
    template <typename Word>
    [[nodiscard]] Word read(PhysicalAddress entry) const {
        const auto page = pages_.find(entry.align_down(page_size).value());
        RF_ASSERT(page != pages_.end());
        Word word;
        std::memcpy(&word, page->second.data() + entry.offset_in(page_size), sizeof word);
        return word;
    }
    template <typename Word>
    void write(PhysicalAddress entry, Word word) {
        const auto page = pages_.find(entry.align_down(page_size).value());
        RF_ASSERT(page != pages_.end());
        std::memcpy(page->second.data() + entry.offset_in(page_size), &word, sizeof word);
    }
    void add_page(PhysicalAddress page) { pages_[page.value()] = {}; }
    void remove_page(PhysicalAddress page) { pages_.erase(page.value()); }
    [[nodiscard]] usize page_count() const { return pages_.size(); }
    bool operator==(const TableImage&) const = default;

private:
    std::unordered_map<u64, std::array<u8, page_size>> pages_;
};

/// One thing that happened to the memory.
struct Event {
    enum class Kind : u8 { Store, AddPage, RemovePage, BreakFlush };
    Kind kind;
    PhysicalAddress address;  ///< of the entry or the page
    u64 word = 0;             ///< stored
    unsigned word_bytes = 0;
    VirtualAddress flushed{};
    u64 flushed_bytes = 0;
};

/// Satisfies TableMemory for every format and BreaksBeforeMake. Reading a freed table asserts.
class RecordingMemory {
public:
    template <typename Word>
    [[nodiscard]] Word read(PhysicalAddress entry) const {
        return image_.read<Word>(entry);
    }
    template <typename Word>
    Word compare_exchange(PhysicalAddress entry, Word expected, Word desired) {
        if (before_exchange) {
            before_exchange(entry);
        }
        const Word seen = image_.read<Word>(entry);
        if (seen == expected) {
            image_.write(entry, desired);
            events_.push_back({Event::Kind::Store, entry, desired, sizeof(Word)});
        }
        return seen;
    }
    Result<PhysicalAddress, PagingError> allocate_table() {
        if (allocated_.size() == table_limit) {
            return Error{PagingError::OutOfTables};
        }
        const PhysicalAddress page{next_page_};
        next_page_ += page_size;
        image_.add_page(page);
        allocated_.insert(page);
        events_.push_back({Event::Kind::AddPage, page});
        return page;
    }
    void free_table(PhysicalAddress page) {
        RF_ASSERT(allocated_.erase(page) == 1);
        image_.remove_page(page);
        events_.push_back({Event::Kind::RemovePage, page});
    }
    void break_flush(VirtualAddress first, u64 bytes) {
        events_.push_back({Event::Kind::BreakFlush, {}, 0, 0, first, bytes});
    }

    /// A root, which is not counted as an allocated table.
    PhysicalAddress add_root() {
        const PhysicalAddress page{next_page_};
        next_page_ += page_size;
        image_.add_page(page);
        return page;
    }
    /// A store by somebody else (the hardware, or the test); it is not recorded.
    template <typename Word>
    void poke(PhysicalAddress entry, Word word) {
        image_.write(entry, word);
    }

    [[nodiscard]] const TableImage& image() const { return image_; }
    [[nodiscard]] usize tables() const { return allocated_.size(); }

    /// Forgets the events so far; replay() then starts from the present state.
    void start_recording() {
        events_.clear();
        start_ = image_;
    }
    [[nodiscard]] const std::vector<Event>& events() const { return events_; }
    [[nodiscard]] const TableImage& start() const { return start_; }

    /// Calls `visit(image, event)` with the state after each event in turn.
    template <typename Visit>
    void replay(Visit visit) const {
        TableImage image = start_;
        for (const Event& event : events_) {
            apply(image, event);
            visit(image, event);
        }
    }

    /// The most tables that may be allocated at a time.
    usize table_limit = ~usize{0};
    /// Called before each store, with the entry: the place for hardware to note an access.
    std::function<void(PhysicalAddress)> before_exchange;

private:
    static void apply(TableImage& image, const Event& event) {
        switch (event.kind) {
            case Event::Kind::AddPage:
                return image.add_page(event.address);
            case Event::Kind::RemovePage:
                return image.remove_page(event.address);
            case Event::Kind::Store:
                return event.word_bytes == 4
                           ? image.write(event.address, static_cast<u32>(event.word))
                           : image.write(event.address, event.word);
            case Event::Kind::BreakFlush:
                return;
        }
    }

    TableImage image_;
    TableImage start_;
    std::vector<Event> events_;
    std::set<PhysicalAddress> allocated_;
    u64 next_page_ = 0x10'0000;
};

}  // namespace ringfence::paging::testing
