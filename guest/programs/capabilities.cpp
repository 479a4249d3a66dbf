// SPDX-License-Identifier: MIT
// Capabilities: how they follow users and programs, what may be set, and that they are what counts.
// Asks only for those that containers leave to the superuser.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "guest/programs/children.h"

namespace {

constexpr unsigned nobody = 65534;

struct Sets {
    __user_cap_data_struct words[2];
};

Sets sets() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    Sets all{};
    require(syscall(SYS_capget, &header, all.words) == 0, "capget");
    return all;
}

int set(const Sets& all) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    return static_cast<int>(syscall(SYS_capset, &header, all.words));
}

uint32_t only(unsigned one) {
    return uint32_t{1} << one;
}

Sets sets_of(uint32_t effective, uint32_t permitted, uint32_t inheritable) {
    return {{{effective, permitted, inheritable}, {0, 0, 0}}};
}

/// Of CHOWN and KILL: effective, permitted, inheritable, bounding, ambient.
void show(const char* when) {
    const Sets now = sets();
    std::printf("%s:", when);
    for (const unsigned one : {unsigned{CAP_CHOWN}, unsigned{CAP_KILL}}) {
        std::printf(" %d%d%d%d%d", (now.words[0].effective & only(one)) != 0,
                    (now.words[0].permitted & only(one)) != 0,
                    (now.words[0].inheritable & only(one)) != 0, prctl(PR_CAPBSET_READ, one),
                    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, one, 0, 0));
    }
    std::printf(" keep %d, none new %d\n", prctl(PR_GET_KEEPCAPS),
                prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

void told(const char* what, int result) {
    std::printf("  %s: %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
}

int own_program = -1;

/// This program again, as far as `show`.
[[noreturn]] void begin_again(const char* when) {
    char name[] = "capabilities";
    char* const arguments[] = {name, const_cast<char*>(when), nullptr};
    char* const environment[] = {nullptr};
    std::fflush(stdout);
    fexecve(own_program, arguments, environment);
    require(false, "fexecve");
    _exit(1);
}

bool may_give_away() {
    char name[] = "/tmp/capabilities-XXXXXX";
    const int file = mkstemp(name);
    require(file >= 0, "mkstemp");
    const int result = fchown(file, 1, 1);
    unlink(name);
    close(file);
    return result == 0;
}

int user_changes() {
    show("superuser");
    require(seteuid(nobody) == 0, "seteuid");
    show("another effective user");
    std::printf("gives away: %d\n", may_give_away());
    require(seteuid(0) == 0, "seteuid");
    show("and back");
    require(setresuid(nobody, nobody, nobody) == 0, "setresuid");
    show("another user");
    told("setuid(0)", setuid(0));
    told("setgroups", static_cast<int>(syscall(SYS_setgroups, 0, nullptr)));
    return 0;
}

int kept() {
    told("keep 2", prctl(PR_SET_KEEPCAPS, 2));
    told("keep", prctl(PR_SET_KEEPCAPS, 1));
    require(setresuid(nobody, nobody, nobody) == 0, "setresuid");
    show("kept");
    std::printf("gives away: %d\n", may_give_away());
    told("take one", set(sets_of(only(CAP_CHOWN), only(CAP_CHOWN), 0)));
    show("with one");
    std::printf("gives away: %d\n", may_give_away());
    told("one more", set(sets_of(only(CAP_CHOWN), only(CAP_CHOWN) | only(CAP_KILL), 0)));
    told("effective only", set(sets_of(only(CAP_KILL), only(CAP_CHOWN), 0)));
    told("to inherit what one has not", set(sets_of(0, only(CAP_CHOWN), only(CAP_KILL))));
    told("setuid(0)", setuid(0));
    told("kill", kill(getppid(), 0));
    told("drop from the bounding set", prctl(PR_CAPBSET_DROP, CAP_CHOWN));
    begin_again("after a program");
}

int bounded() {
    told("drop", prctl(PR_CAPBSET_DROP, CAP_KILL));
    told("drop what is none", prctl(PR_CAPBSET_DROP, 63));
    told("read what is none", prctl(PR_CAPBSET_READ, 63));
    show("dropped");
    begin_again("a superuser's program");
}

int ambient() {
    told("not to be inherited", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    require(prctl(PR_SET_KEEPCAPS, 1) == 0, "keep");
    require(setresuid(nobody, nobody, nobody) == 0, "setresuid");
    require(set(sets_of(only(CAP_CHOWN), only(CAP_CHOWN), only(CAP_CHOWN))) == 0, "capset");
    told("raise", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    told("raise another", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    told("raise what is none", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 63, 0, 0));
    told("more arguments", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 1, 0));
    told("an unknown operation", prctl(PR_CAP_AMBIENT, 9, CAP_CHOWN, 0, 0));
    show("ambient");
    begin_again("another user's program");
}

int lowered() {
    require(set(sets_of(only(CAP_CHOWN) | only(CAP_KILL), only(CAP_CHOWN) | only(CAP_KILL),
                        only(CAP_CHOWN) | only(CAP_KILL))) == 0,
            "capset");
    for (const unsigned one : {unsigned{CAP_CHOWN}, unsigned{CAP_KILL}}) {
        require(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, one, 0, 0) == 0, "raise");
    }
    told("lower", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_CHOWN, 0, 0));
    show("one lowered");
    require(set(sets_of(only(CAP_CHOWN), only(CAP_CHOWN), only(CAP_CHOWN))) == 0, "capset");
    show("the other not permitted");
    told("clear, with a number", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
    told("clear", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    show("cleared");
    return 0;
}

/// Whatever its user may do, no program may more from now on.
int no_new_privileges() {
    told("0", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    told("with more", prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    told("ask with more", prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
    told("1", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    require(set(sets_of(only(CAP_CHOWN), only(CAP_CHOWN), 0)) == 0, "capset");
    children::in_child("a child", [] {
        show("inherited");
        return 0;
    });
    begin_again("a program");
}

/// Capabilities of another process, and headers that are wrong.
int headers() {
    __user_cap_header_struct header{0x1234, 0};
    Sets all{};
    told("an unknown version", static_cast<int>(syscall(SYS_capget, &header, all.words)));
    std::printf("  the known one: %d\n", header.version == _LINUX_CAPABILITY_VERSION_3);
    told("without a place", static_cast<int>(syscall(SYS_capget, &header, nullptr)));
    header.pid = getppid();
    told("the parent's", static_cast<int>(syscall(SYS_capget, &header, all.words)));
    told("set the parent's", static_cast<int>(syscall(SYS_capset, &header, all.words)));
    header.pid = -1;
    told("nobody's", static_cast<int>(syscall(SYS_capget, &header, all.words)));
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    children::begin();
    if (count > 1) {
        show(arguments[1]);
        return 0;
    }
    own_program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    require(own_program >= 0, "/proc/self/exe");
    children::in_child("user changes", user_changes);
    children::in_child("kept", kept);
    children::in_child("bounded", bounded);
    children::in_child("ambient", ambient);
    children::in_child("lowered", lowered);
    children::in_child("no new privileges", no_new_privileges);
    children::in_child("headers", headers);
}
