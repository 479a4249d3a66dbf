// SPDX-License-Identifier: MIT
#include "guest/endurance/arguments.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "abi/isolation_choice.h"
#include "guest/endurance/world.h"

namespace endurance {

namespace {

constexpr int last_descriptor = 48;

constexpr const char* own_paths[] = {"a",   "b",     "c",   "d",      "a/b",
                                     "d/a", "d/b/c", "./a", "d/../b", "e"};
constexpr const char* system_paths[] = {".",
                                        "..",
                                        "/",
                                        "",
                                        "a/",
                                        "/dev/null",
                                        "/dev/zero",
                                        "/dev/full",
                                        "/dev/random",
                                        "/dev/tty",
                                        "/dev/ptmx",
                                        "/dev/pts",
                                        "/dev/pts/0",
                                        "/dev/fd/5",
                                        "/proc/self/maps",
                                        "/proc/self/status",
                                        "/proc/self/fd",
                                        "/proc/self/fd/4",
                                        "/proc/self/cwd/a",
                                        "/proc/self/task",
                                        "/proc/self/environ",
                                        "/proc/self/isolation",
                                        "/proc/1/status",
                                        "/proc/meminfo",
                                        "/proc/net/tcp",
                                        "/proc/net/unix",
                                        "/proc/net/udp",
                                        "/proc/ringfence/usage",
                                        "/proc/ringfence/isolation",
                                        "/proc/sys/kernel/pid_max",
                                        "/sys/devices/system/cpu",
                                        "/tmp/x",
                                        "/proc/999999/fd",
                                        "/proc/self/fd/99999999999",
                                        "/nonexistent/a",
                                        "a/a/a/a/a/a/a/a/a/a"};
/// Those whose numbers tell what is passed: TCGETS2 to TIOCGEXCL.
constexpr uint64_t sized_terminal_requests[] = {0x802c'542a, 0x402c'542b, 0x402c'542d, TIOCGPTN,
                                                TIOCSPTLCK,  TIOCGDEV,    TIOCSIG,     TIOCGPKT,
                                                TIOCGPTLCK,  TIOCGEXCL};
constexpr const char* program_paths[] = {"/proc/self/exe", "/proc/self/exe", "/dev/null", "a"};

char long_name[300];
char long_path[5000];
/// Lists of strings for execve.
const char* argument_lists[][4] = {{"fuzz", "again", nullptr, nullptr},
                                   {nullptr, nullptr, nullptr, nullptr},
                                   {"fuzz", "", "x", nullptr},
                                   {long_path, long_path, long_name, nullptr}};

}  // namespace

void Arguments::prepare_texts() {
    std::memset(long_name, 'n', sizeof long_name - 1);
    for (char& letter : long_path) {
        letter = &letter - long_path < 4990 ? "abc/"[(&letter - long_path) % 4] : '\0';
    }
}

uint64_t Arguments::word() {
    switch (random_.below(10)) {
        case 0:
            return 0;
        case 1:
            return ~uint64_t{0};
        case 2:
            return random_.next();
        case 3:
            return arena + random_.below(arena_pages * page_size);
        case 4:
            return random_.below(last_descriptor);
        case 5:
            return length();
        case 6:
            return uint64_t{1} << random_.below(64);
        case 7:
            return random_.below(1'000'000);
        default:
            return random_.below(20);
    }
}

uint64_t Arguments::filled(unsigned bytes) {
    const uint64_t place = arena + random_.below(arena_pages * page_size - bytes) / 16 * 16;
    auto* const words = reinterpret_cast<uint64_t*>(place);
    for (unsigned i = 0; i < bytes / 8; ++i) {
        words[i] = random_.one_in(3) ? word() : words[i];
    }
    return place;
}

uint64_t Arguments::pointer() {
    switch (random_.below(24)) {
        case 0:
            return 0;
        case 1:
            return random_.below(4096);
        case 2:  // straddles the end
            return arena_end - 1 - random_.below(64);
        case 3:
            return read_only_area + random_.below(small_area_pages * page_size);
        case 4:
            return no_access_area + random_.below(small_area_pages * page_size);
        case 5:
            return 0xffff'8880'0000'0000 + random_.below(1 << 20) * 8;
        case 6:
            return 0xffff'ffff'8100'0000 + random_.below(1 << 16);
        case 7:
            return 0x8000'0000'0000 + random_.below(64) - 32;
        case 8:
            return random_.next();
        case 9:
            return shared_area + random_.below(small_area_pages * page_size);
        case 10:
            return file_area + random_.below(small_area_pages * page_size);
        case 11:
            return playground + random_.below(playground_pages * page_size);
        case 12:
            return ~uint64_t{0} - random_.below(16);
        case 13:
            return random_.one_in(40) ? reinterpret_cast<uint64_t>(__builtin_frame_address(0))
                                      : arena_end - page_size - 3;
        case 14:
            return netlink_request();
        default:
            return filled(64);
    }
}

uint64_t Arguments::descriptor() {
    switch (random_.below(16)) {
        case 0:
            return static_cast<uint64_t>(-1);
        case 1:
            return static_cast<uint64_t>(AT_FDCWD);
        case 2:
            return random_.below(2000);
        case 3:
            return random_.next();
        default:
            return 3 + random_.below(last_descriptor - 3);
    }
}

uint64_t Arguments::length() {
    static constexpr uint64_t choices[] = {0,
                                           1,
                                           2,
                                           7,
                                           8,
                                           16,
                                           24,
                                           64,
                                           128,
                                           512,
                                           4095,
                                           4096,
                                           4097,
                                           8192,
                                           65535,
                                           65536,
                                           70000,
                                           1 << 20,
                                           1 << 24,
                                           0x7fff'ffff,
                                           0x8000'0000,
                                           0xffff'ffff,
                                           0x1'0000'0000,
                                           0x7fff'ffff'ffff,
                                           ~uint64_t{0},
                                           uint64_t{1} << 63};
    return random_.one_in(4) ? random_.of(choices) : random_.below(300);
}

uint64_t Arguments::number() {
    static constexpr uint64_t choices[] = {64,    255,         256,         1024,         4096,
                                           65536, 0x7fff'ffff, 0x8000'0000, ~uint64_t{0}, 1000};
    return random_.one_in(8) ? random_.of(choices) : random_.below(16);
}

uint64_t Arguments::path(char kind) {
    if (random_.one_in(16)) {
        return pointer();
    }
    if (random_.one_in(60)) {
        return reinterpret_cast<uint64_t>(random_.one_in(2) ? long_name : long_path);
    }
    if (kind == 'r' && random_.one_in(8)) {
        return reinterpret_cast<uint64_t>(random_.of(program_paths));
    }
    const bool own = kind == 'd' || random_.one_in(2);
    return reinterpret_cast<uint64_t>(own ? random_.of(own_paths) : random_.of(system_paths));
}

uint64_t Arguments::process(bool harmless) {
    const auto self = static_cast<uint64_t>(getpid());
    switch (random_.below(harmless ? 10 : 6)) {
        case 0:
            return 0;
        case 1:
            return self;
        case 2:
            return uint64_t{0} - self;
        case 3:
            return self + 1 + random_.below(3);  // a child, as a rule
        case 4:
            return bounds_.privileged && !harmless ? 1 : static_cast<uint64_t>(-1);
        case 5:
            return 1;
        case 6:
            return 2;
        case 7:
            return random_.next();
        default:
            return random_.below(100);
    }
}

uint64_t Arguments::page() {
    switch (random_.below(16)) {
        case 0:
            return random_.next();
        case 1:
            return arena + random_.below(arena_pages) * page_size;
        case 2:
            return no_access_area + random_.below(small_area_pages) * page_size;
        case 3:
            return random_.one_in(30) ? page_of_text() : 0;
        case 4:
            return random_.one_in(30)
                       ? reinterpret_cast<uint64_t>(__builtin_frame_address(0)) & ~(page_size - 1)
                       : file_area + random_.below(small_area_pages) * page_size;
        case 5:
            return 0x7fff'ffff'f000 - random_.below(8) * page_size;
        default:
            return playground + random_.below(playground_pages) * page_size;
    }
}

uint64_t Arguments::flags() {
    switch (random_.below(8)) {
        case 0:
            return ~uint64_t{0};
        case 1:
            return random_.next();
        case 2:
            return (uint64_t{1} << random_.below(32)) | (uint64_t{1} << random_.below(32));
        case 3:
            return 0;
        case 4:
            return O_CREAT | O_RDWR | (random_.next() & (O_NONBLOCK | O_TRUNC | O_EXCL | O_APPEND));
        case 5:  // mappings: mostly private or shared, anonymous, fixed
            return MAP_ANONYMOUS | (1 + random_.below(2)) | (random_.one_in(2) ? MAP_FIXED : 0) |
                   (random_.one_in(8) ? MAP_POPULATE | MAP_GROWSDOWN : 0);
        case 6:
            return random_.one_in(2) ? 0x1000 : 0x100;  // AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
        default:
            return random_.below(8) | O_NONBLOCK;
    }
}

uint64_t Arguments::short_time() {
    if (random_.one_in(4)) {
        return pointer();
    }
    const uint64_t place = filled(16);
    auto* const words = reinterpret_cast<uint64_t*>(place);
    words[0] = random_.one_in(10) ? word() : 0;
    words[1] = random_.one_in(10) ? word() : random_.below(100'000);
    return place;
}

uint64_t Arguments::vectors() {
    if (random_.one_in(8)) {
        return pointer();
    }
    const uint64_t place = filled(128);
    auto* const words = reinterpret_cast<uint64_t*>(place);
    for (unsigned i = 0; i < 8; ++i) {
        words[2 * i] = random_.one_in(4) ? pointer() : arena + random_.below(4096);
        words[2 * i + 1] = random_.one_in(8) ? length() : random_.below(100);
    }
    return place;
}

uint64_t Arguments::message() {
    if (random_.one_in(8)) {
        return pointer();
    }
    const uint64_t place = filled(128);
    auto* const words = reinterpret_cast<uint64_t*>(place);
    words[0] = random_.one_in(2) ? 0 : socket_address();
    words[1] = random_.one_in(8) ? word() : 16;
    words[2] = vectors();
    words[3] = random_.one_in(8) ? word() : random_.below(4);
    words[4] = random_.one_in(2) ? 0 : filled(64);
    words[5] = words[4] == 0 ? 0 : random_.below(70);
    if (words[4] != 0 && !random_.one_in(3)) {  // pass descriptors
        auto* const control = reinterpret_cast<uint64_t*>(words[4]);
        const uint64_t count = 1 + random_.below(3);
        control[0] = 16 + 4 * count;
        control[1] = SOL_SOCKET | uint64_t{SCM_RIGHTS} << 32;
        for (unsigned i = 0; i < count; ++i) {
            const auto passed = static_cast<uint32_t>(descriptor());
            std::memcpy(reinterpret_cast<uint8_t*>(control + 2) + 4 * i, &passed, 4);
        }
        words[5] = 16 + 4 * count;
    }
    words[6] = 0;
    return place;
}

uint64_t Arguments::signal_action() {
    if (random_.one_in(4)) {
        return pointer();
    }
    const uint64_t place = filled(32);
    auto* const words = reinterpret_cast<uint64_t*>(place);
    words[0] = random_.below(2);  // default, or ignore
    return place;
}

uint64_t Arguments::clone_flags() {
    static constexpr uint64_t choices[] = {17,      0x100 | 17, 0x4000 | 17, 0x10f00,
                                           0x50f00, 0x3d0f00,   0x8000 | 17, 0x1200000 | 17};
    return random_.one_in(5) ? random_.next() & 0x7fff'ffff : random_.of(choices);
}

uint64_t Arguments::choose(char kind) {
    switch (kind) {
        case '1':
            return ipc_object();
        case '2':
            return random_.one_in(4) ? 0 : random_.below(6);
        case '3':
            return ipc_flags();
        case '4':
            return random_.one_in(10) ? number() : random_.below(21);
        case '5':
            return semaphore_operations();
        case '6':
            return queue_name();
        case '7':
            return notification();
        case 'T':
            return trace_request();
        case 'U':
            return trace_address();
        case 'f':
        case 'c':
            return descriptor();
        case 'p':
        case 'r':
        case 'd':
            return path(kind);
        case 'b':
            return pointer();
        case 'l':
            return length();
        case 'n':
            return number();
        case 'i':
            return flags();
        case 'm':
            return random_.one_in(4) ? random_.next() & 0177777 : 0777;
        case 's':
            return random_.one_in(10) ? word() : random_.below(66);
        case 'q':
            return process(true);
        case 'K':
            return process(false);
        case 't':
            return short_time();
        case 'v':
            return vectors();
        case 'u':
            return message();
        case 'o':
            return socket_address();
        case 'g':
            return random_.one_in(4) ? length() : random_.one_in(2) ? 16 : 110;
        case 'e':
            return random_.one_in(12) ? word() : 8;
        case 'a':
            return page();
        case 'z':
            return random_.one_in(10) ? length() : (1 + random_.below(12)) * page_size;
        case 'h':
            return signal_action();
        case 'w':
            return random_.one_in(3) ? pointer()
                                     : reinterpret_cast<uint64_t>(random_.of(argument_lists));
        case 'y':
            return random_.one_in(4)
                       ? flags()
                       : (1 + random_.below(3)) | (random_.one_in(2) ? SOCK_NONBLOCK : 0);
        case 'k':
            return random_.one_in(3)   ? word()
                   : random_.one_in(8) ? random_.of(sized_terminal_requests)
                                       : 0x5400 + random_.below(128);
        case 'j':
            return random_.one_in(4) ? 1024 + random_.below(16) : random_.below(40);
        case 'C':
            return clone_flags();
        case 'D': {
            const uint64_t place = filled(88);
            *reinterpret_cast<uint64_t*>(place) = clone_flags() & ~uint64_t{0xff};
            return place;
        }
        case 'O':
            if (bounds_.design_changes && random_.one_in(4)) {
                using namespace ringfence::abi::isolation;
                return random_.one_in(4) ? get_choice : set_choice;
            }
            return random_.below(70);
        default:
            return word();
    }
}

}  // namespace endurance
