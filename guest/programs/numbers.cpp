// SPDX-License-Identifier: MIT
// Floating point through the C library: SSE and x87 arithmetic, conversion, printing, rounding
// modes.
#include <cfenv>
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

#include <sys/wait.h>
#include <unistd.h>

namespace {

volatile double one = 1.0;
volatile long double wide_one = 1.0L;

void printing() {
    std::printf("%.17g %a %.3e %g\n", M_PI, M_PI, 1e100 * M_PI, 1e-7);
    std::printf("%.20Lg %La\n", wide_one / 3, wide_one / 3);
    std::printf("%g %g %g %g\n", one / 0.0, -one / 0.0, DBL_MIN / 3, DBL_MAX);
    std::printf("%.17g %.9g\n", std::strtod("0.1", nullptr),
                static_cast<double>(std::strtof("16777217", nullptr)));
    std::printf("%lld %d %u\n", std::llround(one * 1e15 + 0.5), static_cast<int>(one * -2.7),
                static_cast<unsigned>(one * 4e9));
}

void functions() {
    for (int i = 1; i <= 5; ++i) {
        const double x = i * 0.7;
        std::printf("%.15g %.15g %.15g %.15g %.15g\n", std::sin(x), std::exp(x), std::log(x),
                    std::sqrt(x), std::pow(x, 1.5));
        std::printf("%.18Lg %.18Lg\n", sinl(x), sqrtl(x));
    }
    std::printf("%g %g %g\n", std::fmod(10.5, 3.0), std::floor(-2.5), std::hypot(3.0, 4.0));
}

void rounding() {
    for (const int mode : {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        std::fesetround(mode);
        std::printf("%.17g %.17g %ld %.20Lg\n", one / 3, -one / 3, std::lrint(one * 2.5),
                    wide_one / 3);
    }
    std::fesetround(FE_TONEAREST);
    std::feclearexcept(FE_ALL_EXCEPT);
    volatile double sink = one / 3;
    sink = one / 0.0;
    static_cast<void>(sink);
    std::printf("inexact %d, division by zero %d, overflow %d\n",
                std::fetestexcept(FE_INEXACT) != 0, std::fetestexcept(FE_DIVBYZERO) != 0,
                std::fetestexcept(FE_OVERFLOW) != 0);
}

/// Two processes compute at the same time: each must keep its own registers and rounding mode.
void two_at_once() {
    std::fflush(stdout);
    const pid_t child = fork();
    std::fesetround(child == 0 ? FE_UPWARD : FE_DOWNWARD);
    double sum = 0;
    for (int i = 1; i < 400000; ++i) {
        sum += one / i;
    }
    if (child == 0) {
        std::printf("upward %.17g\n", sum);
        std::fflush(stdout);
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    std::printf("downward %.17g\n", sum);
}

}  // namespace

int main() {
    printing();
    functions();
    rounding();
    two_at_once();
    return 0;
}
