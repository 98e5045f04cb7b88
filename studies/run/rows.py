#!/usr/bin/env python3
"""Reads the JSON reports of allocgate run.

    rows.py status REPORT PACKAGE BENCHMARK UNIT   prints the status of a row, or "no row", "no report"
    rows.py summary REPORT...                      counts rows by unit and status, names those that are not unchanged
    rows.py none-regressed REPORT...               fails if a row is regressed
"""

import collections
import json
import re
import sys

QUIET = ("unchanged", "improved")


def plain(name):
    """The benchmark's name without Benchmark in front and GOMAXPROCS behind."""
    return re.sub(r"-\d+$", "", name.removeprefix("Benchmark"))


def rows(path):
    """(package, benchmark, unit, status) of each row, None if there is no readable report."""
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
    except (OSError, ValueError):
        return None
    return [(row["package"], plain(row["benchmark"]), row["unit"], row["status"]) for row in report["rows"]]


def status(path, package, benchmark, unit):
    found = rows(path)
    if found is None:
        return "no report"
    return next((row[3] for row in found if row[:3] == (package, plain(benchmark), unit)), "no row")


def summary(paths):
    counts, named, missing = collections.Counter(), collections.Counter(), 0
    for path in paths:
        found = rows(path)
        missing += found is None
        for package, benchmark, unit, state in found or ():
            counts[unit, state] += 1
            if state not in QUIET:
                named[state, "%s.%s %s" % (package, benchmark, unit)] += 1
    print("%d reports, %d missing or unreadable\n" % (len(paths), missing))
    print("| unit | status | rows |\n|---|---|--:|")
    for (unit, state), count in sorted(counts.items()):
        print("| %s | %s | %d |" % (unit, state, count))
    print()
    for (state, name), count in sorted(named.items()):
        print("%s in %d: %s" % (state, count, name))


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "status":
        print(status(*arguments))
    elif command == "summary":
        summary(arguments)
    elif command == "none-regressed":
        sys.exit(any(row[3] == "regressed" for path in arguments for row in rows(path) or ()))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
