// SPDX-License-Identifier: MIT
#include "lab/terminal/escape_keys.h"

#include <gtest/gtest.h>

namespace ringfence::lab::terminal {
namespace {

using machine::StopReason;
using machine::StopRequest;

class EscapeKeysTest : public ::testing::Test {
protected:
    std::string guest_gets(std::string_view typed) {
        std::string bytes;
        keys.take(typed, bytes);
        return bytes;
    }

    StopRequest stop;
    EscapeKeys keys{stop};
};

TEST_F(EscapeKeysTest, AllOtherKeysAreTheGuests) {
    EXPECT_EQ(guest_gets("x\x03\x04\x1a\x1c\x7f\xff X"), "x\x03\x04\x1a\x1c\x7f\xff X");
    EXPECT_FALSE(stop.requested());
}

TEST_F(EscapeKeysTest, TwoPrefixesAreOneForTheGuest) {
    EXPECT_EQ(guest_gets("a\x01\x01x"), "a\x01x");
    EXPECT_EQ(guest_gets("\x01"), "");
    EXPECT_EQ(guest_gets("\x01"), "\x01");
    EXPECT_FALSE(stop.requested());
}

TEST_F(EscapeKeysTest, ThePrefixAndALetterLeave) {
    EXPECT_EQ(guest_gets("ab\x01"), "ab");
    EXPECT_FALSE(stop.requested());
    EXPECT_EQ(guest_gets("X"), "");
    EXPECT_EQ(stop.reason(), StopReason::Left);
}

TEST_F(EscapeKeysTest, ThePrefixAndAnythingElseMeanNothing) {
    EXPECT_EQ(guest_gets("\x01qab"), "ab");
    EXPECT_FALSE(stop.requested());
}

}  // namespace
}  // namespace ringfence::lab::terminal
