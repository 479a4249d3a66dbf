// SPDX-License-Identifier: MIT
// The part of every image between boot.S and its tests.
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

extern "C" void start_image();

void start_image() {
    using namespace ringfence::system_test;
    out << "KTAP version 1\n";
    set_up_traps();
    run_tests();
    finish();
}
