# SPDX-License-Identifier: MIT
"""Boots a Linux on Debian's Bochs, from a disc image with a boot loader, since Bochs loads no kernel by itself."""
import os
import pathlib
import shutil
import subprocess
import time

LOADER = "/usr/lib/ISOLINUX/isolinux.bin"
LOADER_LIBRARY = "/usr/lib/syslinux/modules/bios/ldlinux.c32"
# A billion instructions are a second, as on the built-in machine; nothing waits for the host's clock.
SETTINGS = """config_interface: textconfig
display_library: x
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
cpu: count=1, ips=1000000000, model=corei7_skylake_x, reset_on_triple_fault=0
memory: guest=256, host=256
boot: cdrom
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={disc}, status=inserted
com1: enabled=1, mode=file, dev={serial}
clock: sync=none
log: {log}
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""
PATIENCE_SECONDS = 600


def make_disc(directory, kernel, initrd, append):
    """A disc image that boots `kernel` at once."""
    tree = pathlib.Path(directory, "disc")
    loader = tree / "isolinux"
    loader.mkdir(parents=True)
    shutil.copy(kernel, tree / "vmlinuz")
    shutil.copy(initrd, tree / "initrd")
    for file in (LOADER, LOADER_LIBRARY):
        shutil.copy(file, loader)
    (loader / "isolinux.cfg").write_text(
        f"default linux\nprompt 0\nlabel linux\n kernel /vmlinuz\n append initrd=/initrd {append}\n")
    disc = pathlib.Path(directory, "disc.iso")
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", disc, "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat",
                    "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", tree], check=True)
    return disc


def cpu_seconds_of(process):
    """CPU time of a process so far."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def emulator_under(process):
    """The process of the emulator itself among those that `process` started, or None."""
    waiting = [process]
    while waiting:
        each = waiting.pop()
        try:
            if pathlib.Path(f"/proc/{each}/comm").read_text().strip().startswith("bochs-bin"):
                return each
            waiting += [int(child) for child in pathlib.Path(f"/proc/{each}/task/{each}/children").read_text().split()]
        except OSError:
            pass
    return None


def boot_seconds(directory, kernel, initrd, append):
    """CPU time from the first line that Linux prints to "booted"; loader and decompression are before that."""
    disc = make_disc(directory, kernel, initrd, append)
    serial, log, settings, go = (pathlib.Path(directory, name) for name in ("serial", "log", "bochsrc", "go"))
    serial.unlink(missing_ok=True)
    settings.write_text(SETTINGS.format(disc=disc, serial=serial, log=log))
    go.write_text("c\n")  # Debian's Bochs starts in its debugger
    started = subprocess.Popen(["xvfb-run", "-a", "bochs", "-q", "-f", settings, "-rc", go], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    first = None
    end = time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < end and started.poll() is None:
            time.sleep(0.02)
            text = serial.read_bytes() if serial.exists() else b""
            emulator = emulator_under(started.pid)
            if not text or emulator is None:
                continue
            now = cpu_seconds_of(emulator)
            first = now if first is None else first
            if b"booted" in text:
                return now - first
        raise SystemExit(f"Bochs did not boot: {log} ends with\n{log.read_text(errors='replace')[-500:]}")
    finally:
        emulator = emulator_under(started.pid)
        for process in (emulator, started.pid):
            if process:
                subprocess.run(["kill", "-KILL" if process == emulator else "-TERM", str(process)], check=False)
        started.wait()
        shutil.rmtree(pathlib.Path(directory, "disc"))
