// SPDX-License-Identifier: MIT
// System V message queues: sending, choosing, waiting and removing.
#include <sys/msg.h>

#include <climits>
#include <csignal>
#include <string_view>

#include "guest/programs/ipc.h"

namespace {

constexpr int index_mask = 0x7fff;
constexpr int no_such_queue = 0x7fff'fff0;
constexpr size_t most_text = 8192;

struct Message {
    long type = 0;
    char text[most_text]{};
};

int make() {
    const int id = msgget(IPC_PRIVATE, 0600);
    require(id >= 0, "msgget");
    return id;
}

void remove(int id) {
    require(msgctl(id, IPC_RMID, nullptr) == 0, "IPC_RMID");
}

msqid_ds status_of(int id) {
    msqid_ds status{};
    require(msgctl(id, IPC_STAT, &status) == 0, "IPC_STAT");
    return status;
}

int send(int id, long type, std::string_view text, int flags = 0) {
    Message message{.type = type};
    std::memcpy(message.text, text.data(), text.size());
    return msgsnd(id, &message, text.size(), flags);
}

void receive(const char* name, int id, long type, int flags = IPC_NOWAIT, size_t room = most_text) {
    Message message{};
    const ssize_t size = msgrcv(id, &message, room, type, flags);
    if (size < 0) {
        show(name, -1);
    } else {
        std::printf("%s: type %ld, %zd bytes, '%.*s'\n", name, message.type, size,
                    static_cast<int>(size < 20 ? size : 20), message.text);
    }
}

void show_status(const char* name, int id) {
    const msqid_ds status = status_of(id);
    std::printf("%s: %lu messages, %lu bytes of %lu\n", name, status.msg_qnum, status.msg_cbytes,
                status.msg_qbytes);
}

/// Until a process waits for messages or room: nothing else shows it but its state.
void wait_until_asleep(pid_t process) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/%d/stat", process);
    ipc::wait_until(
        [&] {
            FILE* const file = std::fopen(path, "r");
            require(file != nullptr, "stat");
            char state = 0;
            const int found = std::fscanf(file, "%*d %*s %c", &state);
            std::fclose(file);
            return found == 1 && state == 'S';
        },
        "a process to sleep");
}

pid_t start_receive(const char* name, int id, long type, int flags = 0, size_t room = most_text) {
    const pid_t child = ipc::start([=] {
        receive(name, id, type, flags, room);
        return 0;
    });
    wait_until_asleep(child);
    return child;
}

pid_t start_send(const char* name, int id, long type, std::string_view text) {
    const pid_t child = ipc::start([=] {
        show(name, send(id, type, text));
        return 0;
    });
    wait_until_asleep(child);
    return child;
}

void get() {
    const key_t key = ipc::own_key(1);
    show("no such key", msgget(key, 0600));
    const int id = msgget(key, IPC_CREAT | IPC_EXCL | 0640);
    require(id >= 0, "msgget");
    show("again", msgget(key, IPC_CREAT | IPC_EXCL | 0640));
    std::printf("found: %d %d\n", msgget(key, IPC_CREAT) == id, msgget(key, 0) == id);
    const msqid_ds status = status_of(id);
    std::printf("key %d, mode %o, owner %u:%u, changed %d\n", status.msg_perm.__key == key,
                status.msg_perm.mode, status.msg_perm.uid, status.msg_perm.gid,
                status.msg_ctime != 0);
    std::printf("sent %ld by %d, received %ld by %d\n", status.msg_stime, status.msg_lspid,
                status.msg_rtime, status.msg_lrpid);
    show_status("new", id);
    remove(id);
    show("after removal", msgget(key, 0));
    show("send after removal", send(id, 1, "x"));
    receive("receive after removal", id, 0);
    show("status after removal", msgctl(id, IPC_STAT, nullptr));
    show("remove again", msgctl(id, IPC_RMID, nullptr));
}

void choices() {
    const int id = make();
    receive("empty", id, 0);
    for (const long type : {5L, 3L, 9L, 3L, 7L, LONG_MAX}) {
        char text[32];
        std::snprintf(text, sizeof text, "of type %ld", type);
        require(send(id, type, text) == 0, "msgsnd");
    }
    show_status("six", id);
    receive("of a type that is not there", id, 4);
    receive("of a type", id, 9);
    receive("lowest up to 4", id, -4);
    receive("lowest up to 2", id, -2);
    receive("any other than 5", id, 5, IPC_NOWAIT | MSG_EXCEPT);
    receive("lowest of all", id, LONG_MIN);
    receive("the first", id, 0);
    receive("the first, whatever is excepted", id, 0, IPC_NOWAIT | MSG_EXCEPT);
    show_status("none", id);
    require(send(id, 5, "five") == 0 && send(id, 5, "") == 0, "msgsnd");
    receive("any other than 5", id, 5, IPC_NOWAIT | MSG_EXCEPT);
    receive("too long", id, 0, IPC_NOWAIT, 3);
    show_status("still there", id);
    receive("cut", id, 0, IPC_NOWAIT | MSG_NOERROR, 3);
    receive("of no bytes", id, 0, IPC_NOWAIT, 0);

    require(send(id, 1, "one") == 0 && send(id, 2, "two") == 0, "msgsnd");
    receive("copy of the second", id, 1, IPC_NOWAIT | MSG_COPY);
    receive("copy of the first", id, 0, IPC_NOWAIT | MSG_COPY);
    receive("copy of a third", id, 2, IPC_NOWAIT | MSG_COPY);
    receive("copy of a negative one", id, -1, IPC_NOWAIT | MSG_COPY);
    receive("copy that is too long", id, 0, IPC_NOWAIT | MSG_COPY, 2);
    receive("copy that is cut", id, 0, IPC_NOWAIT | MSG_COPY | MSG_NOERROR, 2);
    receive("copy that waits", id, 0, MSG_COPY);
    receive("copy of others", id, 0, IPC_NOWAIT | MSG_COPY | MSG_EXCEPT);
    show_status("both still there", id);
    const msqid_ds status = status_of(id);
    std::printf("sent %d by %d, received %d by %d\n", status.msg_stime != 0,
                status.msg_lspid == getpid(), status.msg_rtime != 0, status.msg_lrpid == getpid());
    remove(id);
}

void limits() {
    const int id = make();
    Message message{.type = 1};
    show("as long as can be", msgsnd(id, &message, most_text, 0));
    show("too long", msgsnd(id, &message, most_text + 1, 0));
    show("of negative length", msgsnd(id, &message, static_cast<size_t>(-1), 0));
    message.type = 0;
    show("type 0", msgsnd(id, &message, 1, 0));
    message.type = -1;
    show("negative type", msgsnd(id, &message, 1, 0));
    show("fills it", send(id, 1, std::string_view(message.text, most_text)));
    show("no room", send(id, 1, "x", IPC_NOWAIT));
    show("room for nothing", send(id, 1, "", IPC_NOWAIT));
    show_status("full", id);
    msqid_ds status = status_of(id);
    status.msg_qbytes = 10;
    show("fewer bytes", msgctl(id, IPC_SET, &status));
    show_status("more than full", id);
    receive("receive", id, 0);
    receive("receive", id, 0);
    receive("receive", id, 0);
    int sent = 0;
    while (send(id, 1, "", IPC_NOWAIT) == 0) {
        ++sent;
    }
    std::printf("no more messages than bytes: %d\n", sent);
    receive("receive of negative length", id, 0, IPC_NOWAIT, static_cast<size_t>(-1));
    show("negative queue", send(-1, 1, "x"));
    receive("negative queue", -1, 0);
    remove(id);
}

void pointers() {
    const int id = make();
    show("send, bad pointer", msgsnd(id, ipc::bad_pointer(), 1, 0));
    show("send, null", msgsnd(id, nullptr, 0, 0));
    show("send, bad pointer and queue", msgsnd(-1, ipc::bad_pointer(), 1, 0));
    require(send(id, 7, "seven") == 0, "msgsnd");
    show("copy, bad pointer",
         static_cast<int>(msgrcv(id, ipc::bad_pointer(), 8, 0, IPC_NOWAIT | MSG_COPY)));
    show("receive, bad pointer",
         static_cast<int>(msgrcv(id, ipc::bad_pointer(), 8, 0, IPC_NOWAIT)));
    receive("it is lost", id, 0);
    show("receive nothing, bad pointer",
         static_cast<int>(msgrcv(id, ipc::bad_pointer(), 8, 0, IPC_NOWAIT)));
    remove(id);
}

void waiting() {
    const int id = make();
    const pid_t first = start_receive("waits for 2", id, 2);
    const pid_t second = start_receive("waits for any", id, 0);
    require(send(id, 1, "one") == 0, "msgsnd");
    ipc::wait_for("second", second);
    require(send(id, 3, "three") == 0, "msgsnd");
    require(send(id, 2, "two") == 0, "msgsnd");
    ipc::wait_for("first", first);
    std::printf("received by the child: %d\n", status_of(id).msg_lrpid == first);
    show_status("one is left", id);
    receive("the one", id, 0);

    // Two of them end at once, so the first one says how by its exit code.
    const pid_t small = ipc::start([&] {
        Message message{};
        return msgrcv(id, &message, 2, 0, 0) < 0 && errno == E2BIG ? 1 : 0;
    });
    wait_until_asleep(small);
    const pid_t cut = start_receive("lets it be cut", id, 0, MSG_NOERROR, 2);
    require(send(id, 1, "longer") == 0, "msgsnd");
    ipc::wait_for("has little room", small);
    ipc::wait_for("cut", cut);
    const pid_t low = start_receive("waits for 3 at most", id, -3);
    const pid_t other = start_receive("waits for another than 4", id, 4, MSG_EXCEPT);
    require(send(id, 4, "four") == 0, "msgsnd");
    show_status("for nobody", id);
    require(send(id, 5, "five") == 0, "msgsnd");
    ipc::wait_for("other", other);
    require(send(id, 3, "three") == 0, "msgsnd");
    ipc::wait_for("low", low);
    receive("four", id, 0);

    Message message{.type = 1};
    require(msgsnd(id, &message, most_text, 0) == 0 && msgsnd(id, &message, most_text, 0) == 0,
            "msgsnd");
    const pid_t sender = start_send("waits for room", id, 2, "later");
    show_status("full", id);
    receive("one out", id, 0);
    ipc::wait_for("sender", sender);
    receive("sent later", id, 2);
    msqid_ds status = status_of(id);
    status.msg_qbytes = 10;
    require(msgctl(id, IPC_SET, &status) == 0, "IPC_SET");
    const pid_t larger = start_send("waits for a larger queue", id, 2, "later");
    status.msg_qbytes = 16384;
    require(msgctl(id, IPC_SET, &status) == 0, "IPC_SET");
    ipc::wait_for("larger", larger);
    remove(id);
}

void removal() {
    const int empty = make();
    const pid_t receiver = start_receive("waits for a message", empty, 0);
    remove(empty);
    ipc::wait_for("receiver", receiver);
    const int full = make();
    Message message{.type = 1};
    require(msgsnd(full, &message, most_text, 0) == 0 && msgsnd(full, &message, most_text, 0) == 0,
            "msgsnd");
    const pid_t sender = start_send("waits for room", full, 1, "x");
    remove(full);
    ipc::wait_for("sender", sender);
}

void handle(int) {}

void interruption() {
    const int id = make();
    struct sigaction action{};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, nullptr);
    const pid_t receiver = start_receive("a signal comes to a receiver", id, 0);
    kill(receiver, SIGUSR1);
    ipc::wait_for("receiver", receiver);
    const pid_t stopped = start_receive("goes on when it is continued", id, 0);
    kill(stopped, SIGSTOP);
    int status = 0;
    require(waitpid(stopped, &status, WUNTRACED) == stopped && WIFSTOPPED(status), "waitpid");
    kill(stopped, SIGCONT);
    wait_until_asleep(stopped);
    require(send(id, 1, "at last") == 0, "msgsnd");
    ipc::wait_for("stopped", stopped);
    const pid_t killed = start_receive("never", id, 0);
    kill(killed, SIGKILL);
    ipc::wait_for("killed", killed);
    Message message{.type = 1};
    require(msgsnd(id, &message, most_text, 0) == 0 && msgsnd(id, &message, most_text, 0) == 0,
            "msgsnd");
    const pid_t sender = start_send("a signal comes to a sender", id, 1, "x");
    kill(sender, SIGUSR1);
    ipc::wait_for("sender", sender);
    show_status("both are there", id);
    remove(id);
}

void control() {
    const int id = make();
    msqid_ds status = status_of(id);
    status.msg_perm.mode = 0123;
    status.msg_perm.uid = 5;
    status.msg_perm.gid = 6;
    show("IPC_SET", msgctl(id, IPC_SET, &status));
    std::printf("MSG_STAT: %d\n", msgctl(id & index_mask, MSG_STAT, &status) == id);
    std::printf("mode %o, owner %u:%u, maker %u:%u\n", status.msg_perm.mode, status.msg_perm.uid,
                status.msg_perm.gid, status.msg_perm.cuid, status.msg_perm.cgid);
    std::printf("MSG_STAT_ANY: %d\n", msgctl(id & index_mask, MSG_STAT_ANY, &status) == id);
    require(send(id, 1, "text") == 0, "msgsnd");
    msginfo limits{};
    auto* const buffer = reinterpret_cast<msqid_ds*>(&limits);
    std::printf("IPC_INFO: %d\n", msgctl(0, IPC_INFO, buffer) >= (id & index_mask));
    std::printf("limits: %d %d %d %d %d %d %d %u\n", limits.msgpool, limits.msgmap, limits.msgmax,
                limits.msgmnb, limits.msgmni, limits.msgssz, limits.msgtql, limits.msgseg);
    std::printf("MSG_INFO: %d\n", msgctl(0, MSG_INFO, buffer) >= (id & index_mask));
    std::printf("queues %d, messages %d, bytes %d\n", limits.msgpool >= 1, limits.msgmap >= 1,
                limits.msgtql >= 4);
    auto* const bad = static_cast<msqid_ds*>(ipc::bad_pointer());
    show("IPC_STAT, bad pointer", msgctl(id, IPC_STAT, bad));
    show("IPC_SET, bad pointer", msgctl(id, IPC_SET, bad));
    show("IPC_SET, bad pointer and queue", msgctl(no_such_queue, IPC_SET, bad));
    show("IPC_INFO, bad pointer", msgctl(0, IPC_INFO, bad));
    show("MSG_INFO, bad pointer", msgctl(0, MSG_INFO, bad));
    show("MSG_STAT, bad pointer", msgctl(id & index_mask, MSG_STAT, bad));
    show("MSG_STAT, no such place", msgctl(31999, MSG_STAT, &status));
    status.msg_perm.uid = ~0U;
    show("no owner", msgctl(id, IPC_SET, &status));
    show("unknown command", msgctl(id, 99, &status));
    show("negative command", msgctl(id, -1, &status));
    show("negative queue", msgctl(-1, IPC_STAT, &status));
    remove(id);
}

void permissions() {
    const key_t key = ipc::own_key(2);
    const int id = msgget(key, IPC_CREAT | 0604);
    require(send(id, 1, "for all") == 0, "msgsnd");
    ipc::as_nobody("nobody", [&] {
        msqid_ds status{};
        show("find to read", msgget(key, 0444) == id ? 0 : -1);
        show("find to write", msgget(key, 0600));
        show("send", send(id, 1, "x"));
        receive("receive", id, 0);
        show("IPC_STAT", msgctl(id, IPC_STAT, &status));
        show("IPC_SET", msgctl(id, IPC_SET, &status));
        show("IPC_RMID", msgctl(id, IPC_RMID, nullptr));
        const int own = msgget(IPC_PRIVATE, 0200);
        show("send to itself", send(own, 1, "x"));
        receive("but not receive", own, 0);
        receive("not even a copy", own, 0, IPC_NOWAIT | MSG_COPY);
        std::printf("any place: %d\n", msgctl(own & index_mask, MSG_STAT_ANY, &status) == own);
        show("place", msgctl(own & index_mask, MSG_STAT, &status));
        status.msg_qbytes = 16385;
        show("more bytes than others", msgctl(own, IPC_SET, &status));
        status.msg_qbytes = 16384;
        show("as many", msgctl(own, IPC_SET, &status));
        show("remove it", msgctl(own, IPC_RMID, nullptr));
        return 0;
    });

    // Who waits hears that he may not any more.
    msqid_ds status = status_of(id);
    const pid_t reader = ipc::start([&] {
        require(setgid(65534) == 0 && setuid(65534) == 0, "setuid");
        receive("forbidden meanwhile", id, 0, 0);
        return 0;
    });
    wait_until_asleep(reader);
    status.msg_perm.mode = 0600;
    require(msgctl(id, IPC_SET, &status) == 0, "IPC_SET");
    ipc::wait_for("reader", reader);
    remove(id);
}

}  // namespace

int main() {
    ipc::begin();
    get();
    choices();
    limits();
    pointers();
    waiting();
    removal();
    interruption();
    control();
    permissions();
}
