// SPDX-License-Identifier: MIT
#include "kernel/core/planted_secret.h"

#include "abi/boot_files.h"
#include "kernel/core/fs/io_buffer.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/fs/path.h"
#include "kernel/core/log/log.h"

namespace ringfence::kernel {

namespace {

constexpr usize most_bytes = 4096;

std::span<u8> secret;
u64 checksum_when_planted = 0;

u64 checksum() {
    constexpr u64 multiplier = 31;
    u64 sum = 0;
    for (const u8 byte : secret) {
        sum = sum * multiplier + byte;
    }
    return sum;
}

bool read_into(Inode& file, std::span<u8> bytes) {
    const auto opened = file.open(OpenFlags{OpenFlags::read_only});
    if (!opened) {
        return false;
    }
    const auto got = opened.value()->read(IoDestination(bytes), 0);
    return got.ok() && got.value() == bytes.size();
}

}  // namespace

void plant_secret(Inode& root) {
    const Ref<Inode> top(&root);
    const Credentials nobody_asks{};
    const auto file =
        find_file({top, top, &nobody_asks}, abi::boot_files::secret, FinalLink::Follow);
    if (!file) {
        return;
    }
    const u64 size = file.value()->size();
    if (size == 0 || size > most_bytes) {
        log_important("the secret to plant has {} bytes, expected 1 to {}", size, most_bytes);
        return;
    }
    const std::span<u8> bytes(new u8[size], size);
    if (!read_into(*file.value(), bytes)) {
        log_important("the secret to plant cannot be read");
        delete[] bytes.data();
        return;
    }
    secret = bytes;
    checksum_when_planted = checksum();
}

PlantedSecret planted_secret() {
    return {VirtualAddress{reinterpret_cast<u64>(secret.data())}, secret.size()};
}

bool secret_is_intact() {
    return checksum() == checksum_when_planted;
}

}  // namespace ringfence::kernel
