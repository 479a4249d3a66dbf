// SPDX-License-Identifier: MIT
#include "kernel/core/terminal/devpts.h"

#include "kernel/core/fs/devices.h"
#include "kernel/core/fs/proc_nodes.h"
#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"
#include "kernel/core/terminal/terminal_file.h"

namespace ringfence::kernel {

namespace {

constexpr u64 directory_number = 1;
constexpr u64 multiplexer_number = 2;
constexpr u64 first_number = 3;  ///< the inode of pseudo-terminal 0
constexpr u32 directory_permissions = 0755;
constexpr u32 terminal_permissions = 0620;  // the mount's mode=620: others may write to it,
constexpr u32 terminal_group = 5;           // and gid=5: if they are in the group tty

/// Ascending by number. Those whose master is closed are there as long as anybody has them open, so
/// that no number is used twice.
using PseudoTerminals = IntrusiveList<PseudoTerminal, &PseudoTerminal::hook>;
PseudoTerminals& all() {
    static PseudoTerminals list;
    return list;
}

u64 limit = 4096;

/// Holds the terminal, and the terminal holds it until its master is closed.
class TerminalNode final : public Inode {
public:
    TerminalNode(const Metadata& metadata, Ref<PseudoTerminal> terminal)
        : Inode(metadata), terminal_(std::move(terminal)) {}
    Fallible<Ref<OpenFile>> open(const OpenFlags& flags) override {
        return open_terminal(this, flags, terminal_);
    }

private:
    Ref<PseudoTerminal> terminal_;
};

Metadata device_metadata(u64 number, u32 permissions, DeviceNumber device) {
    Metadata metadata =
        proc_metadata(FileType::CharacterDevice, permissions, number, devpts_device);
    metadata.device = device;
    return metadata;
}

class DevptsDirectory final : public ProcDirectory {
public:
    explicit DevptsDirectory(Ref<Inode> parent)
        : ProcDirectory(directory_number, std::move(parent), devpts_device),
          multiplexer_(
              make_ref<DeviceInode>(device_metadata(multiplexer_number, 0, multiplexer_device))) {
        metadata().permissions = directory_permissions;
    }

protected:
    bool child_from(u64& key, Child& child) override {
        if (key == 0) {
            child = {"ptmx", FileType::CharacterDevice, multiplexer_number};
            return true;
        }
        for (const PseudoTerminal& terminal : all()) {
            if (terminal.number() + 1 >= key && terminal.node()) {
                key = terminal.number() + 1;
                child = {String().append_decimal(terminal.number()), FileType::CharacterDevice,
                         first_number + terminal.number()};
                return true;
            }
        }
        return false;
    }
    Ref<Inode> make_child(std::string_view name) override {
        if (name == "ptmx") {
            return multiplexer_;
        }
        const auto wanted = parse_decimal(name);
        for (const PseudoTerminal& terminal : all()) {
            if (terminal.number() == wanted) {
                return terminal.node();
            }
        }
        return nullptr;
    }

private:
    Ref<Inode> multiplexer_;
};

}  // namespace

Ref<Inode> make_devpts(Ref<Inode> parent) {
    return make_ref<DevptsDirectory>(std::move(parent));
}

Fallible<Ref<PseudoTerminal>> add_pseudo_terminal() {
    if (pseudo_terminal_count() >= limit) {
        return Error{Errno::Enospc};
    }
    u32 number = 0;
    PseudoTerminal* next = nullptr;
    for (PseudoTerminal& terminal : all()) {
        if (terminal.number() != number) {
            next = &terminal;
            break;
        }
        ++number;
    }
    // More than a frame: there may be many free ones, and no two of them side by side.
    Ref<PseudoTerminal> made(new (std::nothrow) PseudoTerminal(number));
    if (!made) {
        return Error{Errno::Enomem};
    }
    if (next != nullptr) {
        all().insert_before(*next, *made);
    } else {
        all().push_back(*made);
    }
    Metadata metadata =
        device_metadata(first_number + number, terminal_permissions, made->device());
    metadata.owner = current_process().credentials.user.effective;
    metadata.group = terminal_group;
    made->set_node(make_ref<TerminalNode>(metadata, made));
    return made;
}

u64 pseudo_terminal_count() {
    return Counted<PseudoTerminal>::live();
}

u64 most_pseudo_terminals() {
    return limit;
}

void set_most_pseudo_terminals(u64 wanted) {
    limit = wanted;
}

}  // namespace ringfence::kernel
