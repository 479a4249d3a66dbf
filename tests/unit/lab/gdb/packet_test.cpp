// SPDX-License-Identifier: MIT
// The packet layer: whatever comes down the line, cut however it is, becomes arrivals or nothing.
#include "lab/gdb/packet.h"

#include <gtest/gtest.h>

#include <vector>

#include "lab/gdb/hex.h"

namespace ringfence::lab::gdb {
namespace {

using namespace std::string_literals;
using Kind = Arrival::Kind;

std::vector<Arrival> read(std::string_view bytes, usize piece = ~usize{0}) {
    PacketReader reader;
    std::vector<Arrival> arrivals;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        reader.add(bytes.substr(0, piece));
        while (auto arrival = reader.next()) {
            arrivals.push_back(*std::move(arrival));
        }
    }
    return arrivals;
}

std::vector<Kind> kinds(std::string_view bytes) {
    std::vector<Kind> kinds;
    for (const Arrival& arrival : read(bytes)) {
        kinds.push_back(arrival.kind);
    }
    return kinds;
}

TEST(GdbFrame, HasAChecksumOfTwoDigits) {
    EXPECT_EQ(frame("OK"), "$OK#9a");
    EXPECT_EQ(frame(""), "$#00");
}

TEST(GdbFrame, EscapesWhatWouldEndOrRepeat) {
    EXPECT_EQ(frame("a#b"), "$a}\x03"s + "b#43");
    EXPECT_EQ(frame("$}*").substr(1, 6), "}\x04}]}\n");
}

TEST(GdbPacket, ComesBackAsItWasSent) {
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte) {
        every_byte.push_back(static_cast<char>(byte));
    }
    for (const std::string& payload : {"m1,2"s, ""s, every_byte}) {
        for (const usize piece : {usize{1}, usize{7}, ~usize{0}}) {
            const auto arrivals = read(frame(payload), piece);
            ASSERT_EQ(arrivals.size(), 1U);
            EXPECT_EQ(arrivals[0].kind, Kind::Packet);
            EXPECT_EQ(arrivals[0].payload, payload);
        }
    }
}

TEST(GdbPacket, IsDamagedIfItsChecksumIsWrong) {
    EXPECT_EQ(kinds("$OK#9b"), std::vector{Kind::Damaged});
    EXPECT_EQ(kinds("$OK#9x"), std::vector{Kind::Damaged});
    EXPECT_EQ(kinds("$OK#-1"), std::vector{Kind::Damaged});
    EXPECT_EQ(kinds("$OK#9b$OK#9a"), (std::vector{Kind::Damaged, Kind::Packet}));
}

TEST(GdbPacket, ThatIsCutOffIsForgotten) {
    EXPECT_EQ(kinds("$O"), std::vector<Kind>{});
    EXPECT_EQ(kinds("$m12$OK#9a"), std::vector{Kind::Packet});
    EXPECT_EQ(kinds("$m}$OK#9a"), std::vector{Kind::Packet});
}

TEST(GdbPacket, MayBeAsLongAsWeSayAndNoLonger) {
    const std::string longest(PacketReader::longest_packet, 'm');
    EXPECT_EQ(kinds(frame(longest)), std::vector{Kind::Packet});
    EXPECT_EQ(kinds(frame(longest + "m")), std::vector{Kind::Damaged});
    EXPECT_EQ(kinds(frame(std::string(10 * longest.size(), 'm')) + frame("g")),
              (std::vector{Kind::Damaged, Kind::Packet}));
}

TEST(GdbPacket, SignsStandBetweenPackets) {
    EXPECT_EQ(kinds("+-\x03"), (std::vector{Kind::Accepted, Kind::Refused, Kind::Interrupt}));
    EXPECT_EQ(kinds("noise\xff\0+"s), std::vector{Kind::Accepted});
    const auto inside = read("$a\x03+-#"s + "61");
    ASSERT_EQ(inside.size(), 1U);
    EXPECT_EQ(inside[0].kind, Kind::Damaged);
}

TEST(GdbPacket, AnyBytesAreRead) {
    u32 state = 1;
    for (int round = 0; round < 200; ++round) {
        std::string bytes;
        for (int i = 0; i < 500; ++i) {
            state = state * 1'664'525 + 1'013'904'223;
            // Marks are more frequent than they would be.
            constexpr std::string_view marks = "$#}*+-\x03";
            const u32 pick = state >> 24;
            bytes.push_back(pick < 64 ? marks[pick % marks.size()] : static_cast<char>(pick));
        }
        for (const Arrival& arrival : read(bytes, 13)) {
            EXPECT_LE(arrival.payload.size(), bytes.size());
        }
        const auto after = read(bytes + "#00" + frame("g"));
        ASSERT_FALSE(after.empty());
        EXPECT_EQ(after.back().payload, "g");
    }
}

TEST(GdbHex, GoesThereAndBack) {
    EXPECT_EQ(to_hex("A\xff"), "41ff");
    EXPECT_EQ(from_hex("41FF"), (std::vector<u8>{0x41, 0xff}));
    EXPECT_EQ(from_hex("4"), std::nullopt);
    EXPECT_EQ(from_hex("4g"), std::nullopt);
    EXPECT_EQ(from_hex("-1"), std::nullopt);
}

TEST(GdbFields, AreReadFromLeftToRight) {
    Fields fields("ffffffff80000000,10:rest");
    EXPECT_EQ(fields.number(), 0xffff'ffff'8000'0000U);
    EXPECT_FALSE(fields.take(':'));
    EXPECT_TRUE(fields.take(','));
    EXPECT_EQ(fields.until(':'), "10");
    EXPECT_EQ(fields.rest(), "rest");
    EXPECT_EQ(Fields("").number(), std::nullopt);
    EXPECT_EQ(Fields("x").number(), std::nullopt);
    EXPECT_EQ(Fields("10000000000000000").number(), std::nullopt) << "more than 64 bits";
}

}  // namespace
}  // namespace ringfence::lab::gdb
