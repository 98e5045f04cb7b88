#!/usr/bin/env python3
"""Prints the tables of the speed study from what its parts have stored: table.py PEER_DIR ALLOCGATE_DIR CASE..."""

import csv
import json
import os
import re
import sys

RUNS = (("uncached", "--no-cache"), ("first", "own cache empty"), ("again", "own cache filled"))


def read(*path):
    try:
        with open(os.path.join(*path), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def seconds(*path):
    text = read(*path)
    return None if text is None else float(text)


def short(package, name):
    """The row's name; it is the same for both tools: no Benchmark in front, no GOMAXPROCS behind."""
    return package.rsplit("/", 1)[-1] + "." + re.sub(r"-\d+$", "", name.removeprefix("Benchmark"))


def peer_rows(path):
    """The allocs/op rows that benchstat calls changed (it prints no ~), with their medians."""
    rows, package, unit = {}, "", ""
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            if row and row[0].startswith("pkg: "):
                package = row[0][5:]
            elif len(row) > 1 and row[0] == "" and row[1] in ("sec/op", "B/op", "allocs/op", "B/s"):
                unit = row[1]
            elif len(row) > 6 and row[0] != "geomean" and unit == "allocs/op" and row[5] not in ("~", ""):
                rows[short(package, row[0])] = "%s → %s" % (row[1], row[3])
    return rows


def own_rows(path):
    """The allocs/op rows that allocgate does not call unchanged, with their status."""
    text = read(path)
    if not text:
        return {}
    return {short(row["package"], row["benchmark"]): row["status"] for row in json.loads(text)["rows"]
            if row["unit"] == "allocs/op" and row["status"] != "unchanged"}


def listed(rows):
    return ", ".join("%s %s" % item for item in sorted(rows.items())) or "none"


def main():
    peer, own, cases = sys.argv[1], sys.argv[2], sys.argv[3:]
    base = read(peer, "base.txt")
    if base:
        print("%d benchmarks" % len({(package, line.split()[0]) for package, line in lines(base)}))

    print("\n| case | tool | wall time | of the peer's | exit code |\n|---|---|--:|--:|--:|")
    found = []
    for case in cases:
        parts = [seconds(peer, name + ".seconds") for name in ("base", case, case + ".benchstat")]
        total = None if None in parts else sum(parts)
        if total is not None:
            print("| %s | go test -count=10 of both, benchstat | %.1f s | 1 | – |" % (case, total))
            found.append((case, "benchstat", listed(peer_rows(os.path.join(peer, case + ".csv")))))
        for run, label in RUNS:
            time = seconds(own, "%s-%s.seconds" % (case, run))
            if time is None:
                continue
            status = read(own, "%s-%s.status" % (case, run)).strip()
            ratio = "%.2f %% (1/%.0f)" % (100 * time / total, total / max(time, 0.1)) if total else "?"
            print("| %s | allocgate run, %s | %.1f s | %s | %s |" % (case, label, time, ratio, status))
            found.append((case, "allocgate, " + label, listed(own_rows(os.path.join(own, "%s-%s.json" % (case, run))))))

    print("\nallocs/op rows found changed:\n\n| case | tool | rows |\n|---|---|---|")
    for row in found:
        print("| %s | %s | %s |" % row)


def lines(text):
    """The result lines, each with its package."""
    package = ""
    for line in text.splitlines():
        if line.startswith("pkg: "):
            package = line[5:]
        elif line.startswith("Benchmark") and " ns/op" in line:
            yield package, line


if __name__ == "__main__":
    main()
