#!/usr/bin/env python3
"""Dependencies between the layers point one way (docs/adr/0001-layers.md)."""
import pathlib
import re
import sys

LAYERS = ["core", "message", "wire", "routing", "transport", "engine", "pattern", "socket", "service", "curve"]
WITHOUT_ASIO = LAYERS[: LAYERS.index("transport")]

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1] / "include") / "cozmq"
problems = []


def layer_of(path):
    """The layer of a path below cozmq/; the files at its top (cozmq.hpp, fwd.hpp) see everything."""
    return path.split("/")[0] if "/" in path else "top"


def rank(layer):
    return LAYERS.index(layer) if layer in LAYERS else len(LAYERS)


for file in sorted(top.rglob("*.hpp")):
    name = file.relative_to(top).as_posix()
    layer = layer_of(name)
    text = file.read_text()
    if layer not in LAYERS + ["top"]:
        problems.append(f"{name}: {layer} is not a layer")
    if not text.startswith("// "):
        problems.append(f"{name}: the first line does not say the file's idea")
    if "\n#pragma once\n" not in text:
        problems.append(f"{name}: no #pragma once")
    for included in re.findall(r'^\s*#\s*include\s*([<"].*?[>"])', text, re.M):
        target = included[1:-1]
        if included[0] == '"':
            problems.append(f'{name}: includes {included}; write <cozmq/...>')
        if target == "asio.hpp":
            problems.append(f"{name}: includes all of Asio; include what it uses")
        if layer in WITHOUT_ASIO and target.startswith("asio"):
            problems.append(f"{name}: Asio starts at transport, {layer} is below")
        if name == "cozmq.hpp" and target.startswith("cozmq/curve"):
            problems.append(f"{name}: includes {target}, which needs libsodium")
        if layer != "curve" and target == "sodium.h":
            problems.append(f"{name}: libsodium is for curve only")
        if target == "cozmq/cozmq.hpp":
            problems.append(f"{name}: cozmq.hpp is for users, no header includes it")
        elif target.startswith("cozmq/") and target != "cozmq/version.hpp":
            if not (top / target[6:]).exists():
                problems.append(f"{name}: {target} does not exist")
            if rank(layer_of(target[6:])) > rank(layer):
                problems.append(f"{name}: includes {target}, but {layer} is below {layer_of(target[6:])}")

sys.exit("\n".join(problems) or None)
