// SPDX-License-Identifier: MIT
#include "guest/linux/kernel_secret.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "abi/boot_files.h"
#include "abi/linux_session.h"
#include "guest/linux/host_ports.h"

namespace linux_guest {

namespace {

constexpr std::size_t page_bytes = 4096;
/// Where Linux maps all of memory, with four levels of tables and without randomisation.
/// [linux/abi]: Documentation/arch/x86/x86_64/mm.rst
constexpr std::uint64_t direct_map = 0xffff'8880'0000'0000;

/// The kernel's address of the page that is mapped at `address`, or 0.
/// [linux/abi]: Documentation/admin-guide/mm/pagemap.rst
std::uint64_t kernel_address_of(const void* address) {
    constexpr std::uint64_t present = std::uint64_t{1} << 63U;
    constexpr std::uint64_t frame_mask = (std::uint64_t{1} << 55U) - 1;
    std::uint64_t entry = 0;
    const int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    const auto place =
        static_cast<off_t>(reinterpret_cast<std::uintptr_t>(address) / page_bytes * sizeof entry);
    const bool got = map >= 0 && pread(map, &entry, sizeof entry, place) == sizeof entry;
    close(map);
    return got && (entry & present) != 0 ? direct_map + (entry & frame_mask) * page_bytes : 0;
}

bool write_fact(const char* name, const char* format, std::uint64_t value) {
    char path[128];
    std::snprintf(path, sizeof path, "%s/%s", ringfence::abi::linux_session::facts_directory, name);
    std::FILE* const file = std::fopen(path, "we");
    if (file == nullptr) {
        return false;
    }
    std::fprintf(file, format, static_cast<unsigned long>(value));
    return std::fclose(file) == 0;
}

}  // namespace

bool plant_secret() {
    const char* const path = ringfence::abi::boot_files::secret;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return true;
    }
    struct stat status{};
    fstat(file, &status);
    // A root file system's page cache is the file itself: the page stays while the file is open,
    // and it stays open as long as this process lives.
    volatile char* const page =
        static_cast<volatile char*>(mmap(nullptr, page_bytes, PROT_READ, MAP_SHARED, file, 0));
    if (page == MAP_FAILED) {
        complain(path);
        return false;
    }
    static_cast<void>(*page);
    const std::uint64_t address = kernel_address_of(const_cast<const char*>(page));
    munmap(const_cast<char*>(page), page_bytes);
    unlink(path);
    mkdir("/run", 0755);
    mkdir(ringfence::abi::linux_session::facts_directory, 0755);
    if (address == 0 || !write_fact("secret_address", "%lx\n", address) ||
        !write_fact("secret_length", "%lu\n", static_cast<std::uint64_t>(status.st_size))) {
        complain("/proc/self/pagemap");
        return false;
    }
    return true;
}

}  // namespace linux_guest
