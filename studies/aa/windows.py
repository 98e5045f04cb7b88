#!/usr/bin/env python3
"""How often do few samples agree by chance? Cuts the samples of run.sh into disjoint windows of n a side and counts,
per unit, the windows in which both sides are constant and differ: the false alarms of an exact rule with n samples.

    ./windows.py [OUT]
"""
import collections
import pathlib
import re
import sys

RESULT = re.compile(r"(Benchmark\S+)\s.*?(\d+) B/op\s+(\d+) allocs/op")


def samples(path):
    """The samples of each benchmark: (B/op, allocs/op) in the order of the rounds."""
    package, rows = "", collections.defaultdict(list)
    for line in path.read_text().splitlines():
        if line.startswith("pkg: "):
            package = line
        elif match := RESULT.match(line):
            rows[package, match[1]].append((int(match[2]), int(match[3])))
    return rows


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "out"
    pairs = [(samples(a), samples(a.with_name("b.txt"))) for a in sorted(out.glob("*/a.txt"))]
    print("| samples a side | unit | windows | constant on both sides | of these different |")
    print("|--:|---|--:|--:|--:|")
    for n in (2, 3, 4, 5, 10):
        for unit, name in enumerate(("B/op", "allocs/op")):
            windows = constant = different = 0
            for a, b in pairs:
                for key in a.keys() & b.keys():
                    for start in range(0, min(len(a[key]), len(b[key])) - n + 1, n):
                        before = {sample[unit] for sample in a[key][start : start + n]}
                        after = {sample[unit] for sample in b[key][start : start + n]}
                        windows += 1
                        if len(before) == len(after) == 1:
                            constant += 1
                            different += before != after
            print(f"| {n} | {name} | {windows:,} | {constant:,} | {different} |")


main()
