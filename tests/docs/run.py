#!/usr/bin/env python3
"""Compiles and runs the C++ blocks of README.md and docs/*.md, all of them as one program.

    run.py --compiler CXX --flags FLAGS.txt [--curve] [--keep DIRECTORY]

An HTML comment right before a block says what is done with it:

    <!-- compile -->   it must compile without a warning
    <!-- run -->       it must also run to its end and return 0
    <!-- serve -->     it is started, and must run until all others have ended and it gets SIGTERM

What follows the word in the comment is code that the block needs and a reader does not. A block without functions or types of
its own becomes the body of a coroutine with a `cozmq::context& ctx`. Every block with `#include <cozmq` or `co_await` in
it must have such a comment. Ports are replaced by free ones. Blocks with CURVE are left out unless --curve says that there
is libsodium.
"""
import argparse
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile

LIMIT = 60  # seconds, for one block from start to end
root = pathlib.Path(__file__).resolve().parents[2]

PREFIX = """\
#include <cozmq/cozmq.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>
"""


class Block:
    def __init__(self, page, line, duty, setup, code):
        self.place = f"{page.relative_to(root)}:{line}"
        self.duty, self.setup, self.code = duty, setup, code
        self.name = re.sub(r"\W", "_", self.place)
        self.needs_curve = re.search(r"\bcozmq/curve|\bcurve_", setup + code)

    def cpp(self):
        """The block in a namespace of its own, and how to run it."""
        is_program = re.search(r"^int main\(", self.code, re.M)
        is_declarations = re.search(r"^(asio::awaitable|struct|class|template)\b", self.code, re.M)
        lines = [f"namespace {self.name} {{"]
        if is_program or is_declarations:
            lines += ["int program();" if is_program else "", self.setup, self.code]
            call = f"{self.name}::program()" if is_program else "0"
        else:
            lines += ["asio::awaitable<void> fragment([[maybe_unused]] cozmq::context& ctx)", "{", self.setup, self.code,
                      "co_return;", "}"]
            call = f"cozmq::run({self.name}::fragment)"
        lines.append("}")
        text = "\n".join(lines)
        text = re.sub(r"^#include.*$", "", text, flags=re.M)
        # Only a real main() may end without a return.
        text = re.sub(r"^int main\(\)\n(.*?)^}", r"int main()\n\1  return 0;\n}", text, flags=re.M | re.S)
        return re.sub(r"^int main\(", "int program(", text, flags=re.M), call


def blocks_of(page):
    text = page.read_text()
    for found in re.finditer(r"(?:<!--\s*(\w+)\b(.*?)-->\s*)?^```cpp\n(.*?)^```", text, re.M | re.S):
        line = text.count("\n", 0, found.start(3)) + 1
        duty, setup, code = found.groups()
        if duty in ("compile", "run", "serve"):
            yield Block(page, line, duty, setup, code)
        elif "#include <cozmq" in code or "co_await" in code:
            sys.exit(f"{page.relative_to(root)}:{line}: this block needs <!-- run -->, <!-- serve --> or <!-- compile -->")


def program_of(blocks, prefix):
    texts, calls = [], []
    for number, block in enumerate(blocks):
        text, call = block.cpp()
        texts.append(f"// {block.place}\n{text}\n")
        calls.append(f"    case {number}: return {call};\n")
    main = ("int main(int, char* argv[])\n{\n  switch (std::atoi(argv[1])) {\n" + "".join(calls) +
            "    default: return 2;\n  }\n}\n")
    return with_free_ports(prefix + "".join(texts) + main)


def free_port():
    """One that no program is given that asks for any port: the tests beside this one do, while this one compiles."""
    while True:
        port = random.randrange(20000, 32000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return port
        except OSError:
            pass  # taken


def with_free_ports(text):
    for port in sorted(set(re.findall(r'tcp://[^":]*:(\d{4})"', text))):
        text = re.sub(rf'(tcp://[^":]*):{port}"', rf'\g<1>:{free_port()}"', text)
    return text


def compiler_flags(file):
    flags = []
    for flag in file.read_text().splitlines():
        if flag in ("", "-I", "-D", "-I/usr/include"):  # see tests/compile/check.py
            continue
        ours = flag.startswith("-I") and pathlib.Path(flag[2:]).is_relative_to(root)
        flags += ["-isystem", flag[2:]] if flag.startswith("-I") and not ours else [flag]
    return flags


def build(blocks, where, args):
    source, program = where / "docs.cpp", where / "docs"
    source.write_text(program_of(blocks, "#include <cozmq/curve.hpp>\n" * args.curve + PREFIX))
    # What a reader is shown need not use all it names.
    command = [args.compiler, *compiler_flags(args.flags), "-Wno-unused-variable", "-Wno-unused-but-set-variable",
               str(source), "-o", str(program), "-lfmt", *["-lsodium"] * args.curve, "-pthread"]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"the blocks of the documentation do not compile:\n{' '.join(command)}")
    return program


def run_all(blocks, program, where):
    failed = []

    def start(number):
        return subprocess.Popen([str(program), str(number)], cwd=where)

    def check(block, process):
        try:
            status = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            status = f"not at all within {LIMIT} s"
        print(f"{'ok  ' if status == 0 else 'FAIL'} {block.duty} {block.place}", flush=True)
        if status != 0:
            failed.append(f"{block.place}: ended with {status}")

    servers = [(block, start(number)) for number, block in enumerate(blocks) if block.duty == "serve"]
    for number, block in enumerate(blocks):
        if block.duty == "run":
            check(block, start(number))
    for block, process in servers:
        process.send_signal(signal.SIGTERM)
        check(block, process)
    return failed


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--compiler", required=True)
    arguments.add_argument("--flags", type=pathlib.Path, required=True)
    arguments.add_argument("--curve", action="store_true", help="there is libsodium: blocks with CURVE, too")
    arguments.add_argument("--keep", type=pathlib.Path, help="write the program there, to look at it")
    args = arguments.parse_args()
    blocks = [block for page in (root / "README.md", *sorted((root / "docs").rglob("*.md"))) for block in blocks_of(page)]
    if not args.curve:
        for block in filter(lambda block: block.needs_curve, blocks):
            print(f"skip {block.place}: no libsodium")
        blocks = [block for block in blocks if not block.needs_curve]
    with tempfile.TemporaryDirectory() as scratch:
        where = args.keep or pathlib.Path(scratch)
        failed = run_all(blocks, build(blocks, where, args), where)
    print(f"{len(blocks)} blocks, {len(failed)} failed")
    sys.exit("\n".join(failed) or 0)


if __name__ == "__main__":
    main()
