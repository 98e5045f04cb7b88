#!/usr/bin/env python3
"""Writes a pair of Go benchmark files of any size, as `go test -bench . -benchmem -count N ./...` would.

    generate.py --benchmarks 3333 --samples 10 OUT      writes OUT/baseline.txt and OUT/candidate.txt

Each benchmark has ns/op with 1 to 2 % of log-normal noise, B/op and allocs/op. The allocation units are constant
for 95 % of the benchmarks; the others vary by the rounding of the testing package, which drops fractions. A few
benchmarks of the candidate regress; OUT/expected.txt names them. The same arguments give the same bytes.
"""

import argparse
import math
import os
import random

PER_PACKAGE = 120
MODULE = "example.com/load"
TOPICS = ("Encode", "Decode", "Parse", "Render", "Lookup", "Insert", "Merge", "Sort", "Route", "Hash")
WAYS = ("Small", "Large", "Nested", "Sparse", "Parallel", "Cold", "Warm", "Stream")


def pretty(value):
    """The number as the testing package prints it: four significant digits, none after the point from 1000 on."""
    if value == 0 or value >= 999.95:
        return "%10d" % round(value)
    if value >= 99.995:
        return "%12.1f" % value
    if value >= 9.9995:
        return "%13.2f" % value
    return "%14.3f" % value


class Benchmark:
    """One benchmark and what is true of it on both sides."""

    __slots__ = ("name", "mean", "spread", "bytes", "allocs", "fraction", "regressed")

    def __init__(self, index, rng, regressions):
        self.name = "Benchmark%s%s/size=%d/case=%d-8" % (
            rng.choice(TOPICS), rng.choice(WAYS), 1 << rng.randrange(4, 14), index)
        self.mean = math.exp(rng.uniform(math.log(20), math.log(2e6)))
        self.spread = rng.uniform(0.01, 0.02)
        self.allocs = 0 if rng.random() < 0.25 else int(math.exp(rng.uniform(0, math.log(400))))
        self.bytes = self.allocs * 8 * rng.randrange(1, 40)
        # A true mean between two whole numbers: some samples print one, some the other.
        self.fraction = rng.uniform(0.05, 0.95) if self.allocs and rng.random() < 0.05 / 0.75 else 0.0
        self.regressed = index in regressions


def write(path, benchmarks, samples, candidate, rng):
    gauss, uniform, exp = rng.gauss, rng.random, math.exp
    with open(path, "w", encoding="ascii", newline="\n", buffering=1 << 20) as out:
        for start in range(0, len(benchmarks), PER_PACKAGE):
            package = "%s/internal/part%05d" % (MODULE, start // PER_PACKAGE)
            chunk = benchmarks[start:start + PER_PACKAGE]
            width = max(len(benchmark.name) for benchmark in chunk)
            lines = ["goos: linux\ngoarch: amd64\npkg: %s\ncpu: Example CPU @ 3.00GHz\n" % package]
            seconds = 0.0
            for benchmark in chunk:
                allocs, size, mean = benchmark.allocs, benchmark.bytes, benchmark.mean
                if candidate and benchmark.regressed:
                    rise = max(1, allocs // 10)
                    allocs, size, mean = allocs + rise, size + 48 * rise, mean * 1.15
                iterations = max(1, int(1e9 / mean))
                head = "%-*s\t%8d\t" % (width, benchmark.name, iterations)
                tail = " ns/op\t%8d B/op\t%8d allocs/op\n" % (size, allocs)
                fraction, spread = benchmark.fraction, benchmark.spread
                for _ in range(samples):
                    if fraction:
                        up = uniform() < fraction
                        tail = " ns/op\t%8d B/op\t%8d allocs/op\n" % (size + 8 * up, allocs + up)
                    lines.append(head + pretty(mean * exp(gauss(0.0, spread))) + tail)
                seconds += samples * 1.2
            lines.append("PASS\nok  \t%s\t%.3fs\n" % (package, seconds))
            out.write("".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmarks", type=int, required=True, help="benchmarks a side")
    parser.add_argument("--samples", type=int, default=10, help="result lines of each benchmark (default 10)")
    parser.add_argument("--regressions", type=int, default=3, help="benchmarks that regress (default 3)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("out", help="directory to write to")
    options = parser.parse_args()
    if options.benchmarks < 1 or options.samples < 1 or not 0 <= options.regressions <= options.benchmarks:
        parser.error("at least one benchmark and one sample, and no more regressions than benchmarks")

    rng = random.Random(options.seed)
    regressions = set(rng.sample(range(options.benchmarks), options.regressions))
    benchmarks = [Benchmark(index, rng, regressions) for index in range(options.benchmarks)]
    os.makedirs(options.out, exist_ok=True)
    for side, candidate in (("baseline", False), ("candidate", True)):
        write(os.path.join(options.out, side + ".txt"), benchmarks, options.samples, candidate, rng)
    with open(os.path.join(options.out, "expected.txt"), "w", encoding="ascii") as out:
        out.writelines(benchmark.name + "\n" for benchmark in benchmarks if benchmark.regressed)


if __name__ == "__main__":
    main()
