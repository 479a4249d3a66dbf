// SPDX-License-Identifier: MIT
// A process's user table as text: every supervisor page that it really holds, and the manifest in
// the same words, so that a test on the host can compare the two byte for byte.
#include <algorithm>

#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/manifest.h"
#include "kernel/arch/x86_64/mutation.h"
#include "kernel/arch/x86_64/table_memory.h"
#include "kernel/core/log/log.h"
#include "kernel_arch/address_space.h"
#include "kernel_arch/serial.h"

namespace ringfence::kernel::arch {

namespace {

constexpr VirtualAddress user_half_last{(u64{1} << 47) - 1};

/// Collects lines and sends them as records.
class Report {
public:
    ~Report() { flush(); }

    void line(std::string_view owner, VirtualAddress start, PhysicalAddress frame, u64 size,
              const paging::Attributes& attributes, std::string_view name) {
        char text[160];
        const auto written =
            format_to(text, "{} {} {} {} {}{}{}{} {} {}\n", owner, start, frame, size, "r",
                      attributes.writable ? "w" : "-", attributes.executable ? "x" : "-",
                      attributes.user ? "u" : "s", attributes.global ? "global" : "local", name);
        if (used_ + written.size() > sizeof(buffer_)) {
            flush();
        }
        std::copy(written.begin(), written.end(), buffer_ + used_);
        used_ += written.size();
    }

private:
    void flush() {
        if (used_ > 0) {
            send_record(abi::control::Record::UserTables,
                        {reinterpret_cast<const u8*>(buffer_), used_});
        }
        used_ = 0;
    }

    char buffer_[2048];
    usize used_ = 0;
};

/// `Piece` is a paging::Leaf or a paging::Run.
template <typename Piece>
void report_piece(Report& report, std::string_view owner, const Piece& piece) {
    if (!piece.attributes.user) {
        const auto name = name_in_manifest(piece.start, piece.attributes.writable);
        report.line(owner, piece.start, piece.frame, piece.size, piece.attributes,
                    name.empty() ? "unlisted" : name);
    }
}

/// The manifest, page by page, as a table of 4 KiB pages would hold it.
void report_manifest(Report& report) {
    for (const auto& entry : manifest()) {
        for (u64 offset = 0; offset < entry.size; offset += page_size) {
            report.line("manifest", entry.start + offset, entry.frame + offset, page_size,
                        entry.attributes, entry.name);
        }
    }
}

}  // namespace

AddressSpace::Exposure AddressSpace::exposure() const {
    Exposure result;
    const paging::Span kernel_half{kernel_half_start, VirtualAddress{~u64{0}}};
    KernelWalker(table_memory, user_root_)
        .for_each_leaf(kernel_half, [&](const paging::Leaf& leaf) {
            if (!leaf.attributes.user) {
                result.supervisor_bytes += leaf.size;
                const bool is_listed =
                    !name_in_manifest(leaf.start, leaf.attributes.writable).empty() ||
                    mutated(Mutation::EffectiveNotLookedUp);
                result.outside_manifest += is_listed ? 0 : leaf.size;
            }
        });
    return result;
}

void AddressSpace::send_user_table(u32 process) const {
    char digits[16];
    const auto owner = format_to(digits, "{}", process);
    Report report;
    report_manifest(report);
    const KernelWalker walker(table_memory, user_root_);
    const auto visit = [&](const auto& piece) { report_piece(report, owner, piece); };
    const paging::Span halves[] = {{VirtualAddress{0}, user_half_last},
                                   {kernel_half_start, VirtualAddress{~u64{0}}}};
    for (const auto& half : halves) {
        if (design_ == Design::Isolated) {
            walker.for_each_leaf(half, visit);
        } else {
            walker.for_each_run(half, visit);  // all of the kernel: too much to list by page
        }
    }
}

}  // namespace ringfence::kernel::arch
