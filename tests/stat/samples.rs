//! Many small samples side by side, of every size and with every kind of tie: what the test of a difference
//! depends on. Compared with a round alpha, the last bit of a p-value decides.

use std::fmt::Write as _;

use crate::corpus::Corpus;
use crate::random::Random;

/// Two files with forty benchmarks.
pub(crate) fn generate(random: &mut Random) -> Corpus {
    let mut files = [String::new(), String::new()];
    let most = random.weighted(&[(60, 6), (25, 12), (10, 26), (5, 52)]);
    let names: Vec<String> = (0..40).map(|index| format!("P{index}-8")).collect();
    for name in &names {
        let first = random.between(1, most);
        let second = if random.percent(50) {
            first
        } else {
            random.between(1, most)
        };
        let values = values(random, first, second);
        for (at, value) in values.iter().enumerate() {
            let file = &mut files[usize::from(at >= first)];
            let _ = writeln!(file, "Benchmark{name}\t1000\t{value} ns/op\t{value} B/op");
        }
    }
    Corpus {
        files: files.map(String::into_bytes).to_vec(),
        names,
        units: vec!["ns/op", "B/op"],
        settings: Vec::new(),
    }
}

/// The values of both samples, one after the other.
fn values(random: &mut Random, first: usize, second: usize) -> Vec<usize> {
    let all = first + second;
    let mut values: Vec<usize> = match random.below(4) {
        // A few values that come again and again.
        0 => (0..all).map(|_| 100 + random.below(3)).collect(),
        1 => (0..all).map(|_| 100 + random.below(all)).collect(),
        // Each once; sorted, so that the samples are apart.
        _ => (100..100 + all).collect(),
    };
    match random.below(4) {
        0 => values.reverse(),
        1 => {}
        _ => random.shuffle(&mut values),
    }
    if random.percent(30) {
        // Nearly apart, or nearly in the middle.
        let (one, other) = (random.below(all), random.below(all));
        values.swap(one, other);
    }
    values
}
