#!/usr/bin/env python3
"""How much of some headers test programs reach.

The programs are built by clang with -fprofile-instr-generate -fcoverage-mapping, as `./dev coverage` does. Each is run;
lines and branches are then counted by llvm-cov, a template or inline function once, however often it was compiled.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parent.parent


def tool(name):
    for candidate in (name + "-19", name):
        if path := shutil.which(candidate):
            return path
    sys.exit(f"{name}-19 was not found (Debian: llvm-19)")


def run(programs, folder):
    """Runs the programs and returns the file with what they counted."""
    raw = []
    for program in programs:
        raw.append(os.path.join(folder, program.name + ".profraw"))
        environment = dict(os.environ, LLVM_PROFILE_FILE=raw[-1])
        if subprocess.run([program], env=environment, stdout=subprocess.DEVNULL).returncode != 0:
            sys.exit(f"{program} has failed: run it alone")
    merged = os.path.join(folder, "merged.profdata")
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", "-o", merged, *raw], check=True)
    return merged


def llvm_cov(command, programs, merged, sources):
    objects = [str(programs[0])]
    for program in programs[1:]:
        objects += ["-object", str(program)]
    done = subprocess.run([tool("llvm-cov"), *command, *objects, "-instr-profile=" + merged, *map(str, sources)],
                          stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout


def ratio(counts):
    return 100.0 * counts["covered"] / counts["count"] if counts["count"] else 100.0


def print_table(data):
    print(f"{'':32} {'lines':>16} {'branches':>18}")
    rows = [(os.path.basename(each["filename"]), each["summary"]) for each in data["files"]]
    for name, summary in [*sorted(rows), ("all", data["totals"])]:
        cells = [f"{summary[kind]['covered']:5} of {summary[kind]['count']:4} {ratio(summary[kind]):6.2f} %"
                 for kind in ("lines", "branches")]
        print(f"{name:30} " + "  ".join(cells))


def print_missing(lcov):
    """The lines that never ran, and the branches never taken: of a template, in any one of its instances."""
    lines, branches, name = [], {}, ""
    for entry in lcov.splitlines():
        kind, _, rest = entry.partition(":")
        if kind == "SF":
            name = os.path.basename(rest)
        elif kind == "DA" and rest.split(",")[1] == "0":
            lines.append(f"{name}:{rest.split(',')[0]}: never run")
        elif kind == "BRDA":
            line, block, branch, taken = rest.split(",")
            at = (name, int(line), block, branch)
            branches[at] = max(branches.get(at, 0), 0 if taken == "-" else int(taken))
    for entry in lines:
        print(entry)
    for (name, line, _, branch), taken in sorted(branches.items()):
        if taken == 0:
            print(f"{name}:{line}: branch {branch} never taken")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", nargs="+", type=pathlib.Path)
    parser.add_argument("--sources", type=pathlib.Path, default=PROJECT / "include/cozmq/wire", help="folder of the headers")
    parser.add_argument("--lines", type=float, default=0, help="fail below so many per cent")
    parser.add_argument("--branches", type=float, default=0, help="fail below so many per cent")
    parser.add_argument("--show", action="store_true", help="list what no test reaches")
    arguments = parser.parse_args()
    programs = [program.resolve() for program in arguments.programs]
    sources = sorted(arguments.sources.resolve().rglob("*.hpp"))

    with tempfile.TemporaryDirectory() as folder:
        merged = run(programs, folder)
        data = json.loads(llvm_cov(["export", "-summary-only"], programs, merged, sources))["data"][0]
        print_table(data)
        if arguments.show:
            print_missing(llvm_cov(["export", "-format=lcov"], programs, merged, sources))
    seen = {os.path.realpath(each["filename"]) for each in data["files"]}
    for source in sources:
        if str(source) not in seen:
            sys.exit(f"{source.name}: nothing in it can run, or no test includes it")
    for kind, least in (("lines", arguments.lines), ("branches", arguments.branches)):
        if ratio(data["totals"][kind]) < least:
            sys.exit(f"{kind}: below {least:g} %")


if __name__ == "__main__":
    main()
