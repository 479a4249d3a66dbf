// SPDX-License-Identifier: MIT
#include "lab/pack/guest_image.h"

#include <unistd.h>

#include <map>
#include <string_view>
#include <utility>

#include "abi/boot_files.h"
#include "lab/error.h"
#include "lab/pack/cpio.h"
#include "lab/pack/guest_tree.h"
#include "lab/pack/host_files.h"
#include "lab/pack/libraries.h"
#include "lab/pack/program.h"

namespace ringfence::lab::pack {

namespace {

constexpr const char* search_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void add_skeleton(GuestTree& tree) {
    constexpr u32 ordinary = 0755;
    constexpr u32 shared_by_all = 01777;
    constexpr u32 readable = 0644;
    for (const char* path : {"/bin", "/dev", "/etc", "/proc"}) {
        tree.add_directory(path, ordinary);
    }
    tree.add_directory("/tmp", shared_by_all);
    tree.add_file("/etc/passwd", readable,
                  "root:x:0:0:root:/:/bin/sh\n"
                  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
    tree.add_file("/etc/group", readable, "root:x:0:\nnogroup:x:65534:\n");
}

void add_files(GuestTree& tree, const GuestRequest& request, std::vector<std::string>& notes) {
    for (const std::string& root : request.roots) {
        if (access(root.c_str(), F_OK) == 0 && access((root + "/.").c_str(), F_OK) != 0) {
            fail(Failure::Own, "--root {}: is not a directory, or may not be entered", root);
        }
        add_host_path(tree, root, "/", notes);
    }
    for (const std::string& file : request.files) {
        const usize equals = file.rfind('=');
        const bool renamed = equals != std::string::npos && access(file.c_str(), F_OK) != 0;
        if (!renamed) {
            add_host_path(tree, file, normal_path(file), notes);
            continue;
        }
        if (equals == 0 || equals + 1 == file.size()) {
            fail(Failure::Usage, "--file {}: expected FILE or HOST=GUEST", file);
        }
        add_host_path(tree, file.substr(0, equals), normal_path(file.substr(equals + 1)), notes);
    }
}

std::map<std::string, std::string> environment_of(const GuestRequest& request) {
    std::map<std::string, std::string> environment = {
        {"HOME", "/"}, {"LANG", "C"},        {"LOGNAME", "root"}, {"PATH", search_path},
        {"PWD", "/"},  {"SHELL", "/bin/sh"}, {"TERM", "dumb"},    {"USER", "root"},
    };
    for (const std::string& setting : request.environment) {
        const usize equals = setting.find('=');
        if (equals == std::string::npos || equals == 0) {
            fail(Failure::Usage, "--env {}: expected NAME=VALUE", setting);
        }
        environment[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
    return environment;
}

template <typename Strings>
std::string nul_terminated(const Strings& strings) {
    std::string list;
    for (const std::string& text : strings) {
        list += text;
        list += '\0';
    }
    return list;
}

void add_boot_files(GuestTree& tree, const Start& start,
                    const std::map<std::string, std::string>& environment) {
    namespace boot_files = abi::boot_files;
    constexpr u32 private_file = 0400;
    std::vector<std::string> settings;
    for (const auto& [name, value] : environment) {
        settings.push_back(fmt::format("{}={}", name, value));
    }
    const std::vector<std::string> executable = {start.executable};
    const std::vector<std::string> directory = {"/"};
    tree.add_file(boot_files::executable, private_file, nul_terminated(executable));
    tree.add_file(boot_files::arguments, private_file, nul_terminated(start.arguments));
    tree.add_file(boot_files::environment, private_file, nul_terminated(settings));
    tree.add_file(boot_files::directory, private_file, nul_terminated(directory));
}

void add_linux_files(GuestTree& tree, const GuestRequest& request) {
    constexpr u32 readable = 0444;
    if (request.input) {
        tree.add_file(abi::boot_files::input, readable, *request.input);
    }
    if (request.terminal) {
        tree.add_file(abi::boot_files::terminal, readable, "");
    }
    if (request.commands) {
        tree.add_file(abi::boot_files::commands, readable, "");
    }
}

}  // namespace

GuestImage pack_guest(const GuestRequest& request) {
    GuestImage image;
    GuestTree tree;
    const auto environment = environment_of(request);
    add_skeleton(tree);
    add_files(tree, request, image.notes);
    for (const auto& [path, bytes] : request.contents) {
        constexpr u32 executable_file = 0755;
        tree.add_file(normal_path(path), executable_file, bytes);
    }
    Start start = add_program(tree, request.command, environment.at("PATH"));
    add_dependencies(tree, image.notes);
    add_boot_files(tree, start, environment);
    if (!request.secret.empty()) {
        constexpr u32 nobodys = 0;
        tree.add_file(abi::boot_files::secret, nobodys, request.secret);
    }
    add_linux_files(tree, request);
    image.initramfs = write_cpio(tree);
    image.program = std::move(start.file);
    return image;
}

}  // namespace ringfence::lab::pack
