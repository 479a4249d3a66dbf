# SPDX-License-Identifier: MIT
"""What the tests of this folder boot, and how, on the built-in machine and on QEMU."""

import lzma
import os
import struct
import subprocess

BUSYBOX = "/bin/busybox"
# As skylake-sp is here: what QEMU has beyond it decides how long a signal frame is, and which routines libc takes.
PROCESSOR = "Skylake-Server"
# Options that leave out what only one of the two platforms has, or that depends on the host's clock: PCI, the I/O APIC,
# serial ports beside the first, and measuring the processor's speed.
PLATFORM = "console=ttyS0 acpi=off pci=off noapic 8250.nr_uarts=1 lpj=4000000 tsc=reliable tsc_early_khz=1000000 nokaslr"

INIT = """#!/bin/busybox sh
exec </dev/console >/dev/console 2>&1
bb=/bin/busybox
$bb mount -t devtmpfs devtmpfs /dev
$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb uname -srm
$bb cat /sys/devices/system/cpu/vulnerabilities/meltdown
$bb grep -qw pti /proc/cpuinfo && echo "user mode has tables of its own"
$bb md5sum $bb
$bb seq 1 3000 | $bb sort -r | $bb md5sum
for i in 1 2 3 4 5; do ( $bb sleep 0.01; exit $i ) & done; wait; echo "waited"
$bb sh -c 'kill -SEGV $$'; echo "signal: $?"
$bb dd if=/dev/zero of=/file bs=64k count=64 2>/dev/null; $bb gzip -c /file | $bb md5sum
$bb tar -c /bin | $bb tar -t
$bb awk 'BEGIN { for (i = 1; i < 5; ++i) printf "%.6f\\n", exp(i) * sin(i) }'
$bb reboot -f
"""


def cpio(files):
    """An initramfs in the "newc" format; a directory is a file whose content is None."""
    archive = bytearray()
    for number, (name, mode, content) in enumerate(files + [("TRAILER!!!", 0, b"")], 1):
        data = content or b""
        kind = 0o040000 if content is None else 0o100000
        fields = [number, kind | mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        archive += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        archive += bytes(-len(archive) % 4)
        archive += data + bytes(-len(data) % 4)
    return bytes(archive)


def write_initrd(path, init=INIT, program=None, more=()):
    """Busybox and `init`, a script; also `program`, a file of the host, as /program, and `more` as cpio() takes it."""
    files = [(name, 0o755, None) for name in ("bin", "dev", "proc", "sys")] + [("init", 0o755, init.encode())]
    for name, source in (("bin/busybox", BUSYBOX), ("program", program)):
        if source:
            with open(source, "rb") as file:
                files.append((name, 0o755, file.read()))
    files += more
    with open(path, "wb") as file:
        file.write(cpio(files))


def kernel():
    """Debian's vmlinuz, which `./dev kernel` fetches."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.path.join(os.environ.get("RINGFENCE_LINUX") or os.path.join(root, "build", "linux"), "vmlinuz")
    if not os.path.exists(path):
        raise SystemExit(f"{path} is missing: run './dev kernel' first")
    return path


def write_vmlinux(path):
    """Unpacks the kernel proper, so that QEMU need not let it unpack itself. [linux/boot], "payload_offset"."""
    with open(kernel(), "rb") as file:
        image = file.read()
    sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (sectors + 1) * 512 + offset
    with open(path, "wb") as file:
        file.write(lzma.LZMADecompressor().decompress(image[start:start + length]))


def kernel_symbols(command):
    """{name: address}, as the kernel tells them."""
    done = subprocess.run([command, "boot", "--kernel", kernel(), "--", BUSYBOX, "cat", "/proc/kallsyms"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    return {row[2]: int(row[0], 16) for row in reversed(rows) if len(row) == 3 and row[1] in "tTwW"}


def qemu(vmlinux, initrd, append, *more):
    # Time by instructions: what Linux finds must not depend on the host's load.
    return ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-icount", "shift=0,sleep=off",
            "-rtc", "base=2020-01-01", "-cpu", PROCESSOR, "-m", "256", "-display", "none", "-no-reboot",
            "-nodefaults", "-kernel", vmlinux, "-initrd", initrd, "-append", append, "-serial", "stdio", *more]


def machine(command, vmlinux, initrd, append, *more):
    return [command, "boot", "--cpu", "skylake-sp", "--memory", "256", "--kernel", vmlinux, "--boot", "pvh", "--initrd", initrd, "--no-default-append",
            "--append", append, *more]
