#!/usr/bin/env python3
"""Measures programs on the generated pairs and prints a Markdown table. Called by run.sh."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time


def wall(command):
    """Wall time in seconds and exit status of one run."""
    start = time.perf_counter()
    status = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
    return time.perf_counter() - start, status


def peak_memory(command):
    """Peak resident memory of one run in MiB."""
    timer = "/usr/bin/time"
    if sys.platform == "linux" and os.access(timer, os.X_OK):
        # A program started from here would be charged with this interpreter's memory, which Linux carries over exec.
        with tempfile.NamedTemporaryFile("r") as report:
            subprocess.run([timer, "-f", "%M", "-o", report.name, *command],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            return int(report.read().split()[-1]) / (1 << 10)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    usage = os.wait4(process.pid, 0)[2]
    process.returncode = 0
    return usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


# What `allocgate stat` and benchstat are both asked, besides the files.
QUESTIONS = [
    ("default flags", []),
    ("a third of the results, each size a column", ["-filter", "/size:(64 OR 256 OR 1024)", "-row", ".name", "-col", "/size", "-ignore", ".fullname"]),
    ("two units of all results, a table a size", ["-filter", ".unit:(ns/op OR allocs/op) -.name:Nothing", "-table", "/size@num", "-ignore", ".config"]),
    ("CSV", ["-format", "csv"]),
]


def stat(options):
    """Prints how `allocgate stat` compares with benchstat, and refuses answers that differ."""
    print("\n| case | question | benchstat best s | allocgate stat best s | ratio | allocgate MiB |\n|---|---|--:|--:|--:|--:|")
    for case in options.cases:
        files = [os.path.join(options.data, case, side + ".txt") for side in ("baseline", "candidate")]
        for question, flags in QUESTIONS:
            commands = [[options.benchstat, *flags, *files], [options.allocgate, "stat", *flags, *files]]
            answers = [subprocess.run(command, capture_output=True, check=True) for command in commands]
            if answers[0].stdout != answers[1].stdout or answers[0].stderr != answers[1].stderr:
                sys.exit(f"answers differ: {' '.join(flags)} on {case}")
            times = [[], []]
            for _ in range(options.runs):
                for index, command in enumerate(commands):
                    times[index].append(wall(command)[0])
            theirs, ours = min(times[0]), min(times[1])
            print(f"| {case} | {question} | {theirs:.3f} | {ours:.3f} | {theirs / ours:.1f} | {peak_memory(commands[1]):.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--allocgate")
    parser.add_argument("--benchstat", required=True)
    parser.add_argument("data")
    parser.add_argument("cases", nargs="+")
    options = parser.parse_args()

    programs = {"wc -l": (["wc", "-l"], {0}), "benchstat": ([options.benchstat], {0})}
    if options.allocgate:
        # Exit status 1 is the verdict that the seeded regressions call for.
        programs["allocgate"] = ([options.allocgate, "check"], {1})

    print("| case | results | MB | program | best s | median s | peak MiB | time, allocgate = 1 | memory, allocgate = 1 |")
    print("|---|--:|--:|---|--:|--:|--:|--:|--:|")
    best = {}
    for case in options.cases:
        files = [os.path.join(options.data, case, side + ".txt") for side in ("baseline", "candidate")]
        size = sum(os.path.getsize(file) for file in files)
        lines = 0
        for file in files:
            with open(file, "rb") as read:
                lines += sum(line.startswith(b"Benchmark") for line in read)
        measured = {name: [] for name in programs}
        for _ in range(options.runs):
            for name, (command, expected) in programs.items():
                elapsed, status = wall(command + files)
                if status not in expected:
                    sys.exit(f"{name} ended with {status} on {case}")
                measured[name].append(elapsed)
        peaks = {name: peak_memory(command + files) for name, (command, _) in programs.items()}
        for name, times in measured.items():
            best[case, name] = min(times)
            ratios = ("–", "–")
            if "allocgate" in programs:
                ratios = (f"{min(times) / min(measured['allocgate']):.2f}", f"{peaks[name] / peaks['allocgate']:.2f}")
            print(f"| {case} | {lines} | {size / 1e6:.1f} | {name} | {min(times):.4f} | {statistics.median(times):.4f} | "
                  f"{peaks[name]:.1f} | {ratios[0]} | {ratios[1]} |", flush=True)

    if options.allocgate:
        stat(options)

    growth = [case for case in ("10k", "100k", "1M") if case in options.cases]
    if len(growth) > 1:
        print("\nGrowth of the best time for ten times the lines (10 is linear):\n")
        print("| program | " + " | ".join(f"{a} to {b}" for a, b in zip(growth, growth[1:])) + " |")
        print("|---|" + "--:|" * (len(growth) - 1))
        for name in programs:
            print(f"| {name} | " + " | ".join(f"{best[b, name] / best[a, name]:.1f}" for a, b in zip(growth, growth[1:])) + " |")


if __name__ == "__main__":
    main()
