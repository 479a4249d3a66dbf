// SPDX-License-Identifier: MIT
#include "lab/machine/control_decoder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "lab/machine/guest_session.h"

namespace ringfence::lab::machine {
namespace {

using abi::control::Record;

std::string record(Record type, std::string_view payload) {
    const abi::control::RecordHeader header{type, static_cast<u32>(payload.size())};
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    return bytes.append(payload);
}

template <typename T>
std::string bytes_of(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

TEST(ControlDecoder, PiecesOfAnySizeGiveTheSameRecords) {
    const std::string stream =
        record(Record::RunFailed, "no such program") + record(Record::UserTables, "") +
        record(Record::ExitStatus, bytes_of(abi::control::ExitStatus{.code = 7, .signal = 0}));
    for (usize piece = 1; piece <= stream.size(); ++piece) {
        std::string seen;
        ControlDecoder decoder([&](Record type, std::string_view payload) {
            seen += fmt::format("{}:{};", static_cast<u32>(type), payload.size());
        });
        for (usize at = 0; at < stream.size(); at += piece) {
            ASSERT_TRUE(decoder.feed(std::string_view(stream).substr(at, piece)).ok());
        }
        EXPECT_EQ(seen, "6:15;5:0;2:8;") << "pieces of " << piece;
        EXPECT_TRUE(decoder.between_records());
    }
}

TEST(ControlDecoder, NonsenseIsAnErrorThatStays) {
    const auto rejects = [](const std::string& stream) {
        ControlDecoder decoder([](Record, std::string_view) { ADD_FAILURE() << "handled"; });
        return !decoder.feed(stream).ok() && !decoder.feed(record(Record::UserTables, "")).ok();
    };
    EXPECT_TRUE(rejects(record(Record{0}, "")));
    EXPECT_TRUE(rejects(record(Record{99}, "x")));
    EXPECT_TRUE(rejects(record(Record::ExitStatus, "1234567")));
    EXPECT_TRUE(rejects(record(Record::StandardInput, "12345")));
    EXPECT_TRUE(rejects(bytes_of(abi::control::RecordHeader{Record::UserTables, 0xffffffff})));
}

TEST(GuestSession, KeepsWhatTheKernelReports) {
    CapturedStreams streams("");
    GuestSession session(streams);
    EXPECT_TRUE(session.receive(Port::ProgramOutput, std::string_view("a\0b", 3)));
    EXPECT_TRUE(session.receive(Port::ProgramError, "e"));
    EXPECT_TRUE(session.receive(Port::KernelLog, "log\n"));
    abi::control::Statistics statistics{};
    statistics.system_calls = 5;
    EXPECT_TRUE(session.receive(
        Port::Control,
        record(Record::Statistics, bytes_of(statistics)) +
            record(Record::UnknownSyscall, bytes_of(abi::control::UnknownSyscall{300, 2})) +
            record(Record::ExitStatus, bytes_of(abi::control::ExitStatus{0, 11}))));
    EXPECT_EQ(streams.output, std::string("a\0b", 3));
    EXPECT_EQ(streams.error, "e");
    const GuestReport& report = session.report();
    EXPECT_EQ(report.kernel_log, "log\n");
    EXPECT_EQ(report.statistics->system_calls, 5U);
    EXPECT_EQ(report.exit->signal, 11U);
    ASSERT_EQ(report.unknown_syscalls.size(), 1U);
    EXPECT_EQ(report.unknown_syscalls[0].number, 300U);
    EXPECT_FALSE(session.receive(Port::Control, record(Record{77}, "")));
    EXPECT_NE(report.protocol_error, "");
}

TEST(GuestSession, GivesInputOnlyWhenAskedAndNoMoreThanWanted) {
    CapturedStreams streams("0123456789");
    GuestSession session(streams);
    EXPECT_EQ(session.take_answer(), "");
    const auto ask = [&](u32 most) {
        EXPECT_TRUE(session.receive(Port::Control, record(Record::StandardInput, bytes_of(most))));
        return session.take_answer();
    };
    EXPECT_EQ(ask(4), bytes_of(u32{4}) + "0123");
    EXPECT_EQ(ask(4096), bytes_of(u32{6}) + "456789");
    EXPECT_EQ(ask(1), bytes_of(u32{0})) << "the end of the input";
    EXPECT_EQ(ask(1), bytes_of(u32{0})) << "and it stays there";
}

}  // namespace
}  // namespace ringfence::lab::machine
