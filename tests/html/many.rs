//! Ten thousand rows.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::browser;
use super::page::Page;

#[test]
fn ten_thousand_rows_stay_usable() {
    let Some(browser) = browser("ten thousand rows") else {
        return;
    };
    let side = |candidate: bool| {
        let mut text = String::new();
        for index in 0..3400_usize {
            if index % 100 == 0 {
                writeln!(
                    text,
                    "pkg: example.com/module/internal/package{}",
                    index / 100
                )
                .unwrap();
            }
            let more = usize::from(candidate && index % 97 == 0);
            for sample in 0..10 {
                let spread = if index % 5 == 0 {
                    index * sample % 7
                } else {
                    0
                };
                writeln!(
                    text,
                    "BenchmarkOperation{index}/case=size-{}-8\t1000\t{} ns/op\t{} B/op\t{} allocs/op",
                    index % 13,
                    1000 + index + index * sample % 50,
                    500 + index + spread + 64 * more,
                    10 + index % 40 + 2 * more,
                )
                .unwrap();
            }
        }
        text
    };
    let page = Page::of_sides(&side(false), &side(true));
    let size = page.text().len();
    assert!(size < 12_000_000, "{size} bytes");
    let start = Instant::now();
    browser.open(&page.path());
    let rows = "return document.querySelectorAll('table.rows tr[data-status]').length";
    assert_eq!(browser.number(rows), 10_200);
    let loaded = start.elapsed();
    let mut took = vec![format!("{size} bytes"), format!("loaded in {loaded:.1?}")];
    // Far more than it takes: a machine may be busy.
    assert!(loaded < Duration::from_secs(20), "{loaded:?}");
    for (what, action) in [
        (
            "sorted",
            "document.querySelectorAll('thead button')[5].click()",
        ),
        (
            "filtered",
            "const search = document.querySelector('input[type=search]');
             search.value = 'operation77';
             search.dispatchEvent(new Event('input'))",
        ),
        ("all", "document.querySelector('.controls button').click()"),
    ] {
        let spent = browser.number(&format!(
            "const start = performance.now();
             {action};
             document.documentElement.getBoundingClientRect();
             return performance.now() - start"
        ));
        assert!(spent < 10_000, "{what}: {spent} ms");
        took.push(format!("{what} in {spent} ms"));
    }
    println!("{}", took.join(", "));
    assert_eq!(browser.console(), [""; 0]);
}
