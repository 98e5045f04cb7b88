//! How long reading takes. By hand, in a release build, with a folder of two large files:
//!
//! ```sh
//! LARGE=target/speed/1M cargo test --release --test measurements -- --ignored --nocapture
//! ```

use std::time::Instant;

use allocgate::parse::Limits;
use allocgate::stat::{Input, Measurements};

#[test]
#[ignore = "a measurement"]
fn reading_two_large_files() {
    let folder =
        std::env::var("LARGE").expect("LARGE: a folder with baseline.txt and candidate.txt");
    let paths = ["baseline", "candidate"].map(|side| format!("{folder}/{side}.txt"));
    let inputs = Input::parse_all(&paths).unwrap();
    let mut times: Vec<_> = (0..20)
        .map(|_| {
            let start = Instant::now();
            let all = Measurements::read(&inputs, Limits::default(), false).unwrap();
            let read = start.elapsed();
            let cells: Vec<u32> = (0..all.rows().len() as u32).collect();
            let values = all.gather(&cells, cells.len());
            let samples = cells.iter().filter_map(|cell| values.of(*cell));
            let count: usize = samples.map(|samples| samples.count()).sum();
            (start.elapsed(), read, cells.len(), count)
        })
        .collect();
    times.sort();
    for (all, read, rows, values) in [times[0], times[times.len() / 2]] {
        println!("{all:.0?}, {read:.0?} of it to read: {values} values of {rows} rows");
    }
}
