#!/usr/bin/env python3
"""Writes the synthetic pairs: <case>/baseline.txt and <case>/candidate.txt beside this script.

The same bytes every time: each case draws from a generator seeded with its name, and uses nothing
of it but uniform numbers, which are the same in every version of Python.
"""

import random
from pathlib import Path

HERE = Path(__file__).parent
HEADER = "goos: linux\ngoarch: amd64\npkg: example.com/synthetic\ncpu: Imaginary CPU @ 2.40GHz\n"

SIZES = [
    (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (10, 10), (11, 11), (20, 20), (25, 25),
    (26, 26), (50, 50), (51, 51), (60, 60),
    (1, 10), (3, 10), (10, 6), (8, 3), (12, 5), (21, 24), (25, 12), (25, 26), (12, 30), (30, 31),
    (50, 51), (60, 3),
]


def go_float(x):
    """As the testing package prints a metric: about four significant digits."""
    if x == 0 or abs(x) >= 999.95:
        return f"{x:.0f}"
    for limit, digits in [(99.995, 1), (9.9995, 2), (0.99995, 3), (0.099995, 4),
                          (0.0099995, 5), (0.00099995, 6)]:
        if abs(x) >= limit:
            return f"{x:.{digits}f}"
    return f"{x:.7f}"


class Case:
    def __init__(self, name):
        self.name = name
        self.random = random.Random(name)
        self.sides = {"baseline": [], "candidate": []}

    def noise(self, spread):
        """A factor around 1: a bell of four uniform numbers, of this standard deviation."""
        bell = sum(self.random.random() for _ in range(4)) - 2
        return 1 + spread * bell * 3 ** 0.5

    def pick(self, values):
        return values[int(self.random.random() * len(values))]

    def line(self, side, benchmark, *metrics, iterations=1000):
        printed = "\t".join(f"{value:>12} {unit}" for value, unit in metrics)
        self.sides[side].append(f"Benchmark{benchmark}-8\t{iterations:>10}\t{printed}\n")

    def memory(self, side, benchmark, n, ns, spread, bytes_, allocs):
        """n lines as -benchmem prints them. bytes_ and allocs are values to pick from."""
        for _ in range(n):
            self.line(side, benchmark, (go_float(ns * self.noise(spread)), "ns/op"),
                      (self.pick(bytes_), "B/op"), (self.pick(allocs), "allocs/op"))

    def both(self, sizes, benchmark, old, new):
        for side, n, (ns, spread, bytes_, allocs) in zip(self.sides, sizes, (old, new)):
            self.memory(side, benchmark, n, ns, spread, bytes_, allocs)

    def write(self, header=HEADER, candidate_header=None):
        headers = {"baseline": header, "candidate": candidate_header or header}
        folder = HERE / self.name
        folder.mkdir(exist_ok=True)
        for side, lines in self.sides.items():
            text = headers[side] + "".join(lines) + "PASS\n"
            (folder / f"{side}.txt").write_text(text, newline="\n")


def sizes(n1, n2):
    """The rows a gate meets, at these sample sizes."""
    case = Case(f"sizes-{n1:02}v{n2:02}")
    add = lambda *rows: case.both((n1, n2), *rows)
    add("Constant", (812, 0.02, [64], [2]), (815, 0.02, [64], [2]))
    add("OneMore", (812, 0.02, [64], [2]), (830, 0.02, [80], [3]))
    add("Halved", (9120, 0.03, [4096], [48]), (4410, 0.03, [2048], [24]))
    add("Flapping", (5210, 0.02, [1023, 1024], [9, 10]), (5200, 0.02, [1023, 1024], [9, 10]))
    add("FlappingUp", (5210, 0.02, [1023, 1024], [9, 9, 9, 10]),
        (5300, 0.02, [1024, 1040], [9, 10, 10, 10]))
    add("RareSpike", (77.1, 0.01, [7] * 9 + [9], [1]), (77.3, 0.01, [7] * 9 + [8, 9], [1]))
    add("Amortised", (330, 0.05, list(range(510, 520)), [3, 4, 5]),
        (335, 0.05, list(range(512, 522)), [3, 4, 5]))
    add("Rising", (1.2e6, 0.03, list(range(90000, 90200)), list(range(98, 103))),
        (1.3e6, 0.03, list(range(98900, 99200)), list(range(107, 112))))
    add("Zero", (0.312, 0.02, [0], [0]), (0.3121, 0.02, [0], [0]))
    add("FromZero", (12.5, 0.02, [0], [0]), (30.2, 0.02, [16], [1]))
    add("ToZero", (30.2, 0.02, [16], [1]), (12.5, 0.02, [0], [0]))
    add("SometimesZero", (12.5, 0.02, [0, 0, 0, 1], [0]), (12.5, 0.02, [0, 0, 1], [0, 0, 0, 1]))
    case.write()


def heavy_ties():
    case = Case("ties-heavy")
    for i in range(20):
        old, new = [40, 41, 42][: 2 + i % 2], [40, 41, 42][i % 2 :]
        case.both((10, 10), f"Ties/case={i}", (7, 0.05, [8 * v for v in old], old),
                  (7.2, 0.05, [8 * v for v in new], new))
    case.write()


def unequal_ties():
    """Where the distribution of U is not symmetric."""
    case = Case("ties-unequal")
    for i in range(30):
        n1, n2 = 2 + i % 11, 2 + (7 * i) % 12
        case.both((n1, n2), f"Ties/n1={n1}/n2={n2}/case={i}",
                  (7, 0.05, [64, 64, 64, 72], [7, 7, 7, 8]),
                  (7, 0.05, [64, 64, 64, 64, 72, 80], [7, 7, 7, 7, 8, 9]))
    case.write()


def constants():
    case = Case("constants")
    for i in range(15):
        old, new = 3 * i, 3 * i + (i % 3) - 1 if i else 0
        case.both((10, 10), f"Constant/step={i}", (100 + i, 0, [16 * old], [old]),
                  (100 + i * (1 + i % 2), 0, [16 * new], [new]))
    case.write()


def quantised():
    case = Case("quantised")
    for i in range(20):
        step = 10 ** (i % 4)
        old = [step * (100 + k) for k in range(4)]
        new = [step * (100 + k + i % 3) for k in range(4)]
        case.both((8, 9), f"Quantised/step={step}/case={i}", (step, 0.2, old, old),
                  (step, 0.2, new, new))
    case.write()


def zeros():
    case = Case("zeros")
    for i, (old, new) in enumerate(
        [([0], [0]), ([0], [1]), ([1], [0]), ([0, 1], [0, 1]), ([0, 0, 1], [1]), ([0], [0, 0, 0, 2]),
         ([5], [0, 5]), ([0, 1, 2], [0]), ([0], [1000000]), ([1000000], [0])]
    ):
        case.both((10, 10), f"Zero/case={i}", (0 if i < 2 else 5, 0.1, old, old),
                  (0 if i % 2 else 5, 0.1, new, new))
    case.write()


def magnitudes():
    case = Case("magnitudes")
    for exponent in range(-3, 13):
        ns = 2.345 * 10 ** exponent
        amount = max(1, int(ns))
        case.both((10, 10), f"Scale/e={exponent}",
                  (ns, 0.03, [amount * 7 + k for k in range(5)], [amount + k for k in range(3)]),
                  (ns * 1.01, 0.03, [amount * 7 + k for k in range(2, 7)], [amount + 1]))
    case.write()


def exact_units():
    case = Case("units-exact")
    for i in range(12):
        for side, change in (("baseline", 0), ("candidate", i - 4)):
            for run in range(1 + i % 4):
                drift = run if i == 11 else 0
                case.line(side, f"Size/binary={i}", (1000 * i + change + drift, "text-bytes"),
                          (7 * i * i, "data-bytes"), (go_float(50 * case.noise(0.02)), "ns/op"))
    units = "Unit text-bytes assume=exact\nUnit data-bytes assume=exact better=lower\n"
    case.write(header=units + HEADER)


def custom_units():
    case = Case("units-custom")
    for i in range(12):
        for side, factor in (("baseline", 1.0), ("candidate", 0.8 + 0.05 * i)):
            for _ in range(10):
                ns = 1000 * (i + 1) * factor * case.noise(0.02)
                case.line(side, f"Custom/size={i}", (go_float(ns), "ns/op"),
                          (f"{64000 / ns:.2f}", "MB/s"), (go_float(0.7 * ns), "user-ns/op"),
                          (go_float(0.1 * ns * case.noise(0.1)), "sys-ns/op"),
                          (case.pick([3, 4]), "p99-ms"), (case.pick([100, 101]), "hits%"),
                          (case.pick([512, 520]), "B/op"), (i, "allocs/op"))
    case.write()


def missing_rows():
    case = Case("missing-rows")
    for i in range(16):
        if i % 4 != 1:
            case.memory("baseline", f"Row/{i}", 10, 100 + i, 0.02, [16 * i], [i, i + 1])
        if i % 4 != 2:
            case.memory("candidate", f"Row/{i}", 10, 104 + i, 0.02, [16 * i], [i, i + 1])
    case.write()


def separated():
    """No overlap at all, up and down, beyond the sizes of the exact test: the smallest p-values."""
    case = Case("separated-55v60")
    for i in range(10):
        low, high = list(range(100, 100 + i + 1)), list(range(200, 200 + i + 1))
        old, new = (low, high) if i % 2 else (high, low)
        case.both((55, 60), f"Separated/{i}", (old[0], 0.01, old, old), (new[0], 0.01, new, new))
    case.write()


def other_configuration():
    """Sides that differ in configuration: benchstat puts them in tables of their own."""
    case = Case("other-configuration")
    for i in range(10):
        case.both((6, 6), f"Apart/{i}", (100 + i, 0.02, [16 * i], [i]),
                  (90 + i, 0.02, [8 * i], [i]))
    case.write(candidate_header=HEADER.replace("Imaginary", "Other"))


def main():
    for n1, n2 in SIZES:
        sizes(n1, n2)
    for case in (heavy_ties, unequal_ties, constants, quantised, zeros, magnitudes, exact_units,
                 custom_units, missing_rows, separated, other_configuration):
        case()


if __name__ == "__main__":
    main()
