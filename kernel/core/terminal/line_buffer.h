// SPDX-License-Identifier: MIT
// What a terminal has received and nobody has read yet: a ring of bytes that knows where lines end.
#pragma once

#include "base/types.h"
#include "kernel/core/fs/io_buffer.h"

namespace ringfence::kernel {

/// Complete lines come first, then the open one, which can still be edited. Without lines all is
/// open.
class LineBuffer {
public:
    static constexpr u64 capacity = 4096;
    /// As the last byte of a line it stands for the end of input and is not given to readers.
    static constexpr u8 end_of_file = 0;

    [[nodiscard]] u64 size() const { return head_ - tail_; }
    [[nodiscard]] u64 room() const { return capacity - size(); }
    [[nodiscard]] bool has_line() const { return open_line_ != tail_; }
    /// Bytes of the complete lines, without the ends of input among them.
    [[nodiscard]] u64 size_of_lines() const;

    /// Nothing happens if there is no room.
    void put(u8 byte);
    /// `byte` and all before it is a complete line.
    void end_line(u8 byte);

    [[nodiscard]] u64 open_size() const { return head_ - open_line_; }
    /// A byte of the open line.
    [[nodiscard]] u8 open_byte(u64 index) const { return bytes_[(open_line_ + index) % capacity]; }
    /// Takes back the last bytes of the open line.
    void drop_last(u64 count) { head_ -= count; }

    void clear();
    /// Lines count from now on: what is there is a line that ends without a newline.
    void close_open_line();
    /// Lines do not count any more: all that is there is open.
    void forget_lines();

    /// Moves one line, or as much of it as fits. An end of input right behind what filled `to` goes
    /// with it. Fewer bytes up to a bad address, Efault if that is the first.
    Fallible<u64> take_line(const IoDestination& to);
    /// The same of all that is there, lines or not.
    Fallible<u64> take(const IoDestination& to);

private:
    [[nodiscard]] u8 at(u64 position) const { return bytes_[position % capacity]; }
    [[nodiscard]] bool is_end(u64 position) const;
    [[nodiscard]] bool is_end_of_file(u64 position) const {
        return is_end(position) && at(position) == end_of_file;
    }
    void mark_end(u64 position, bool end);
    u64 move_to(const IoDestination& to, u64 count);

    static constexpr u64 word_bits = 64;

    // Positions only grow; a position's place is its remainder.
    u64 head_ = 0;                         ///< where the next byte comes
    u64 open_line_ = 0;                    ///< where the open line begins
    u64 tail_ = 0;                         ///< the next byte to be read
    u64 ends_[capacity / word_bits] = {};  ///< a bit for each byte that ends a line
    u8 bytes_[capacity] = {};
};

}  // namespace ringfence::kernel
