#!/usr/bin/env python3
"""Counts the false alarms in reports of A/A pairs: same code on both sides, so every alarm is false.

    summarise.py out/100x/report.json out/1000x/report.json ...

The mode is the name of the report's directory. Prints Markdown.
"""

import json
import os
import sys
from collections import Counter

ALARMS = ("regressed", "inconclusive")
# Nothing can be said of these; they are listed, for a study should have none.
UNPAIRED = ("failed", "vanished", "new")
RULES = ("exact", "tested", "short")


def number(value):
    return f"{value:.6g}" if value != int(value) else str(int(value))


def samples(side):
    """The samples of a side with repetitions counted: `9×6 10×4`."""
    counted = Counter(side["samples"])
    return " ".join(f"{number(value)}×{times}" for value, times in sorted(counted.items()))


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join("---" if name in ("mode", "unit", "rule", "row", "status", "a", "b") else "--:" for name in head) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def name(row):
    suffix = f"-{row['procs']}" if row.get("procs") else ""
    return f"{row['package']}.{row['benchmark']}{suffix}".replace("|", "\\|")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    rows, alarms, improved, odd = Counter(), Counter(), Counter(), []
    false_alarms = []
    modes = []
    for path in sys.argv[1:]:
        mode = os.path.basename(os.path.dirname(os.path.abspath(path)))
        modes.append(mode)
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        for row in report["rows"]:
            if row["status"] in UNPAIRED or not row.get("evidence"):
                odd.append((mode, name(row), row["unit"], row["status"]))
                continue
            key = mode, row["unit"], row["evidence"]["rule"]
            rows[key] += 1
            if row["status"] == "improved":
                improved[key] += 1
            if row["status"] in ALARMS:
                alarms[key] += 1
                false_alarms.append((mode, row))

    order = {unit: place for place, unit in enumerate(("allocs/op", "B/op", "sec/op"))}
    units = sorted({unit for _, unit, _ in rows}, key=lambda unit: (order.get(unit, len(order)), unit))

    def line(labels, keys):
        keys = list(keys)
        total, found = sum(rows[key] for key in keys), sum(alarms[key] for key in keys)
        if not total:
            return None
        return [*labels, total, found, f"{1000 * found / total:.1f}", sum(improved[key] for key in keys)]

    counts = ["rows", "false alarms", "per thousand", "false improvements"]
    print("## By unit\n")
    table(["unit", *counts], filter(None, (line([unit], (key for key in rows if key[1] == unit)) for unit in units)))
    print("## By unit and mode\n")
    table(["unit", "mode", *counts], filter(None, (
        line([unit, mode], (key for key in rows if key[:2] == (mode, unit))) for unit in units for mode in modes)))
    print("## By unit, mode and rule\n")
    table(["unit", "mode", "rule", *counts], filter(None, (
        line([unit, mode, rule], [(mode, unit, rule)]) for unit in units for mode in modes for rule in RULES)))

    gating = [(mode, row) for mode, row in false_alarms if row["gating"] == "gate"]
    print(f"## False alarms in gating rows: {len(gating)}\n")
    if gating:
        table(["mode", "row", "unit", "status", "rule", "a", "b"], (
            (mode, f"`{name(row)}`", row["unit"], row["status"], row["evidence"]["rule"],
             samples(row["baseline"]), samples(row["candidate"])) for mode, row in gating))
    print(f"Advisory rows raised {len(false_alarms) - len(gating)}; they fail no build and are not listed.\n")
    if odd:
        print(f"## Rows that could not be compared: {len(odd)}\n")
        table(["mode", "row", "unit", "status"], odd)


if __name__ == "__main__":
    main()
