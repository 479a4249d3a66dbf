# SPDX-License-Identifier: MIT
"""What the page tables of a stopped machine map, read from its memory. [intel/vol3]: 4.5, 4-level paging."""

PRESENT, WRITABLE, USER, LARGE, GLOBAL, NO_EXECUTE = 1, 2, 4, 1 << 7, 1 << 8, 1 << 63
ADDRESS = 0x000F_FFFF_FFFF_F000


class Walker:
    """Reads each table once."""

    def __init__(self, machine):
        self.machine = machine
        self.tables = {}

    def table(self, address):
        if address not in self.tables:
            data = self.machine.read_physical(address, 4096)
            self.tables[address] = [int.from_bytes(data[i:i + 8], "little") for i in range(0, 4096, 8)]
        return self.tables[address]

    def ranges(self, root):
        """[(first, behind, rights)] of what `root` maps, in order; neighbours of equal rights are one."""
        found = []
        self._walk(root & ADDRESS, 39, 0, WRITABLE | USER, False, found)
        return found

    def _walk(self, address, shift, base, allowed, never_executed, found):
        for index, entry in enumerate(self.table(address)):
            if not entry & PRESENT:
                continue
            first = base + (index << shift)
            if shift == 39 and index >= 256:
                first |= 0xFFFF_0000_0000_0000
            rights = allowed & entry
            no_execute = never_executed or bool(entry & NO_EXECUTE)
            if shift > 12 and not (shift < 39 and entry & LARGE):
                self._walk(entry & ADDRESS, shift - 9, first, rights, no_execute, found)
                continue
            text = ("u" if rights & USER else "-") + ("w" if rights & WRITABLE else "-") + ("-" if no_execute else "x") + (
                "g" if entry & GLOBAL else "-")
            if found and found[-1][1] == first and found[-1][2] == text:
                found[-1] = (found[-1][0], first + (1 << shift), text)
            else:
                found.append((first, first + (1 << shift), text))
