#!/usr/bin/env python3
"""Builds and runs a small program against cozmq as its users get it:

    run.py find_package | pkg_config | fetch_content | plain_include  --compiler g++ --cmake cmake [--asio DIR]
"""
import argparse
import os
import pathlib
import shlex
import subprocess
import tempfile

here = pathlib.Path(__file__).resolve().parent
root = here.parents[1]
arguments = argparse.ArgumentParser()
arguments.add_argument("consumer", choices=["find_package", "pkg_config", "fetch_content", "plain_include"])
arguments.add_argument("--compiler", default="g++")
arguments.add_argument("--cmake", default="cmake")
arguments.add_argument("--asio", default="", help="where asio.hpp is, if not in the compiler's path")
args = arguments.parse_args()


def run(*command, **more):
    print("+", shlex.join(map(str, command)), flush=True)
    return subprocess.run(list(map(str, command)), check=True, text=True, **more)


with tempfile.TemporaryDirectory() as scratch:
    work = pathlib.Path(scratch)
    prefix, build, program = work / "prefix", work / "build", work / "user"
    options = ["-G", "Ninja", f"-DCMAKE_CXX_COMPILER={args.compiler}", f"-DCMAKE_PREFIX_PATH={prefix}"]
    plain = [args.compiler, "-std=c++20", here / "program/main.cpp", "-o", program]
    if args.asio not in ("", "/usr/include"):
        options.append(f"-Dasio_INCLUDE_DIR={args.asio}")
        plain += ["-isystem", args.asio]

    if args.consumer in ("find_package", "pkg_config"):
        off = [f"-DCOZMQ_BUILD_{part}=OFF" for part in ("TESTS", "EXAMPLES", "BENCHMARKS")]
        run(args.cmake, "-S", root, "-B", work / "cozmq", *options, *off)
        run(args.cmake, "--install", work / "cozmq", "--prefix", prefix)

    if args.consumer == "find_package":
        run(args.cmake, "-S", here / "find_package", "-B", build, *options)
    elif args.consumer == "fetch_content":
        run(args.cmake, "-S", here / "fetch_content", "-B", build, *options, f"-DFETCHCONTENT_SOURCE_DIR_COZMQ={root}")

    if build.exists():
        run(args.cmake, "--build", build)
        program = build / "user"
    elif args.consumer == "pkg_config":
        where = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "share/pkgconfig"))
        flags = run("pkg-config", "--cflags", "--libs", "cozmq", env=where, stdout=subprocess.PIPE).stdout.split()
        run(*plain, *flags)
    else:
        run(*plain, f"-I{root / 'include'}", "-DASIO_STANDALONE", "-lfmt", "-pthread")
    run(program)
    # With libsodium there is the component curve.
    if (build / "curve_user").exists():
        run(build / "curve_user")
