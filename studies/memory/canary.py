#!/usr/bin/env python3
"""False alarms of a canary: the same service twice, under the same load, scraped twice.

    ALLOCGATE=target/release/allocgate ./canary.py [PAIRS] [SECONDS]

starts PAIRS pairs (10) of the service in testdata/memory/service for each configuration, one pair at a time, scrapes
both sides twice, SECONDS (10) apart, and counts what `allocgate memory check` makes of them. Then the same with
something seeded into the candidate, to be found.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

here = pathlib.Path(__file__).resolve().parent
allocgate = pathlib.Path(os.environ["ALLOCGATE"]).resolve()
pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10

# name, environment, orders to both, orders to the candidate alone
CONFIGURATIONS = [
    ("idle", {}, [], []),
    ("50 MiB held, idle", {}, ["hold?bytes=50MiB"], []),
    ("50 MiB held, 50 MiB/s", {}, ["hold?bytes=50MiB", "churn?rate=50MiB"], []),
    ("50 MiB held, 400 MiB/s", {}, ["hold?bytes=50MiB", "churn?rate=400MiB"], []),
    ("GOGC=50, 100 MiB/s", {"GOGC": "50"}, ["hold?bytes=50MiB", "churn?rate=100MiB"], []),
    ("GOMEMLIMIT=90MiB, 50 MiB/s", {"GOMEMLIMIT": "90MiB"}, ["hold?bytes=50MiB", "churn?rate=50MiB"], []),
    ("seeded: +24 % heap", {}, ["hold?bytes=50MiB", "churn?rate=50MiB"], ["hold?bytes=12MiB"]),
    ("seeded: +200 goroutines", {}, ["hold?bytes=50MiB"], ["goroutines?n=200"]),
    ("seeded: 100 → 200 MiB/s", {}, ["hold?bytes=50MiB", "churn?rate=100MiB"], ["churn?rate=200MiB"]),
]


class Service:
    def __init__(self, program, environment):
        self.child = subprocess.Popen(
            [program, "-addr", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        self.url = self.child.stdout.readline().strip().removeprefix("listening on ")

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/{path}") as answer:
            return answer.read()

    def stop(self):
        self.child.kill()
        self.child.wait()


def pair(program, work, environment, both, candidate_alone):
    sides = {"baseline": Service(program, environment), "candidate": Service(program, environment)}
    for side in sides.values():
        for order in both:
            side.get(order)
    for order in candidate_alone:
        sides["candidate"].get(order)
    time.sleep(2)
    for number in (1, 2):
        for name, side in sides.items():
            (work / f"{name}-{number}.prom").write_bytes(side.get("metrics/runtime"))
        if number == 1:
            time.sleep(seconds)
    for side in sides.values():
        side.stop()
    skip = ["working-set", "no-oom", "capacity", "gogc", "gomemlimit-set", "gomemlimit-headroom", "diagnosis"]
    command = [allocgate, "memory", "check", "--no-policy", "--quiet", "--report", f"json={work}/report.json"]
    for check in skip:
        command += ["--skip", check]
    command += ["--baseline-before", "baseline-1.prom", "--baseline", "baseline-2.prom"]
    command += ["--reading-before", "candidate-1.prom", "--reading", "candidate-2.prom"]
    subprocess.run(command, cwd=work)
    report = json.loads((work / "report.json").read_text())
    return [check for check in report["memory"]["checks"] if check["id"] == "canary"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        program = work / "service"
        subprocess.run(["go", "build", "-o", program, "."], cwd=here / "../../testdata/memory/service", check=True)
        for name, environment, both, candidate_alone in CONFIGURATIONS:
            counts = collections.defaultdict(collections.Counter)
            failed = 0
            for _ in range(pairs):
                checks = pair(program, work, environment, both, candidate_alone)
                failed += any(check["judgement"] == "fail" for check in checks)
                for check in checks:
                    counts[check["message"].split(":")[0]][check["judgement"]] += 1
                    if check["judgement"] == "fail" and not candidate_alone:
                        print(f"    {check['message']}", flush=True)
            shown = "; ".join(f"{figure}: {dict(judgements)}" for figure, judgements in counts.items())
            print(f"{name}: {failed} of {pairs} fail ({shown})", flush=True)


main()
