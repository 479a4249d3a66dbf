// SPDX-License-Identifier: MIT
#include "guest/linux/start_files.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "abi/boot_files.h"
#include "guest/linux/host_ports.h"

namespace linux_guest {

namespace boot_files = ringfence::abi::boot_files;

bool Strings::read(const char* path) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? -1 : ::read(file, bytes_.data(), bytes_.size());
    close(file);
    if (got < 0) {
        return false;
    }
    const auto length = static_cast<std::size_t>(got);
    if (length == bytes_.size()) {
        errno = E2BIG;
        return false;
    }
    std::size_t count = 0;
    for (std::size_t at = 0; at < length && count < most_strings;
         at += std::strlen(&bytes_[at]) + 1) {
        pointers_[count++] = &bytes_[at];
    }
    return true;
}

bool Start::read() {
    struct Source {
        const char* path;
        Strings& into;
    };
    for (const Source& source :
         {Source{boot_files::executable, executable}, Source{boot_files::arguments, arguments},
          Source{boot_files::environment, environment}}) {
        if (!source.into.read(source.path)) {
            complain(source.path);
            return false;
        }
    }
    return true;
}

void Start::execute() {
    execve(executable.pointers()[0], arguments.pointers(), environment.pointers());
}

bool exists(const char* path) {
    return access(path, F_OK) == 0;
}

void mount_kernels_own() {
    constexpr const char* file_systems[][2] = {
        {"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}};
    for (const auto& [type, place] : file_systems) {
        mkdir(place, 0755);
        if (mount(type, place, type, 0, nullptr) != 0 && errno != EBUSY) {
            complain(place);
        }
    }
}

void bring_up_loopback() {
    const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    // Linux gives lo its address when it comes up. [linux/abi]: netdevice(7)
    bool up = any >= 0 && ioctl(any, SIOCGIFFLAGS, &request) == 0;
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    up = up && ioctl(any, SIOCSIFFLAGS, &request) == 0;
    if (!up) {
        complain("lo");
    }
    close(any);
}

}  // namespace linux_guest
