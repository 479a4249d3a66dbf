// SPDX-License-Identifier: MIT
#include "kernel/core/fs/devices.h"

#include <algorithm>
#include <cstring>

#include "kernel/core/fs/open_file.h"
#include "kernel/core/terminal/console.h"
#include "kernel/core/terminal/devpts.h"
#include "kernel/core/terminal/terminal_file.h"
#include "kernel_arch/cpu.h"
#include "kernel_arch/serial.h"

namespace ringfence::kernel {

namespace {

// Numbers of Documentation/admin-guide/devices.txt.
constexpr DeviceNumber null_device{1, 3};
constexpr DeviceNumber zero_device{1, 5};
constexpr DeviceNumber full_device{1, 7};
constexpr DeviceNumber random_device{1, 8};
constexpr DeviceNumber urandom_device{1, 9};
constexpr DeviceNumber own_terminal_device{5, 0};
constexpr DeviceNumber stream_file_system{0, 14};

class MemoryDeviceFile final : public OpenFile {
public:
    using OpenFile::OpenFile;

    Fallible<u64> read(const IoDestination& to, u64) override {
        const DeviceNumber device = inode().metadata().device;
        if (device == null_device) {
            return u64{0};
        }
        if (device == random_device || device == urandom_device) {
            return write_random(to);
        }
        return transferred(to.put_zeroes_part(0, to.size()), to.size());
    }
    Fallible<u64> write(const IoSource& from, u64) override {
        if (inode().metadata().device == full_device && from.size() > 0) {
            return Error{Errno::Enospc};
        }
        return from.size();
    }
    Fallible<u64> seek(i64, SeekFrom) override {
        position = 0;
        return position;
    }
    [[nodiscard]] bool can_be_polled() const override {
        return inode().metadata().device == random_device;
    }
};

class StreamFile final : public OpenFile {
public:
    StreamFile(Ref<Inode> inode, OpenFlags flags, StandardStream stream)
        : OpenFile(std::move(inode), flags), stream_(stream) {}

    Fallible<u64> read(const IoDestination& to, u64) override {
        if (stream_ != StandardStream::Input) {
            return Error{Errno::Ebadf};
        }
        if (to.size() == 0) {
            return u64{0};
        }
        u8 bytes[piece_size];
        const usize count =
            arch::request_standard_input({bytes, std::min<u64>(piece_size, to.size())});
        RF_TRY(to.put(0, {bytes, count}));
        return u64{count};
    }
    Fallible<u64> write(const IoSource& from, u64) override {
        if (stream_ == StandardStream::Input) {
            return Error{Errno::Ebadf};
        }
        const auto port = stream_ == StandardStream::Output ? arch::SerialPort::ProgramOutput
                                                            : arch::SerialPort::ProgramError;
        u8 bytes[piece_size];
        for (u64 done = 0; done < from.size();) {
            const u64 piece = std::min<u64>(piece_size, from.size() - done);
            const auto copied = from.get(done, {bytes, piece});
            if (!copied) {
                return done > 0 ? Fallible<u64>(done) : Error{copied.error()};
            }
            arch::serial_write(port, {bytes, piece});
            done += piece;
        }
        return from.size();
    }
    [[nodiscard]] bool seekable() const override { return false; }

private:
    static constexpr u64 piece_size = 1024;  // on a 16 KiB kernel stack
    StandardStream stream_;
};

/// What the host packed under that name is replaced, as if a file system were mounted over it.
void add(TmpfsDirectory& directory, std::string_view name, const NewInode& wanted) {
    directory.attach(name, make_tmpfs_inode(wanted, Ref<Inode>(&directory)));
}

void add_device(TmpfsDirectory& directory, std::string_view name, DeviceNumber device) {
    add(directory, name,
        {.type = FileType::CharacterDevice, .permissions = 0666, .device = device});
}

void add_link(TmpfsDirectory& directory, std::string_view name, std::string_view target) {
    add(directory, name, {.type = FileType::SymbolicLink, .permissions = 0777, .target = target});
}

}  // namespace

Fallible<Ref<OpenFile>> DeviceInode::open(const OpenFlags& flags) {
    const DeviceNumber wanted = metadata().device;
    if (type() == FileType::CharacterDevice && wanted == own_terminal_device) {
        return open_own_terminal(this, flags);
    }
    if (type() == FileType::CharacterDevice && wanted == console_device && console_terminal()) {
        return open_terminal(this, flags, console_terminal());
    }
    if (type() == FileType::CharacterDevice && wanted == multiplexer_device) {
        return open_master(this, flags);
    }
    for (const DeviceNumber known :
         {null_device, zero_device, full_device, random_device, urandom_device}) {
        if (type() == FileType::CharacterDevice && wanted == known) {
            return Ref<OpenFile>(new MemoryDeviceFile(this, flags));
        }
    }
    return Error{Errno::Enxio};
}

Fallible<Ref<OpenFile>> StreamInode::open(const OpenFlags& flags) {
    return Ref<OpenFile>(new StreamFile(this, flags, stream_));
}

Ref<Inode> make_stream(StandardStream stream) {
    return make_ref<StreamInode>(
        new_metadata({.type = FileType::Fifo, .permissions = 0600}, stream_file_system), stream);
}

void populate_devices(TmpfsDirectory& directory) {
    add_device(directory, "null", null_device);
    add_device(directory, "zero", zero_device);
    add_device(directory, "full", full_device);
    add_device(directory, "random", random_device);
    add_device(directory, "urandom", urandom_device);
    add_device(directory, "tty", own_terminal_device);
    add_device(directory, "ptmx", multiplexer_device);
    if (console_terminal()) {
        add_device(directory, "console", console_device);
    }
    add_link(directory, "fd", "/proc/self/fd");
    add_link(directory, "stdin", "/proc/self/fd/0");
    add_link(directory, "stdout", "/proc/self/fd/1");
    add_link(directory, "stderr", "/proc/self/fd/2");
    add(directory, "shm", {.type = FileType::Directory, .permissions = 01777});
    directory.attach("pts", make_devpts(Ref<Inode>(&directory)));
}

void fill_random(std::span<u8> bytes) {
    // SplitMix64: good enough for programs' hash seeds, and the same for the same seed.
    static u64 state = arch::random_seed();
    constexpr u64 increment = 11400714819323198485u;
    constexpr u64 first_factor = 13787848793156543929u;
    constexpr u64 second_factor = 10723151780598845931u;
    for (usize done = 0; done < bytes.size();) {
        state += increment;
        u64 mixed = (state ^ (state >> 30)) * first_factor;
        mixed = (mixed ^ (mixed >> 27)) * second_factor;
        mixed ^= mixed >> 31;
        const usize piece = std::min(sizeof(mixed), bytes.size() - done);
        std::memcpy(bytes.data() + done, &mixed, piece);
        done += piece;
    }
}

Fallible<u64> write_random(const IoDestination& to) {
    u8 bytes[256];
    u64 done = 0;
    u64 copied = sizeof(bytes);
    while (done < to.size() && copied == sizeof(bytes)) {
        const u64 piece = std::min<u64>(sizeof(bytes), to.size() - done);
        fill_random({bytes, piece});
        copied = to.put_part(done, {bytes, piece});
        done += copied;
    }
    return transferred(done, to.size());
}

}  // namespace ringfence::kernel
