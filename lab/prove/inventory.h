// SPDX-License-Identifier: MIT
// Every byte of the kernel that a program could read transiently: the supervisor pages of its user
// table and what was in them when it last began to run, with the reason for each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "audit/manifest.h"
#include "lab/machine/backend.h"
#include "lab/machine/kernel_image.h"
#include "sim/machine/machine.h"
#include "sim/observe/observer.h"

namespace ringfence::lab::prove {

/// What an aligned word of a data page tells an attacker.
enum class WordKind : u8 {
    Small,       ///< a selector, a vector, flags, an error code
    Descriptor,  ///< of the GDT, the IDT or the TSS
    Manifest,    ///< an address in the manifest
    Own,         ///< what the program itself holds in a register, or an address of its half
    Kernel,      ///< an address that the kernel's root maps, outside the manifest
    Unknown,
};
inline constexpr usize word_kind_count = 6;
[[nodiscard]] std::string_view name_of(WordKind kind);

struct InventoryWord {
    u64 offset;  ///< in its page
    u64 value;
    WordKind kind;
};

struct InventoryPage {
    VirtualAddress address;
    PhysicalAddress frame;
    u64 bytes = 0;
    bool writable = false;
    bool executable = false;
    const audit::Part* part = nullptr;   ///< null: the manifest does not list it
    u64 bytes_in_use = 0;                ///< that are not zero
    std::vector<std::string> functions;  ///< of text
    u64 bytes_changed = 0;               ///< of text, against the image
    std::vector<InventoryWord> words;    ///< of data, those that are not zero
};

struct ProcessInventory {
    PhysicalAddress root;
    u64 entries = 0;  ///< into user mode
    std::vector<InventoryPage> pages;

    [[nodiscard]] u64 bytes() const;
    [[nodiscard]] u64 bytes_outside_manifest() const;
    [[nodiscard]] u64 words_of(WordKind kind) const;
};

/// Looks at each user root whenever user mode begins to run on it. The manifest and the kernel
/// outlive it.
class InventoryTaker final : public sim::observe::Observer, public machine::Spectator {
public:
    InventoryTaker(const audit::Manifest& manifest, const machine::KernelImage& kernel)
        : manifest_(manifest), kernel_(kernel) {}
    /// Before the machine runs; it outlives `inventories`.
    void attach(sim::machine::Machine& machine) override { machine_ = &machine; }
    [[nodiscard]] sim::observe::Observer& observer() override { return *this; }

    void user_entered(VirtualAddress target) override;

    /// Of each root, in the order in which they were first used.
    [[nodiscard]] std::vector<ProcessInventory> inventories() const;

private:
    /// What was there at the last entry, as it is.
    struct RawPage {
        InventoryPage page;
        std::vector<u8> content;
    };
    struct Raw {
        usize order = 0;
        u64 entries = 0;
        std::vector<RawPage> pages;
        std::vector<u64> registers;
        std::vector<u64> kernel_addresses;  ///< words that the kernel's root maps
    };
    void note_kernel_addresses(Raw& raw, PhysicalAddress root) const;
    void describe_text(InventoryPage& page, const std::vector<u8>& content) const;
    void describe_data(InventoryPage& page, const std::vector<u8>& content, const Raw& raw) const;
    [[nodiscard]] WordKind kind_of(u64 value, const InventoryPage& page, const Raw& raw) const;

    const audit::Manifest& manifest_;
    const machine::KernelImage& kernel_;
    sim::machine::Machine* machine_ = nullptr;
    std::map<u64, Raw> taken_;  ///< by root
};

}  // namespace ringfence::lab::prove
