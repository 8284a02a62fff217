#!/usr/bin/env python3
"""Compiles one file and checks the outcome.

    check.py pass FILE --compiler CXX --flags FLAGS.txt    it must compile, without a warning
    check.py fail FILE ...                                 it must not, and every `// expect: text` must be in the output
"""
import argparse
import pathlib
import re
import subprocess
import sys

arguments = argparse.ArgumentParser()
arguments.add_argument("verdict", choices=["pass", "fail"])
arguments.add_argument("file", type=pathlib.Path)
arguments.add_argument("--compiler", required=True)
arguments.add_argument("--flags", type=pathlib.Path, required=True)
args = arguments.parse_args()

root = pathlib.Path(__file__).resolve().parents[2]
command = [args.compiler]
for flag in args.flags.read_text().splitlines():
    if flag in ("", "-I", "-D", "-I/usr/include"):  # /usr/include is searched anyway; naming it breaks #include_next
        continue
    ours = flag.startswith("-I") and pathlib.Path(flag[2:]).is_relative_to(root)
    command += ["-isystem", flag[2:]] if flag.startswith("-I") and not ours else [flag]
command += ["-fsyntax-only", str(args.file)]

run = subprocess.run(command, text=True, capture_output=True)
output = run.stdout + run.stderr
problems = []
if args.verdict == "pass" and run.returncode != 0:
    problems.append("does not compile")
if args.verdict == "fail":
    expected = re.findall(r"^// expect: *(.*\S)", args.file.read_text(), re.M)
    if not expected:
        problems.append("has no `// expect: text` line")
    if run.returncode == 0:
        problems.append("compiles, but must not")
    problems += [f"the compiler does not say: {text}" for text in expected if text not in output]

if problems:
    print(" ".join(command), output, sep="\n")
    sys.exit("\n".join(f"{args.file.name}: {problem}" for problem in problems))
