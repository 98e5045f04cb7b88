//! Go benchmark files, made up from a seed: all that the format allows and much that it does not, in the
//! proportions that make tables interesting. Most of it is ordinary, or no comparison would ever be reached.

use crate::random::Random;
use crate::samples;
use crate::series::Series;
use crate::words::{BASES, NOISE, POSITIONAL, SETTINGS, SUBNAMES, UNITS};

/// The inputs of a case and the words in them.
pub(crate) struct Corpus {
    pub(crate) files: Vec<Vec<u8>>,
    pub(crate) names: Vec<String>,
    pub(crate) units: Vec<&'static str>,
    pub(crate) settings: Vec<(&'static str, Vec<&'static str>)>,
}

/// What the files of a corpus have in common.
struct Plan {
    corpus: Corpus,
    /// By name, then by unit.
    series: Vec<Vec<Series>>,
    /// How often a benchmark is measured, by file.
    counts: Vec<usize>,
    interleaved: bool,
    /// How many lines in a hundred are noise.
    noise: usize,
    line_end: &'static str,
    spoiled: bool,
    separator: &'static str,
}

impl Corpus {
    pub(crate) fn generate(seed: u64) -> Corpus {
        let mut random = Random::new(seed, 1);
        if random.percent(5) {
            return samples::generate(&mut random);
        }
        let files = random.weighted(&[(15, 1), (60, 2), (15, 3), (10, 4)]);
        let mut plan = Plan::draw(&mut random, files);
        for file in 0..files {
            let content = plan.file(&mut random, file);
            plan.corpus.files.push(content);
        }
        plan.corpus
    }

    /// The names without what follows a slash.
    pub(crate) fn bases(&self) -> Vec<String> {
        let base = |name: &String| {
            let name = name.split('/').next().unwrap_or_default();
            name.trim_end_matches("-8").to_owned()
        };
        self.names.iter().map(base).collect()
    }

    /// The values of a key in the names.
    pub(crate) fn values_of(&self, key: &str) -> Vec<String> {
        if key == "gomaxprocs" {
            return ["8", "16", "", "4"].map(str::to_owned).to_vec();
        }
        let parts = self.names.iter().flat_map(|name| name.split('/').skip(1));
        parts
            .filter_map(|part| part.strip_prefix(key)?.strip_prefix('='))
            .map(|value| value.trim_end_matches("-8").to_owned())
            .collect()
    }
}

impl Plan {
    fn draw(random: &mut Random, files: usize) -> Plan {
        let usual = random.weighted(&[
            (30, 10),
            (8, 1),
            (5, 2),
            (5, 3),
            (8, 4),
            (8, 5),
            (8, 6),
            (8, 7),
            (4, 12),
            (4, 20),
            (3, 25),
            (3, 26),
            (2, 50),
            (2, 51),
            (1, 60),
        ]);
        let mut counts = vec![usual; files];
        if random.percent(25) {
            counts.fill_with(|| *random.pick(&[usual, 1, 4, 5, 6, 8, 25, 26, 50, 51]));
        }
        let most = if counts.iter().any(|count| *count > 20) {
            3
        } else {
            8
        };
        let names = names(random, most);
        let units = units(random);
        let series = names
            .iter()
            .map(|_| {
                units
                    .iter()
                    .map(|unit| Series::draw(random, unit, files))
                    .collect()
            })
            .collect();
        let settings = SETTINGS
            .iter()
            .filter(|_| random.percent(35))
            .map(|(key, values)| (*key, values.to_vec()))
            .collect();
        Plan {
            corpus: Corpus {
                files: Vec::new(),
                names,
                units,
                settings,
            },
            series,
            counts,
            interleaved: random.percent(40),
            noise: random.weighted(&[(60, 0), (25, 3), (15, 15)]),
            line_end: random.weighted(&[(92, "\n"), (8, "\r\n")]),
            spoiled: random.percent(4),
            separator: random.weighted(&[(60, "\t"), (20, " "), (20, " \t  ")]),
        }
    }

    fn file(&self, random: &mut Random, file: usize) -> Vec<u8> {
        let mut lines = unit_lines(random, &self.corpus.units);
        if random.percent(2) {
            lines.clear(); // Nothing in it, or nearly.
        } else {
            for _ in 0..random.weighted(&[(55, 1), (30, 2), (15, 3)]) {
                self.configure(random, &mut lines);
                self.measure(random, file, &mut lines);
            }
        }
        if random.percent(3) {
            // A setting that a later one takes the place of, and units that are said too late.
            lines.extend(unit_lines(random, &self.corpus.units));
        }
        let mut content = Vec::new();
        for line in &lines {
            content.extend_from_slice(line.as_bytes());
            content.extend_from_slice(self.line_end.as_bytes());
        }
        if random.percent(5) {
            content.truncate(content.len().saturating_sub(self.line_end.len()));
        }
        if self.spoiled {
            spoil(random, &mut content);
        }
        content
    }

    /// Lines of settings: new ones, changed ones, and some taken away.
    fn configure(&self, random: &mut Random, lines: &mut Vec<String>) {
        for (key, values) in &self.corpus.settings {
            // Mostly the first value, or few results would share a table.
            let value = if random.percent(70) {
                values[0]
            } else {
                random.pick(values)
            };
            match random.below(100) {
                0..78 => lines.push(format!("{key}: {value}")),
                78..84 => lines.push(format!("{key}:")),
                84..87 => lines.push(format!("{key}:\t {value} ")),
                _ => {}
            }
        }
    }

    /// The results of a block, a benchmark after the other or in rounds.
    fn measure(&self, random: &mut Random, file: usize, lines: &mut Vec<String>) {
        let mut due = Vec::new();
        for name in 0..self.corpus.names.len() {
            if random.percent(8) {
                continue; // A row that is missing on this side.
            }
            let most = self.counts[file];
            let count = if random.percent(8) {
                random.between(1, most)
            } else {
                most
            };
            due.extend((0..count).map(|round| (round, name)));
        }
        if self.interleaved {
            due.sort();
            if random.percent(20) {
                random.shuffle(&mut due);
            }
        }
        for (_, name) in due {
            if random.percent(self.noise) {
                lines.push((*random.pick(NOISE)).to_owned());
            }
            if random.percent(1) {
                let (key, values) = *random.pick(SETTINGS);
                lines.push(format!("{key}: {}", random.pick(values)));
            }
            lines.push(self.result(random, file, name));
        }
    }

    fn result(&self, random: &mut Random, file: usize, name: usize) -> String {
        let separator = self.separator;
        let iterations = random.between(1, 2_000_000);
        let mut line = format!(
            "Benchmark{}{separator}{iterations}",
            self.corpus.names[name]
        );
        for (unit, series) in self.corpus.units.iter().zip(&self.series[name]) {
            if unit != &self.corpus.units[0] && random.percent(3) {
                continue;
            }
            line.push_str(separator);
            line.push_str(&series.value(random, file));
            line.push(' ');
            line.push_str(unit);
        }
        line
    }
}

/// Full names: few bases with the same keys below them, as benchmarks that compare things have.
fn names(random: &mut Random, most: usize) -> Vec<String> {
    let bases: Vec<&str> = (0..random.between(1, 3))
        .map(|_| {
            if random.percent(75) {
                BASES[random.below(6)]
            } else {
                *random.pick(BASES)
            }
        })
        .collect();
    let keys: Vec<_> = (0..random.weighted(&[(25, 0), (40, 1), (25, 2), (10, 3)]))
        .map(|_| *random.pick(SUBNAMES))
        .collect();
    let procs = random.weighted(&[(55, "-8"), (25, ""), (10, "-16"), (5, "-0"), (5, "-")]);
    let mut names = Vec::new();
    for _ in 0..random.between(1, most) {
        let mut name = (*random.pick(&bases)).to_owned();
        for (key, values) in &keys {
            match random.below(100) {
                0..85 => name.push_str(&format!("/{key}={}", random.pick(values))),
                85..92 => name.push_str(&format!("/{}", random.pick(values))),
                _ => {}
            }
        }
        if random.percent(10) {
            name.push_str(&format!("/{}", random.pick(POSITIONAL)));
        }
        name.push_str(if random.percent(90) { procs } else { "-4" });
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn units(random: &mut Random) -> Vec<&'static str> {
    let mut units = Vec::new();
    for _ in 0..random.weighted(&[(30, 1), (30, 2), (25, 3), (15, 5)]) {
        let unit = random.weighted(UNITS);
        if !units.contains(&unit) || random.percent(2) {
            units.push(unit);
        }
    }
    units
}

/// What is said of units, with contradictions.
fn unit_lines(random: &mut Random, units: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for unit in units {
        if !random.percent(12) {
            continue;
        }
        let mut line = format!("Unit {unit}");
        for _ in 0..random.between(1, 2) {
            line.push(' ');
            line.push_str(random.weighted(&[
                (40, "assume=exact"),
                (10, "assume=nothing"),
                (20, "better=higher"),
                (15, "better=lower"),
                (5, "assume=other"),
                (5, "key=value=more"),
                (5, "assume"),
            ]));
        }
        lines.push(line);
    }
    lines
}

/// Bytes that are no text, or text that a terminal obeys, at places where they hurt.
fn spoil(random: &mut Random, content: &mut Vec<u8>) {
    const BYTES: &[&[u8]] = &[
        b"\xff",
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"\0",
        b"\x1b[31m",
        "\u{202e}".as_bytes(),
        "\u{200b}".as_bytes(),
        b"\x01",
        b"\x7f",
        b"|",
        b"`",
        b"::error::x",
    ];
    for _ in 0..random.between(1, 5) {
        let at = random.below(content.len() + 1);
        let bytes = *random.pick(BYTES);
        content.splice(at..at, bytes.iter().copied());
    }
}
