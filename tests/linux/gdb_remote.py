# SPDX-License-Identifier: MIT
"""A client of GDB's remote protocol, as much of it as a machine under comparison needs: QEMU's stub and the built-in
machine's speak it alike."""

import re
import socket
import time


class Remote:
    def __init__(self, path, patience=300):
        """Connects to the socket at `path`, which may not be there yet."""
        self.socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + patience
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.socket.settimeout(patience)
        self.buffer = b""
        self.breakpoints = set()
        self.ask("qSupported:xmlRegisters=i386;qXfer:features:read+;swbreak+;hwbreak+")
        self.registers = self._read_layout()

    def ask(self, text):
        """Sends a command; answers with the reply's bytes."""
        data = text.encode()
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) % 256))
        return self._receive()

    def _fill(self):
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise EOFError("the machine is gone")
        self.buffer += piece

    def _receive(self):
        while True:
            start, end = self.buffer.find(b"$"), self.buffer.find(b"#")
            if 0 <= start < end and len(self.buffer) >= end + 3:
                data = self.buffer[start + 1:end]
                self.buffer = self.buffer[end + 3:]
                self.socket.sendall(b"+")
                if data[:1] == b"O" and data != b"OK":
                    continue  # text for the user
                return self._unescape(data)
            self._fill()

    @staticmethod
    def _unescape(data):
        data = re.sub(rb"\}(.)", lambda found: bytes([found[1][0] ^ 0x20]), data, flags=re.DOTALL)
        return re.sub(rb"(.)\*(.)", lambda found: found[1] * (found[2][0] - 28), data, flags=re.DOTALL)

    def _document(self, name):
        text = b""
        while True:
            reply = self.ask(f"qXfer:features:read:{name}:{len(text):x},fff")
            text += reply[1:]
            if reply[:1] == b"l":
                return text.decode()

    def _read_layout(self):
        """[(name, bytes)] of the registers, in the order of the protocol."""
        layout = []

        def add(document):
            document = re.sub(r"<!--.*?-->", "", document, flags=re.DOTALL)
            for element in re.findall(r"<(?:reg|xi:include)\b[^>]*>", document):
                fields = dict(re.findall(r'([\w:]+)="([^"]*)"', element))
                if "href" in fields:
                    add(self._document(fields["href"]))
                else:
                    layout.append((fields["name"], int(fields["bitsize"]) // 8))

        add(self._document("target.xml"))
        return layout

    def read_registers(self):
        """{name: value}."""
        data = bytes.fromhex(self.ask("g").decode().replace("x", "0"))
        values, at = {}, 0
        for name, size in self.registers:
            values[name] = int.from_bytes(data[at:at + size], "little")
            at += size
        return values

    def read_virtual(self, address, size):
        """Bytes of RAM, by the page tables of the moment."""
        data = b""
        while len(data) < size:
            reply = self.ask(f"m{address + len(data):x},{min(size - len(data), 2048):x}")
            if not reply or reply[:1] == b"E":
                raise ValueError(f"no memory at {address + len(data):#x}")
            data += bytes.fromhex(reply.decode())
        return data

    def read_physical(self, address, size):
        self.ask("Qqemu.PhyMemMode:1")
        data = self.read_virtual(address, size)
        self.ask("Qqemu.PhyMemMode:0")
        return data

    def set_breakpoints(self, addresses):
        for address in addresses:
            if self.ask(f"Z1,{address:x},1") != b"OK":
                raise ValueError(f"no breakpoint at {address:#x}")
            self.breakpoints.add(address)

    def remove_breakpoint(self, address):
        self.breakpoints.remove(address)
        self.ask(f"z1,{address:x},1")

    def resume(self, here):
        """Runs on from `here`, where it is, to the next breakpoint; answers with the registers there, or None if the
        machine has ended."""
        try:
            return self._step_and_run(here)
        except (EOFError, ConnectionError):
            return None

    def _step_and_run(self, here):
        if here in self.breakpoints:
            self.ask(f"z1,{here:x},1")
            reply = self.ask("s")
            if reply[:1] in (b"W", b"X"):
                return None
            self.ask(f"Z1,{here:x},1")
            registers = self.read_registers()
            if registers["rip"] in self.breakpoints:
                return registers
        reply = self.ask("c")
        # A machine that can go back says that it is at the end of its history, and stays.
        has_ended = reply[:1] in (b"W", b"X") or b"replaylog:end" in reply
        return None if has_ended else self.read_registers()
