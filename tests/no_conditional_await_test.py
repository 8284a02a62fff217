#!/usr/bin/env python3
"""No `c ? co_await f() : x` in our sources: g++ 12 destroys the temporaries of such an expression twice."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[1]
# Comments and literals are blanked, newlines kept.
NOISE = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'""", re.S)
# From the question mark to a co_await in the same expression; `message{}` may stand between, a block may not.
CONDITIONAL = re.compile(r"\?(?:[^;{}]|\{[^;{}]*\})*?\bco_await\b")

problems = []
for folder in ["include", "tests", "examples", "benchmarks"]:
    for file in sorted((root / folder).rglob("*.[ch]pp")):
        text = NOISE.sub(lambda noise: "\n" * noise.group().count("\n"), file.read_text())
        for found in CONDITIONAL.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            problems.append(f"{file.relative_to(root)}:{line}: conditional expression with co_await; write if and else")

sys.exit("\n".join(problems) or None)
