// SPDX-License-Identifier: MIT
// Any bytes as page tables: every access through the TLBs does what a walk does that remembers
// nothing, where software has flushed as it must; and where the walker reaches a page, the kernel's
// page-table library, which was written apart from it, says the same one.
#include <array>
#include <optional>

#include "arch/x86/pte_4level.h"
#include "paging/formats/x86_2level.h"
#include "paging/formats/x86_4level.h"
#include "paging/formats/x86_pae.h"
#include "paging/walker.h"
#include "sim/mmu/mmu.h"
#include "sim/state/reader.h"
#include "sim/state/writer.h"
#include "tests/fuzz/input.h"

namespace ringfence::fuzz {
namespace {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::Pte4Level;
using sim::mmu::AccessKind;
using sim::mmu::Mmu;
using sim::mmu::PagingMode;
using sim::mmu::Privilege;

constexpr u64 ram_bytes = 1 * mib;
constexpr u64 page = 4 * kib;
/// All tables, of whatever level: any entry may name any of them, or a frame behind them.
constexpr u64 tables = 0x1'0000;
constexpr u64 table_count = 8;
constexpr u64 frames = tables + table_count * page;
constexpr u64 frame_count = 8;
constexpr u64 entries_used = 4;  ///< per table: the first two and the last two
constexpr unsigned most_steps = 64;

/// What lives on from one input to the next.
struct World {
    World() : reset(sim::state::fields_of(mmu)) {}
    void begin() {
        sim::state::Reader reader{reset};
        mmu.visit_state(reader);
        require(reader.ok(), reader.error());
        std::memset(memory.host(PhysicalAddress{tables}), 0, (table_count + frame_count) * page);
    }

    sim::memory::PhysicalMemory memory = [] {
        auto created = sim::memory::PhysicalMemory::create(ram_bytes);
        RF_ASSERT(created.ok());
        return std::move(created).value();
    }();
    sim::observe::Recorder recorder;
    sim::mmu::PagingFeatures features{};
    Mmu mmu{memory, recorder, features};
    std::vector<u8> reset;
};

/// As the page-table library wants memory.
class TableReader {
public:
    explicit TableReader(sim::memory::PhysicalMemory& memory) : memory_(memory) {}
    template <typename Word>
    [[nodiscard]] Word read(PhysicalAddress where) const {
        return memory_.read<Word>(where);
    }

private:
    sim::memory::PhysicalMemory& memory_;
};

class Bed {
public:
    Bed(World& world, Input& input)
        : input_(input),
          memory_(world.memory),
          mmu_(world.mmu),
          reference_(memory_, world.features) {
        world.begin();
    }

    void run();

private:
    [[nodiscard]] bool wide() const { return mode_ != PagingMode::TwoLevel; }
    void fill_tables();
    void start_paging();
    u64 take_entry();
    VirtualAddress take_address();
    void write_entry();
    void flush_all();
    void change_register();
    void invalidate();
    void access();
    void compare_with_library(VirtualAddress address, PhysicalAddress where);

    Input& input_;
    sim::memory::PhysicalMemory& memory_;
    Mmu& mmu_;
    sim::mmu::Walker reference_;
    PagingMode mode_ = PagingMode::FourLevel;
    u64 root_ = tables;
    bool flushed_ = true;   ///< software did what it must since the last change of a table
    bool reloaded_ = true;  ///< PAE's PDPTEs are what the table holds
};

u64 Bed::take_entry() {
    const u8 where = input_.take<u8>();
    const u16 bits = input_.take<u16>();
    constexpr u64 places = table_count + frame_count;
    constexpr u8 far_away = 0xf0;  // to what no RAM or no such address is at
    u64 entry = tables + where % places * page;
    if (where >= far_away) {
        entry |= bit(where % 16 + 20);
    }
    entry |= bits & low_mask(9);
    entry |= Pte4Level::nx.make(bits >> 9);
    entry |= Pte4Level::protection_key.make(bits >> 10);
    const bool odd = (bits >> 14) == 3;  // any bit, reserved ones among them
    return odd ? entry ^ bit(input_.choose(64)) : entry;
}

void Bed::fill_tables() {
    const u64 all = Pte4Level::present.mask | Pte4Level::writable.mask | Pte4Level::user.mask;
    // A way down to frames that the input has not to find.
    for (u64 table = 0; table + 1 < table_count; ++table) {
        memory_.write(PhysicalAddress{tables + table * page}, tables + (table + 1) * page + all);
    }
}

void Bed::start_paging() {
    constexpr PagingMode modes[] = {PagingMode::FourLevel, PagingMode::Pae, PagingMode::TwoLevel,
                                    PagingMode::FourLevel};
    mode_ = input_.choose_from(modes);
    if (mode_ == PagingMode::Pae) {
        // PDPTEs have no rights.
        memory_.write(PhysicalAddress{root_}, (tables + page) | Pte4Level::present.mask);
    }
    const bool is_long = mode_ == PagingMode::FourLevel;
    mmu_.write_efer(Efer::nxe.mask | (is_long ? Efer::lme.mask : 0));
    const u64 format = wide() ? Cr4::pae.mask : Cr4::pse.mask;
    bool ok = mmu_.write_cr4(format | Cr4::pge.mask).ok();
    ok = ok && mmu_.write_cr3(root_).ok();
    ok = ok && mmu_.write_cr0(Cr0::pe.mask | Cr0::pg.mask).ok();
    if (is_long) {
        ok = ok && mmu_.write_cr4(mmu_.cr4() | Cr4::pcide.mask).ok();
    }
    require(ok, "a start state that is refused");
}

VirtualAddress Bed::take_address() {
    // Two bits for each level's index: the first two entries and the last two.
    const u8 indexes = input_.take<u8>();
    const u64 offset = input_.take<u8>() * 16;
    const unsigned index_bits = wide() ? 9 : 10;
    u64 address = offset;
    for (unsigned level = 0; level < 4; ++level) {
        const u64 choice = indexes >> (2 * level) & 3;
        const u64 last = low_mask(index_bits);
        const u64 index = choice < 2 ? choice : last - (choice - 2);
        address |= index << (12 + index_bits * level);
    }
    constexpr unsigned long_bits = 48;
    return VirtualAddress{mode_ == PagingMode::FourLevel ? sign_extend(address, long_bits)
                                                         : static_cast<u32>(address)};
}

void Bed::write_entry() {
    const u64 table = tables + input_.choose(table_count) * page;
    const unsigned slot = input_.choose(entries_used);
    const u64 entry = take_entry();
    if (wide()) {
        const u64 last = page / sizeof(u64) - 1;
        const u64 index = slot < 2 ? slot : last - (slot - 2);
        memory_.write(PhysicalAddress{table + index * sizeof(u64)}, entry);
    } else {
        const u64 last = page / sizeof(u32) - 1;
        const u64 index = slot < 2 ? slot : last - (slot - 2);
        memory_.write(PhysicalAddress{table + index * sizeof(u32)}, static_cast<u32>(entry));
    }
    const bool lazy = input_.take<u8>() % 8 == 0;
    if (lazy) {
        flushed_ = false;
    } else {
        flush_all();
    }
}

/// What software may do after any change. PAE's PDPTEs are loaded again, or refused and kept.
void Bed::flush_all() {
    reloaded_ = mmu_.write_cr3(mmu_.cr3()).ok();
    if (input_.take<u8>() % 2 == 0) {
        mmu_.invpcid(sim::mmu::InvpcidType::AllWithGlobals, 0, {});
    } else {
        const bool toggled = mmu_.write_cr4(mmu_.cr4() ^ Cr4::pge.mask).ok() &&
                             mmu_.write_cr4(mmu_.cr4() ^ Cr4::pge.mask).ok();
        require(toggled || mode_ == PagingMode::Pae, "CR4.PGE cannot change");
        if (!toggled) {
            mmu_.invpcid(sim::mmu::InvpcidType::AllWithGlobals, 0, {});
        }
    }
    require(reloaded_ || mode_ == PagingMode::Pae, "CR3 was refused");
    flushed_ = true;
}

void Bed::change_register() {
    constexpr u64 cr4_bits[] = {Cr4::smep.mask, Cr4::smap.mask, Cr4::pke.mask};
    switch (input_.choose(4)) {
        case 0:
            require(mmu_.write_cr0(mmu_.cr0() ^ Cr0::wp.mask).ok(), "CR0.WP cannot change");
            return;
        case 1: {
            // A change of SMEP loads PAE's PDPTEs. [intel/vol3]: 4.4.1
            const bool ok = mmu_.write_cr4(mmu_.cr4() ^ input_.choose_from(cr4_bits)).ok();
            require(ok || mode_ == PagingMode::Pae, "CR4 was refused");
            return;
        }
        case 2:
            mmu_.write_pkru(input_.take<u32>());
            return;
        default: {
            constexpr u64 no_flush = u64{1} << 63;
            const u64 pcid = mmu_.state().pcids() ? input_.take<u16>() & 3 : 0;
            const bool keep = mmu_.state().pcids() && input_.take<u8>() % 2 == 0;
            // One set of tables for all: what is flushed for one must be for all.
            const bool ok = mmu_.write_cr3(root_ | pcid | (keep ? no_flush : 0)).ok();
            require(ok || mode_ == PagingMode::Pae, "CR3 was refused");
            return;
        }
    }
}

/// Forgetting more than must be changes nothing.
void Bed::invalidate() {
    const VirtualAddress address = take_address();
    if (input_.take<u8>() % 2 == 0) {
        mmu_.invlpg(address);
    } else {
        const auto type = static_cast<sim::mmu::InvpcidType>(input_.choose(4));
        mmu_.invpcid(type, input_.take<u16>() & 3, address);
    }
}

void Bed::access() {
    const VirtualAddress address = take_address();
    const u8 how = input_.take<u8>();
    const auto kind = static_cast<AccessKind>(how % 3);
    const auto privilege = static_cast<Privilege>(how / 3 % 3);
    mmu_.set_privilege(privilege == Privilege::User ? 3 : 0, privilege == Privilege::SupervisorAc);
    const u64 written = ~address.value();
    u64 value = 0;
    std::optional<PhysicalAddress> fetched;
    bool ok = false;
    switch (kind) {
        case AccessKind::Read:
            ok = mmu_.read(address, value);
            break;
        case AccessKind::Write:
            // Not to what may be a table.
            ok = mmu_.probe_write(address, sizeof(u64));
            break;
        case AccessKind::Execute: {
            const auto where = mmu_.translate_execute(address);
            ok = where.ok();
            fetched = ok ? std::optional{where.value()} : std::nullopt;
            break;
        }
    }
    if (!flushed_) {
        return;
    }
    const auto expected = reference_.walk(mmu_.state(), address, kind, privilege);
    require(ok == expected.ok(), "an access and its walk differ");
    if (!ok) {
        require(kind == AccessKind::Execute || mmu_.fault() == expected.error(),
                "an access faults otherwise than its walk");
        return;
    }
    const PhysicalAddress where = expected.value().page + address.offset_in(page);
    if (kind == AccessKind::Read) {
        require(value == memory_.read<u64>(where), "a read from another place");
    } else if (kind == AccessKind::Execute) {
        require(fetched == where, "a fetch from another place");
    } else if (where.value() >= frames && memory_.is_ram(where)) {
        require(mmu_.write(address, written) && memory_.read<u64>(where) == written,
                "a write to another place");
    }
    compare_with_library(address, where);
}

void Bed::compare_with_library(VirtualAddress address, PhysicalAddress where) {
    const auto compare = [&]<typename Format>(const Format&, u64 root) {
        const TableReader reader{memory_};
        const paging::Walker<Format, TableReader> walker{reader, PhysicalAddress{root}};
        const auto leaf = walker.find(address);
        require(leaf.ok() && leaf.value().translate(address) == where,
                "the page-table library finds another place");
    };
    switch (mode_) {
        case PagingMode::TwoLevel:
            compare(paging::X86TwoLevel{}, root_);
            return;
        case PagingMode::Pae:
            if (reloaded_) {
                compare(paging::X86Pae{}, root_);
            }
            return;
        default:
            compare(paging::X86LongFormat<4>{}, root_);
            return;
    }
}

void Bed::run() {
    fill_tables();
    start_paging();
    for (unsigned step = 0; step < most_steps && !input_.empty(); ++step) {
        switch (input_.choose(8)) {
            case 0:
            case 1:
            case 2:
                write_entry();
                break;
            case 3:
                change_register();
                break;
            case 4:
                invalidate();
                break;
            default:
                access();
                break;
        }
    }
}

}  // namespace
}  // namespace ringfence::fuzz

extern "C" int LLVMFuzzerTestOneInput(const ringfence::u8* data, ringfence::usize size) {
    static ringfence::fuzz::World world;
    ringfence::fuzz::Input input{{data, size}};
    ringfence::fuzz::Bed{world, input}.run();
    return 0;
}
