#!/usr/bin/env python3
"""Plays the hostile peers of malformed_cases.json against conformance_dut, as far as cozmq offers what a case needs.

    run.py --dut build/dev/tests/conformance_dut [--san] [--jobs 8] [--ids G01,F]

Fails when a case fails, or when more than two get a laxer outcome than the case wants ("nonstrict").
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

OFFERED_TYPES = {"PAIR", "PUSH", "PULL", "PUB", "SUB", "XPUB", "XSUB", "REQ", "REP", "DEALER", "ROUTER"}
MOST_NONSTRICT = 2

here = pathlib.Path(__file__).resolve().parent
arguments = argparse.ArgumentParser()
arguments.add_argument("--dut", required=True)
arguments.add_argument("--san", action="store_true", help="the device is built with a sanitizer: be patient")
arguments.add_argument("--jobs", type=int, help="cases at once (8, with --san 2: some must take a flood in 2.5 s)")
arguments.add_argument("--ids", default="", help="only the cases whose ids start so")
args = arguments.parse_args()
args.jobs = args.jobs or (2 if args.san else 8)

# How the device was built decides which mechanisms it has besides NULL.
offers = subprocess.run([args.dut, "--offers"], capture_output=True, text=True, check=True)
OFFERED_MECHANISMS = {"NULL", *offers.stdout.split()}
document = json.loads((here / "malformed_cases.json").read_text())
prefixes = tuple(args.ids.split(","))
offered, waiting = [], collections.defaultdict(list)
for case in document["cases"]:
    if not case["id"].startswith(prefixes):
        continue
    if case["mechanism"] not in OFFERED_MECHANISMS:
        waiting[case["mechanism"]].append(case["id"])
    elif case["socket_type"] not in OFFERED_TYPES:
        waiting[case["socket_type"]].append(case["id"])
    else:
        offered.append(case)
if not offered:
    sys.exit("conformance: no case was chosen")

for what, ids in sorted(waiting.items()):
    print(f"not yet offered: {what:8} {len(ids):3} cases: {' '.join(ids)}")
print(f"playing {len(offered)} of {len(offered) + sum(map(len, waiting.values()))} cases", flush=True)

with tempfile.TemporaryDirectory() as scratch:
    cases, results = pathlib.Path(scratch, "cases.json"), pathlib.Path(scratch, "results.json")
    cases.write_text(json.dumps({**document, "cases": offered}))
    command = [sys.executable, str(here / "malformed_runner.py"), str(cases), "--dut", args.dut,
               "--jobs", str(args.jobs), "--json", str(results), "--verbose"]
    subprocess.run(command + (["--san"] if args.san else []))
    if not results.exists():
        sys.exit("conformance: the runner did not finish")
    verdicts = collections.Counter(result["verdict"] for result in json.loads(results.read_text()))

good = verdicts["fail"] == 0 and verdicts["nonstrict"] <= MOST_NONSTRICT and verdicts.total() == len(offered)
print(f"conformance: {'ok' if good else 'FAILED'}: {verdicts['pass']} pass, {verdicts['nonstrict']} nonstrict "
      f"(at most {MOST_NONSTRICT}), {verdicts['fail']} fail, {sum(map(len, waiting.values()))} not yet offered")
sys.exit(not good)
