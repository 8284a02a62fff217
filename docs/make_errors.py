#!/usr/bin/env python3
"""Makes docs/errors.md from the error table in include/cozmq/core/error.hpp.

    make_errors.py           prints the page
    make_errors.py --write   writes it
    make_errors.py --check   fails when the page is not current
"""
import pathlib
import re
import sys

docs = pathlib.Path(__file__).resolve().parent
page = docs / "errors.md"
source = (docs.parent / "include/cozmq/core/error.hpp").read_text()


def enumerators():
    body = re.search(r"enum class errc \{(.*?)\};", source, re.S).group(1)
    return re.findall(r"^\s*(\w+)", re.sub(r"//[^\n]*", "", body), re.M)


def rows():
    literal = r'"(?:\\.|[^"\\])*"'
    for code, name, text in re.findall(rf'\{{\s*errc::(\w+),\s*"(\w+)",\s*((?:{literal}\s*)+)\}}', source):
        parts = re.findall(literal, text)
        yield code, name, "".join(part[1:-1] for part in parts).replace('\\"', '"')


def posix_names():
    """errc name -> std::errc name, from the switch in default_error_condition."""
    names, waiting = {}, []
    for case, result in re.findall(r"case errc::(\w+):|return std::errc::(\w+);", source):
        if case:
            waiting.append(case)
        else:
            names.update(dict.fromkeys(waiting, result))
            waiting = []
    return names


def make():
    table, posix = list(rows()), posix_names()
    if [code for code, _, _ in table] != enumerators() or any(code != name for code, name, _ in table):
        sys.exit("error.hpp: error_table needs one row per enumerator of errc, in its order and with its name")
    lines = [
        "# Errors",
        "",
        "<!-- Made by docs/make_errors.py from include/cozmq/core/error.hpp; change the table there. -->",
        "",
        "Every error is a `std::error_code`. These are the library's own, of the category `cozmq`; the last column is the",
        "`std::errc` that one compares equal to, so `ec == std::errc::timed_out` holds for each of the timeouts. A cancelled",
        "operation, or one whose socket was closed, ends with `asio::error::operation_aborted`. Errors of the",
        "operating system (`connection_refused`, ...) keep their own category.",
        "",
        "| `cozmq::errc` | text | equals `std::errc` |",
        "|---|---|---|",
    ]
    for code, name, text in table:
        shown = text.replace("|", "\\|")
        lines.append(f"| `{name}` | {shown} | {f'`{posix[code]}`' if code in posix else ''} |")
    return "\n".join(lines) + "\n"


if "--write" in sys.argv:
    page.write_text(make())
elif "--check" in sys.argv:
    if not page.exists() or page.read_text() != make():
        sys.exit("docs/errors.md is not current: run docs/make_errors.py --write")
else:
    print(make(), end="")
