#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks every #include of the tree against tools/layers.toml. Prints each violation as file:line."""

import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
SOURCES = {".h", ".cpp", ".S", ".inc"}
# The folder that holds the interface headers of the selected architecture; included as "kernel_arch/...".
KERNEL_ARCH = re.compile(r"^kernel/arch/[^/]+/kernel_arch/")


def layer_of(path, layers):
    """The longest listed folder that holds `path`, or None."""
    path = KERNEL_ARCH.sub("kernel_arch/", path)
    candidates = [name for name in layers if path.startswith(name + "/")]
    return max(candidates, key=len, default=None)


def violations_in(file, layers):
    relative = file.relative_to(ROOT).as_posix()
    own = layer_of(relative, layers)
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        where = f"{relative}:{number}"
        if own and "/testing/" in target and "/testing/" not in relative:
            yield f"{where}: {target} is for tests only"
        if own is None:
            continue
        wanted = layer_of(target, layers)
        if wanted is None:
            if not (ROOT / target).exists() and "/" not in target:
                yield f'{where}: "{target}" is not rooted at the repository'
            continue
        if wanted != own and wanted not in layers[own]:
            yield f"{where}: {own} may not include {wanted} ({target})"


def check_acyclic(layers):
    """The declaration itself must be a hierarchy, apart from kernel/core and its architecture."""
    exempt = {("kernel/core", "kernel_arch"), ("kernel_arch", "kernel/core")}
    for name, allowed in layers.items():
        for other in allowed:
            if other not in layers:
                yield f"tools/layers.toml: {name} names the unknown layer {other}"
            elif name in layers[other] and (name, other) not in exempt:
                yield f"tools/layers.toml: {name} and {other} allow each other"


def main():
    layers = tomllib.loads((ROOT / "tools/layers.toml").read_text())["layers"]
    found = list(check_acyclic(layers))
    checked = 0
    for top in sorted({name.split("/")[0] for name in layers if name != "kernel_arch"}):
        for file in sorted((ROOT / top).rglob("*")):
            if file.suffix in SOURCES:
                checked += 1
                found += violations_in(file, layers)
    print("\n".join(found))
    print(f"layers: {checked} files, {len(found)} violations")
    return 1 if found or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
