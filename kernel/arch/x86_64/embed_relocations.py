#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what must change in the kernel's image when it moves: embed_relocations.py IMAGE OUTPUT.

IMAGE is linked with --emit-relocs. Without one (empty IMAGE) the table is empty: that is what the first link uses. The
second may differ only in what lies behind all fields (kernel.ld puts the symbols last).

An image is refused if something that user tables map depends on a place that moves: a program could read it.
"""

import struct
import sys

# Symbols of kernel.ld whose values are displaced by more than the image is, and their lists.
REGIONS = {"__direct_map": 3, "__kernel_stacks": 4, "__device_registers": 5}
IMAGE_64, IMAGE_32, FROM_IMAGE_32, LISTS = 0, 1, 2, 6

IMAGE = range(0xFFFFFFFF80000000, 0xFFFFFFFFC0000000)  # what moves with __kernel_base
USER_TABLES = (".entry_text", ".exit_text")

R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_32, R_X86_64_32S, R_X86_64_PC64 = 1, 2, 4, 10, 11, 24
SHT_RELA, SHF_ALLOC, PT_LOAD = 4, 2, 1


class Image:
    """The parts of a 64-bit little-endian ELF file that are needed here. [elf]: chapters 4 and 5."""

    def __init__(self, data):
        self.data = data
        ph_start, sh_start = struct.unpack_from("<QQ", data, 0x20)
        ph_size, ph_count, sh_size, sh_count, names = struct.unpack_from("<HHHHH", data, 0x36)
        self.segments = [struct.unpack_from("<IIQQQQQQ", data, ph_start + i * ph_size) for i in range(ph_count)]
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", data, sh_start + i * sh_size) for i in range(sh_count)]
        self.section_names = [self.text(names, section[0]) for section in self.sections]

    def text(self, table, offset):
        start = self.sections[table][4] + offset
        return self.data[start : self.data.index(b"\0", start)].decode()

    def physical(self, address):
        for kind, _, _, virtual, physical, _, size, _ in self.segments:
            if kind == PT_LOAD and virtual <= address < virtual + size:
                return address - virtual + physical
        raise SystemExit(f"embed_relocations: {address:#x} is in no segment")

    def symbol(self, table, index):
        """(name, value)"""
        name, info, _, section, value, _ = struct.unpack_from("<IBBHQQ", self.data, self.sections[table][4] + index * 24)
        is_section = info & 15 == 3
        shown = self.section_names[section] if is_section else self.text(self.sections[table][6], name)
        return shown, value

    def relocations(self):
        """(section's name, address of the field, type, symbol, addend) of all that is loaded."""
        for _, kind, _, _, offset, size, link, target, _, entry in self.sections:
            if kind != SHT_RELA or not self.sections[target][2] & SHF_ALLOC:
                continue
            for at in range(offset, offset + size, entry):
                address, info, addend = struct.unpack_from("<QQq", self.data, at)
                yield self.section_names[target], address, info & 0xFFFFFFFF, self.symbol(link, info >> 32), addend


def list_of(section, address, kind, symbol, addend):
    """The list that a field belongs to, or None if it need not change."""
    name, value = symbol
    here_moves = address in IMAGE
    there_moves = value in IMAGE or name in REGIONS
    if kind in (R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_PC64):
        if here_moves == there_moves:
            return None
        if kind == R_X86_64_PC64 or name in REGIONS:
            raise SystemExit(f"embed_relocations: {section} has a distance to {name} that cannot be relocated")
        return FROM_IMAGE_32 if here_moves else IMAGE_32
    if not there_moves:
        return None
    if kind == R_X86_64_64:
        return REGIONS.get(name, IMAGE_64)
    if kind == R_X86_64_32S and name not in REGIONS:
        return IMAGE_32
    raise SystemExit(f"embed_relocations: {section} uses {name}+{addend:#x} by relocation type {kind}, which cannot move")


def lists(image):
    result = [[] for _ in range(LISTS)]
    for section, address, kind, symbol, addend in image.relocations():
        which = list_of(section, address, kind, symbol, addend)
        if which is None:
            continue
        if section in USER_TABLES:
            raise SystemExit(
                f"embed_relocations: {section} at {address:#x} uses {symbol[0]}, which moves: a program could learn where it is"
            )
        result[which].append(image.physical(address))
    return result


def main():
    path, output = sys.argv[1:]
    found = [[]] * LISTS
    if path:
        with open(path, "rb") as file:
            found = lists(Image(file.read()))
    lines = ["// Made by embed_relocations.py.", '        .section .relocations, "a", @progbits', "        .balign 8"]
    lines += ["        .globl relocations", "relocations:"]
    for fields in found:
        lines.append(f"        .long {len(fields)}")
        lines += [f"        .long {field:#x}" for field in sorted(fields)]
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
