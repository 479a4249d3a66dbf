// SPDX-License-Identifier: MIT
// /proc/locks: who holds advisory locks, and who waits for them. [linux/abi]: proc(5)
#include "kernel/core/fs/file_locks.h"
#include "kernel/core/fs/file_table.h"
#include "kernel/core/fs/proc_nodes.h"

namespace ringfence::kernel {

namespace {

std::string_view name_of(LockKind kind) {
    switch (kind) {
        case LockKind::Process:
            return "POSIX ";
        case LockKind::OpenFile:
            return "OFDLCK";
        case LockKind::WholeFile:
            break;
    }
    return "FLOCK ";
}

void append_hex_pair(String& text, u64 value) {
    constexpr usize width = 2;
    text.append_hex(value, width).append(':');
}

void append_lock(String& text, const FileLock& lock, const Metadata& file) {
    text.append(name_of(lock.kind)).append(" ADVISORY  ");
    text.append(lock.type == LockType::Exclusive ? "WRITE " : "READ ");
    text.append_signed(lock.process).append(' ');
    append_hex_pair(text, file.file_system.major);
    append_hex_pair(text, file.file_system.minor);
    text.append_decimal(file.number).append(' ');
    text.append_decimal(lock.first).append(' ');
    if (lock.last == FileLock::no_end) {
        text.append("EOF\n");
    } else {
        text.append_decimal(lock.last).append('\n');
    }
}

}  // namespace

void append_descriptor_locks(String& text, const OpenFile& file, const FileTable& table) {
    const FileLocks* const locks = file.inode().locks();
    if (locks == nullptr) {
        return;
    }
    for (const FileLock& held : locks->held()) {
        if (held.owner == &file || held.owner == &table) {
            text.append("lock:\t1: ");
            append_lock(text, held, locks->file());
        }
    }
}

Fallible<String> locks_text(u32) {
    constexpr u64 most_lines = 8192;  // a text is made as a whole
    String text;
    u64 number = 0;
    for (const FileLocks& locks : all_file_locks()) {
        for (const FileLock& held : locks.held()) {
            if (++number > most_lines) {
                return Error{Errno::Enomem};
            }
            text.append_decimal(number).append(": ");
            append_lock(text, held, locks.file());
            locks.for_each_waiting(held, [&](const FileLock& wanted) {
                text.append_decimal(number).append(": -> ");
                append_lock(text, wanted, locks.file());
            });
        }
    }
    return text;
}

}  // namespace ringfence::kernel
