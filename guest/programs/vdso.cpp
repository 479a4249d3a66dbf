// SPDX-License-Identifier: MIT
// The time without a system call: what the vDSO says is what the kernel says, and it is mapped as
// on Linux. Prints nothing that depends on the time.
#include <cstdint>
#include <ctime>
#include <initializer_list>

#include <elf.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

/// The image's dynamic symbols, as a C library finds them.
class Image {
public:
    explicit Image(std::uintptr_t base) : base_(base) {
        const auto* const header = reinterpret_cast<const Elf64_Ehdr*>(base);
        const auto* const segments = reinterpret_cast<const Elf64_Phdr*>(base + header->e_phoff);
        for (int i = 0; i < header->e_phnum; ++i) {
            if (segments[i].p_type == PT_DYNAMIC) {
                read_dynamic(reinterpret_cast<const Elf64_Dyn*>(base + segments[i].p_vaddr));
            }
        }
    }

    template <typename Function>
    Function find(const char* name) const {
        // The names lie behind the table, as all linkers have it; it does not say how long it is.
        const auto* const end = reinterpret_cast<const Elf64_Sym*>(names_);
        for (const Elf64_Sym* each = symbols_; each + 1 <= end; ++each) {
            const Elf64_Sym& symbol = *each;
            if (symbol.st_shndx != SHN_UNDEF && std::strcmp(names_ + symbol.st_name, name) == 0) {
                return reinterpret_cast<Function>(base_ + symbol.st_value);
            }
        }
        return nullptr;
    }

private:
    void read_dynamic(const Elf64_Dyn* entry) {
        for (; entry->d_tag != DT_NULL; ++entry) {
            const std::uintptr_t address = base_ + entry->d_un.d_ptr;
            if (entry->d_tag == DT_SYMTAB) {
                symbols_ = reinterpret_cast<const Elf64_Sym*>(address);
            } else if (entry->d_tag == DT_STRTAB) {
                names_ = reinterpret_cast<const char*>(address);
            }
        }
    }

    std::uintptr_t base_;
    const Elf64_Sym* symbols_ = nullptr;
    const char* names_ = nullptr;
};

using GetTime = int (*)(clockid_t, timespec*);
using GetTimeOfDay = int (*)(timeval*, struct timezone*);
using Time = time_t (*)(time_t*);
using GetCpu = int (*)(unsigned*, unsigned*, void*);

long long nanoseconds(const timespec& time) {
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

long long asked(clockid_t clock) {
    timespec time{};
    require(syscall(SYS_clock_gettime, clock, &time) == 0, "clock_gettime");
    return nanoseconds(time);
}

/// Both ways in turn, so that one that is ahead or behind shows. A coarse clock may be behind by a
/// tick of the kernel's.
void compare_clocks(GetTime get_time) {
    constexpr long long tick = 10'000'000;
    for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
                                  CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
                                  CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID}) {
        const bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
        const long long slack = coarse ? tick : 0;
        bool in_order = true;
        bool whole = true;
        for (int turn = 0; turn < 100; ++turn) {
            const long long before = asked(clock);
            timespec time{};
            in_order = in_order && get_time(clock, &time) == 0;
            const long long after = asked(clock);
            in_order = in_order && before - slack <= nanoseconds(time) &&
                       nanoseconds(time) <= after + slack;
            whole = whole && time.tv_nsec >= 0 && time.tv_nsec < 1'000'000'000;
        }
        std::printf("clock %d: in order %d, whole %d\n", clock, in_order, whole);
    }
    timespec time{};
    std::printf("no clock: %d\n", get_time(99, &time));
}

void compare_others(const Image& image) {
    const auto get_time_of_day = image.find<GetTimeOfDay>("__vdso_gettimeofday");
    timeval time{};
    struct timezone zone{1, 1};
    require(get_time_of_day(&time, &zone) == 0 && get_time_of_day(nullptr, nullptr) == 0,
            "gettimeofday");
    const long long apart =
        asked(CLOCK_REALTIME) - (time.tv_sec * 1'000'000LL + time.tv_usec) * 1000;
    std::printf("gettimeofday: near %d, zone %d %d\n", apart >= 0 && apart < 1'000'000'000,
                zone.tz_minuteswest, zone.tz_dsttime);
    time_t stored = 0;
    const time_t now = image.find<Time>("__vdso_time")(&stored);
    std::printf("time: %d\n", stored == now && now - time.tv_sec <= 1);
    unsigned cpu = 1000;
    unsigned node = 1000;
    std::printf("getcpu: %d, %d\n", image.find<GetCpu>("__vdso_getcpu")(&cpu, &node, nullptr),
                cpu < 1000 && node < 1000);
}

/// Lines of /proc/self/maps that name it, without the addresses.
void show_maps() {
    FILE* const maps = std::fopen("/proc/self/maps", "r");
    require(maps != nullptr, "/proc/self/maps");
    char line[256];
    while (std::fgets(line, sizeof line, maps) != nullptr) {
        if (std::strstr(line, "[vdso]") != nullptr) {
            std::fputs(std::strchr(line, ' '), stdout);
        }
    }
    std::fclose(maps);
}

}  // namespace

int main() {
    const std::uintptr_t base = getauxval(AT_SYSINFO_EHDR);
    require(base != 0, "AT_SYSINFO_EHDR");
    std::printf("page aligned: %d, an ELF file: %d\n", base % 4096 == 0,
                std::memcmp(reinterpret_cast<const char*>(base), ELFMAG, SELFMAG) == 0);
    const Image image(base);
    compare_clocks(image.find<GetTime>("__vdso_clock_gettime"));
    compare_others(image);
    show_maps();
    return 0;
}
