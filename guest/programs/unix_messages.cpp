// SPDX-License-Identifier: MIT
// AF_UNIX messages: datagrams and packets, with and without addresses, passed files and
// credentials.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "guest/programs/check.h"
#include "guest/programs/sockets.h"
#include "guest/programs/unix_names.h"

namespace {

void datagrams(int type, const char* title) {
    std::printf("-- %s\n", title);
    const Pair pair(type);
    char buffer[16];
    show_value("send", send(pair.ends[0], "first", 5, 0));
    show_value("send nothing", send(pair.ends[0], "", 0, 0));
    show_value("send", send(pair.ends[0], "second message", 14, 0));
    show_text("peek", recv(pair.ends[1], buffer, 3, MSG_PEEK), buffer);
    show_text("receive", recv(pair.ends[1], buffer, 16, 0), buffer);
    show_text("receive nothing", recv(pair.ends[1], buffer, 16, 0), buffer);
    msghdr header{};
    iovec part{buffer, 6};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    show_text("receive a part", recvmsg(pair.ends[1], &header, 0), buffer);
    std::printf("truncated %d\n", (header.msg_flags & MSG_TRUNC) != 0);
    show_text("the rest is lost", recv(pair.ends[1], buffer, 16, MSG_DONTWAIT), buffer);
    require(send(pair.ends[0], "0123456789", 10, 0) == 10, "send");
    show_value("full size by MSG_TRUNC", recv(pair.ends[1], buffer, 2, MSG_TRUNC));
    static char large[400'000];
    show("too large", send(pair.ends[0], large, sizeof large, 0));
    mmsghdr several[3]{};
    iovec parts[3];
    for (int i = 0; i < 3; ++i) {
        parts[i] = {const_cast<char*>("abc"), static_cast<size_t>(i + 1)};
        several[i].msg_hdr.msg_iov = &parts[i];
        several[i].msg_hdr.msg_iovlen = 1;
    }
    show_value("sendmmsg", sendmmsg(pair.ends[0], several, 3, 0));
    for (iovec& each : parts) {
        each = {buffer, sizeof buffer};
    }
    show_value("recvmmsg", recvmmsg(pair.ends[1], several, 3, MSG_WAITFORONE, nullptr));
    std::printf("sizes %u %u %u\n", several[0].msg_len, several[1].msg_len, several[2].msg_len);
    show("listen", listen(pair.ends[0], 1));
}

void addressed_datagrams() {
    std::printf("-- datagrams with addresses\n");
    const int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
    const int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    const Address to = abstract_address("ringfence-receiver");
    const Address from = abstract_address("ringfence-sender");
    show("bind", bind(receiver, to.get(), to.size));
    show("send to nobody", send(sender, "x", 1, 0));
    show_value("sendto unbound", sendto(sender, "one", 3, 0, to.get(), to.size));
    show("bind", bind(sender, from.get(), from.size));
    show_value("sendto", sendto(sender, "two", 3, 0, to.get(), to.size));
    char buffer[16];
    sockaddr_un source{};
    socklen_t size = sizeof source;
    show_text("receive",
              recvfrom(receiver, buffer, 16, 0, reinterpret_cast<sockaddr*>(&source), &size),
              buffer);
    show_address("from", source, size);
    size = sizeof source;
    show_text("receive",
              recvfrom(receiver, buffer, 16, 0, reinterpret_cast<sockaddr*>(&source), &size),
              buffer);
    show_address("from", source, size);
    show("answer", sendto(receiver, "back", 4, 0, reinterpret_cast<sockaddr*>(&source), size));
    show_text("answered", recv(sender, buffer, 16, 0), buffer);
    show("connect", connect(sender, to.get(), to.size));
    show_value("send", send(sender, "three", 5, 0));
    const int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    show("connect of another type", connect(stream, to.get(), to.size));
    close(stream);
    close(receiver);
    show("send to who is gone", send(sender, "x", 1, 0));
    show("and again", send(sender, "x", 1, 0));
    show("accept", accept(sender, nullptr, nullptr));
    close(sender);
}

int send_file(int socket, int file, const char* text) {
    char control[CMSG_SPACE(sizeof(int))]{};
    iovec part{const_cast<char*>(text), std::strlen(text)};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* message = CMSG_FIRSTHDR(&header);
    message->cmsg_level = SOL_SOCKET;
    message->cmsg_type = SCM_RIGHTS;
    message->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(message), &file, sizeof file);
    return static_cast<int>(sendmsg(socket, &header, 0));
}

/// The descriptor that came, or -1; prints the bytes.
int receive_file(int socket, size_t room) {
    char control[CMSG_SPACE(sizeof(int))]{};
    char buffer[32];
    iovec part{buffer, sizeof buffer};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = room;
    show_text("received", recvmsg(socket, &header, MSG_CMSG_CLOEXEC), buffer);
    std::printf("control %zu bytes, truncated %d\n", header.msg_controllen,
                (header.msg_flags & MSG_CTRUNC) != 0);
    const cmsghdr* message = CMSG_FIRSTHDR(&header);
    if (message == nullptr || message->cmsg_type != SCM_RIGHTS) {
        return -1;
    }
    int file;
    std::memcpy(&file, CMSG_DATA(message), sizeof file);
    return file;
}

void passed_files() {
    std::printf("-- passed files\n");
    const Pair pair(SOCK_STREAM);
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    show_value("send", send_file(pair.ends[0], ends[1], "take this"));
    show_value("send", send_file(pair.ends[0], ends[1], "and this"));
    close(ends[1]);
    const int first = receive_file(pair.ends[1], CMSG_SPACE(sizeof(int)));
    std::printf("close-on-exec %d\n", fcntl(first, F_GETFD));
    show_value("write through it", write(first, "through", 7));
    close(first);
    char buffer[16];
    show_text("read", read(ends[0], buffer, 16), buffer);
    std::printf("descriptor without room: %d\n", receive_file(pair.ends[1], 0));
    show_text("the pipe is closed now", read(ends[0], buffer, 16), buffer);
    close(ends[0]);
    show("send a bad descriptor", send_file(pair.ends[0], 999, "no"));
    // A socket that holds itself must not keep the kernel from letting it go.
    {
        const Pair loop(SOCK_DGRAM);
        show_value("send itself", send_file(loop.ends[0], loop.ends[0], "loop"));
        show_value("send its peer", send_file(loop.ends[0], loop.ends[1], "loop"));
    }
    // Nor may thousands of them fill its memory with what nobody can receive.
    long lost = 0;
    static char bytes[40'000];
    for (int i = 0; i < 5000; ++i) {
        const Pair loop(SOCK_STREAM);
        require(write(loop.ends[0], bytes, sizeof bytes) == sizeof bytes, "write");
        require(write(loop.ends[1], bytes, sizeof bytes) == sizeof bytes, "write");
        lost += send_file(loop.ends[0], loop.ends[1], "loop") == 4;
        lost += send_file(loop.ends[1], loop.ends[0], "loop") == 4;
    }
    std::printf("lost in circles: %ld\n", lost);
    int chain = open("/dev/null", O_RDONLY);
    for (int i = 0; i < 300; ++i) {
        int link[2];
        require(socketpair(AF_UNIX, SOCK_DGRAM, 0, link) == 0, "socketpair");
        if (send_file(link[0], chain, "x") < 0) {
            close(link[0]);
            close(link[1]);
            break;  // Linux allows few
        }
        close(chain);
        close(link[0]);
        chain = link[1];
    }
    show("a chain of sockets in sockets", close(chain));
}

void credentials() {
    std::printf("-- credentials\n");
    const Pair pair(SOCK_DGRAM);
    const int on = 1;
    show("SO_PASSCRED", setsockopt(pair.ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    require(send(pair.ends[0], "me", 2, 0) == 2, "send");
    char control[CMSG_SPACE(sizeof(ucred))]{};
    char buffer[8];
    iovec part{buffer, sizeof buffer};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    show_text("received", recvmsg(pair.ends[1], &header, 0), buffer);
    const cmsghdr* message = CMSG_FIRSTHDR(&header);
    require(message != nullptr && message->cmsg_type == SCM_CREDENTIALS, "credentials");
    ucred who;
    std::memcpy(&who, CMSG_DATA(message), sizeof who);
    std::printf("from this process: %d\n",
                who.pid == getpid() && who.uid == getuid() && who.gid == getgid());
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    datagrams(SOCK_DGRAM, "datagram pair");
    datagrams(SOCK_SEQPACKET, "packet pair");
    addressed_datagrams();
    passed_files();
    credentials();
    return 0;
}
