#!/usr/bin/env python3
"""Makes docs/coverage.md: the rows of docs/coverage_rows.txt, and the tests whose names start with them.

    make_coverage.py           prints the page
    make_coverage.py --write   writes it
    make_coverage.py --check   fails when the page is not current, or an offered row has no test
    make_coverage.py --gaps    lists what has no test, and what could be marked as done
"""
import pathlib
import re
import sys

docs = pathlib.Path(__file__).resolve().parent
tests = docs.parent / "tests"
page = docs / "coverage.md"

MARKS = {
    "done": "",
    "open": "to come",
    "optional": "optional",
    "threads": "comes with threads",
    "transport": "comes with more transports",
    "elsewhere": "not by a test",
    "never": "not planned",
}


class Row:
    def __init__(self, line):
        fields = [field.strip() for field in line.split(" | ")]
        self.id, self.mark, self.words = fields[:3]
        self.via = [part.strip() for part in fields[3].split(",")] if len(fields) > 3 else []
        self.tests = []
        if self.mark not in MARKS:
            sys.exit(f"coverage_rows.txt: {self.id} has the mark {self.mark}, which there is not")


def read_rows():
    """Headings and rows in their order."""
    result = []
    for line in (docs / "coverage_rows.txt").read_text().splitlines():
        if line.startswith("## "):
            result.append(line[3:])
        elif line and not line.startswith("#"):
            result.append(Row(line))
    return result


def test_names():
    """(file, name) of every test: Catch2's, the examples', and programs that must not compile."""
    literals = r'((?:"(?:\\.|[^"\\])*"\s*)+)'
    for file in sorted(tests.rglob("*")):
        where = file.relative_to(tests).as_posix()
        if file.suffix == ".cpp":
            text = file.read_text()
            for found in re.findall(r"\bTEST_CASE\(\s*" + literals, text):
                yield where, "".join(part[1:-1] for part in re.findall(r'"(?:\\.|[^"\\])*"', found)).replace('\\"', '"')
            if where.startswith("compile/fail/"):
                yield where, text.splitlines()[0].replace("// expect:", "A45 does not compile:")
        elif file.name == "examples_test.py":
            for name in re.findall(r'@test(?:_with_curve)?\("([^"]*)"\)', file.read_text()):
                yield where, name


def ids_of(name, known):
    """The ids at the start of a test's name; "2.7" names the table of the words that follow it, 2.4 (options) goes
    without saying."""
    ids, table = [], "2.4"
    for word in name.split():
        word = word.rstrip(",:")
        if re.fullmatch(r"[ASTBEK]\d+|X-\d+", word):
            ids.append(word)
        elif re.fullmatch(r"2\.\d+", word):
            table = word
        elif table and f"{table} {word}" in known:
            ids.append(f"{table} {word}")
        else:
            break
    return ids


def link(rows):
    """Gives each row its tests; returns the ids that tests name and the list does not know."""
    known = {row.id: row for row in rows}
    unknown = []
    found = list(test_names())
    for where, name in found:
        for each in ids_of(name, known):
            if each not in known:
                unknown.append(f"{each} ({where}: {name})")
            else:
                known[each].tests.append((where, name))
    direct = {row.id: list(row.tests) for row in rows}

    def by_way_of(part, seen):
        if part.startswith("'"):
            matches = [test for test in found if part.strip("'") in test[1]]
            return matches or sys.exit(f"coverage_rows.txt: no test's name has {part} in it")
        if part not in known:
            sys.exit(f"coverage_rows.txt: there is no row {part}")
        if part in seen:
            return []
        result = list(direct[part])
        for further in known[part].via:
            result += by_way_of(further, seen | {part})
        return result

    for row in rows:
        for part in row.via:
            row.tests += by_way_of(part, {row.id})
        row.tests = list(dict.fromkeys(row.tests))
    return unknown


def cell(row):
    if not row.tests:
        return MARKS[row.mark]
    files = {}
    for where, name in row.tests:
        files[where] = files.get(where, 0) + 1
    shown = [f"`{where}`" + (f" ({count})" if count > 1 else "") for where, count in files.items()]
    text = ", ".join(shown[:4]) + (f" and {len(shown) - 4} more files" if len(shown) > 4 else "")
    return text if row.mark in ("done", "optional") else f"{MARKS[row.mark]}; {text}"


def make(listed):
    lines = [
        "# Coverage",
        "",
        "<!-- Made by docs/make_coverage.py from docs/coverage_rows.txt and the names of the tests. -->",
        "",
        "What users of ZeroMQ may expect, and the files of `tests/` with the tests for it; a number says how many of them are",
        "in a file. A test says in its name which rows it covers: `build/dev/tests/socket \"*A12 *\"` runs those of A12.",
    ]
    for item in listed:
        if isinstance(item, str):
            lines += ["", f"## {item}", "", "| row | what | tests |", "|---|---|---|"]
        else:
            lines.append(f"| {item.id} | {item.words} | {cell(item)} |")
    return "\n".join(lines) + "\n"


listed = read_rows()
rows = [item for item in listed if isinstance(item, Row)]
if len({row.id for row in rows}) != len(rows):
    sys.exit("coverage_rows.txt: an id is there twice")
unknown = link(rows)
gaps = [row for row in rows if row.mark == "done" and not row.tests]

if "--write" in sys.argv:
    page.write_text(make(listed))
elif "--check" in sys.argv:
    wrong = [f"{row.id} ({row.words}) is marked as done and has no test" for row in gaps]
    wrong += [f"a test names a row that is not in docs/coverage_rows.txt: {each}" for each in unknown]
    if not page.exists() or page.read_text() != make(listed):
        wrong.append("docs/coverage.md is not current: run docs/make_coverage.py --write")
    if wrong:
        sys.exit("\n".join(wrong))
elif "--gaps" in sys.argv:
    for row in rows:
        if row.mark == "done" and not row.tests:
            print(f"no test      {row.id}: {row.words}")
        elif row.mark == "open":
            print(f"{'tested' if row.tests else 'open  '}       {row.id}: {row.words}")
    print("\n".join(f"unknown      {each}" for each in unknown))
else:
    print(make(listed), end="")
