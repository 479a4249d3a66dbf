// SPDX-License-Identifier: MIT
// What debuggers are shown: functions that call themselves, a variable that changes, a signal.
#include <unistd.h>

#include <csignal>
#include <cstdio>

extern "C" {

volatile long product = 1;
volatile long limit = 5;

[[gnu::noinline]] long factorial(long number) {
    if (number < 2) {
        return 1;
    }
    const long before = factorial(number - 1);
    product = before * number;
    return before * number;
}

[[gnu::noinline, gnu::used]] long twice(long number) {
    return 2 * number;
}
}

int main() {
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    std::printf("%ld\n", factorial(4));
    std::signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    std::printf("%ld\n", factorial(limit));
    return getppid() > 0 ? 6 : 7;
}
