// SPDX-License-Identifier: MIT
// What the kernel copies to and from a program's memory after another program has run in between:
// to pages of every kind, within one and across their ends, and to addresses that are bad. A kernel
// that is late to turn to the program's memory must not be seen to be.
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cstring>
#include <string_view>

#include "guest/programs/children.h"

namespace {

constexpr size_t page = 4096;
constexpr std::string_view text = "0123456789abcdef";

char* map(size_t pages) {
    void* const area =
        mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(area != MAP_FAILED, "mmap");
    return static_cast<char*>(area);
}

/// A process that answers each byte with all of `text`, from memory of its own at the same
/// addresses.
class Answerer {
public:
    Answerer() {
        require(pipe(questions_) == 0 && pipe(answers_) == 0, "pipe");
        child_ = children::start([&] {
            char copy[text.size()];
            std::memcpy(copy, text.data(), sizeof copy);
            close(questions_[1]);
            char byte;
            while (read(questions_[0], &byte, 1) == 1) {
                require(write(answers_[1], copy, sizeof copy) == sizeof copy, "answer");
            }
            return 0;
        });
        close(questions_[0]);
    }
    void ask() const { require(write(questions_[1], "?", 1) == 1, "ask"); }
    [[nodiscard]] int answers() const { return answers_[0]; }
    void end() {
        close(questions_[1]);
        children::wait_for("answerer", child_);
    }

private:
    int questions_[2];
    int answers_[2];
    pid_t child_ = 0;
};

/// Reads an answer that is not there yet to `at`, and tells what came of it.
void read_to(const char* name, const Answerer& from, char* at, size_t shown = text.size()) {
    from.ask();
    const ssize_t got = read(from.answers(), at, text.size());
    if (got < 0) {
        std::printf("%s: %s\n", name, strerrorname_np(errno));
    } else {
        std::printf("%s: %zd %.*s\n", name, got, static_cast<int>(shown), at);
    }
    // What was refused is still there.
    char rest[text.size()];
    if (got < static_cast<ssize_t>(text.size())) {
        const ssize_t left = read(from.answers(), rest, sizeof rest);
        std::printf("  then %zd %.*s\n", left, static_cast<int>(left), rest);
    }
}

void pages_of_every_kind(const Answerer& from) {
    char* const area = map(4);
    read_to("a page that is not there", from, area);
    read_to("one that is", from, area);
    read_to("across the end of a page", from, area + page - 5);
    read_to("the same again", from, area + page - 5);
    std::memset(area, '.', 4 * page);
    const pid_t sharer = children::start([] { return pause(); });
    read_to("a page that a child shares", from, area + 2 * page);
    kill(sharer, SIGKILL);
    children::wait_for("sharer", sharer);
    require(mprotect(area + page, page, PROT_READ) == 0, "mprotect");
    read_to("a page that may be read only", from, area + page + 100);
    read_to("up to one", from, area + page - 4, 4);
    require(mprotect(area + page, page, PROT_NONE) == 0, "mprotect");
    read_to("a page that may not be touched", from, area + page);
    require(munmap(area + page, page) == 0, "munmap");
    read_to("no page", from, area + page);
    read_to("the kernel's address", from, reinterpret_cast<char*>(0xffff'8000'0000'0000));
}

/// More pieces than are worth reaching one by one.
void many_pieces(const Answerer& from) {
    char* const area = map(16);
    iovec pieces[16];
    for (size_t i = 0; i < 16; ++i) {
        area[i * page] = '.';
        pieces[i] = {area + i * page + i, 1};
    }
    from.ask();
    std::printf("pieces: %zd ", readv(from.answers(), pieces, 16));
    for (size_t i = 0; i < 16; ++i) {
        std::printf("%c", area[i * page + i]);
    }
    std::printf("\n");
}

volatile sig_atomic_t seen = 0;
siginfo_t information;

void note(int, siginfo_t* about, void*) {
    information = *about;
    seen = seen + 1;
}

/// A frame on a stack that was never touched.
void signal_frames() {
    struct sigaction action{};
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    require(sigaction(SIGUSR1, &action, nullptr) == 0, "sigaction");
    const stack_t stack{map(8), 0, 8 * page};
    require(sigaltstack(&stack, nullptr) == 0, "sigaltstack");
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    const pid_t parent = getpid();
    const pid_t child = children::start([&] { return kill(parent, SIGUSR1); });
    require(sigsuspend(&before) == -1 && errno == EINTR, "sigsuspend");
    std::printf("signal: %d, from the child %d\n", static_cast<int>(seen),
                information.si_pid == child);
    children::wait_for("sender", child);
    sigprocmask(SIG_SETMASK, &before, nullptr);
}

/// Numbers that calls give back, after the child has run.
void answers_of_calls(const Answerer& from) {
    char* const area = map(2);
    auto* const status = reinterpret_cast<int*>(area + page - 2);  // across the end
    const pid_t child = children::start([] { return 7; });
    require(waitpid(child, status, 0) == child, "waitpid");
    int code = 0;
    std::memcpy(&code, status, sizeof code);
    std::printf("status: %d\n", WEXITSTATUS(code));

    pollfd asked{from.answers(), POLLIN, 0};
    from.ask();
    const int ready = poll(&asked, 1, -1);
    std::printf("poll: %d, %x\n", ready, static_cast<unsigned>(asked.revents));
    read_to("answer", from, area);

    const pid_t other = children::start([] { return 8; });
    errno = 0;
    const pid_t refused = waitpid(other, reinterpret_cast<int*>(1), 0);
    std::printf("bad status: %d %s\n", refused, strerrorname_np(errno));
}

/// A word of two processes that is compared in the kernel after the other has run.
void futexes() {
    auto* const word = static_cast<int*>(
        mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    require(word != MAP_FAILED, "mmap");
    const pid_t child = children::start([&] {
        while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == 0) {
            syscall(SYS_futex, word, FUTEX_WAIT, 0, nullptr, nullptr, 0);
        }
        return __atomic_load_n(word, __ATOMIC_SEQ_CST);
    });
    children::wait_until([&] { return children::is_asleep(child); }, "the child sleeps");
    __atomic_store_n(word, 3, __ATOMIC_SEQ_CST);
    std::printf("woken: %ld\n", syscall(SYS_futex, word, FUTEX_WAKE, 1, nullptr, nullptr, 0));
    children::wait_for("waiter", child);
}

}  // namespace

int main() {
    children::begin();
    Answerer answerer;
    pages_of_every_kind(answerer);
    many_pieces(answerer);
    answers_of_calls(answerer);
    answerer.end();
    signal_frames();
    futexes();
}
