//! Sorting and filtering, with a mouse and with keys, and the page without scripts.

use serde_json::json;

use super::browser as start;
use super::browser::Browser;
use super::page::Page;

/// The rows that are shown, from top to bottom: a cell of each.
fn column(browser: &Browser, index: usize) -> Vec<String> {
    browser.texts(&format!(
        "return [...document.querySelectorAll('table.rows tbody tr:not(.group):not([hidden])')]
             .map((row) => row.cells[{index}].textContent.trim())"
    ))
}

/// What the rows are sorted by, from top to bottom.
fn values(browser: &Browser, index: usize) -> Vec<f64> {
    let values = browser.ask(&format!(
        "return [...document.querySelectorAll('table.rows tbody tr:not(.group):not([hidden])')]
             .map((row) => row.cells[{index}].dataset.value)"
    ));
    let number = |value: &serde_json::Value| value.as_str().unwrap().parse().unwrap();
    values.as_array().unwrap().iter().map(number).collect()
}

fn status(browser: &Browser) -> String {
    let text = browser.ask("return document.querySelector('[role=status]').textContent");
    text.as_str().unwrap().to_owned()
}

fn header(index: usize) -> String {
    format!("table.rows thead th:nth-child({index}) button")
}

#[test]
fn a_page_shows_the_whole_report_and_asks_nobody() {
    let Some(browser) = start("a page shows the whole report") else {
        return;
    };
    let page = Page::of_mux();
    browser.open(&page.path());
    let rows = page.json()["rows"].as_array().unwrap().len();
    assert_eq!(column(&browser, 0).len(), rows);
    assert_eq!(status(&browser), format!("{rows} of {rows} rows shown"));
    let pictures = "return document.querySelectorAll('table.rows td svg path.a, table.rows td svg path.b').length";
    assert!(browser.number(pictures) >= 2 * rows as i64);
    assert!(column(&browser, 0)[0].contains("regressed"));
    assert_eq!(browser.requests(), [page.url()]);
    assert_eq!(browser.console(), [""; 0]);
}

#[test]
fn a_click_and_a_key_sort() {
    let Some(browser) = start("a click and a key sort") else {
        return;
    };
    // One rise is from zero, which no share can tell.
    let row = |name: &str, allocs: u32| {
        format!("Benchmark{name}-8\t1000\t64 B/op\t{allocs} allocs/op\n").repeat(6)
    };
    let a = row("A10", 2) + &row("A9", 0) + &row("B", 10) + &row("Gone", 1);
    let b = row("A10", 4) + &row("A9", 1) + &row("B", 5) + &row("New", 7);
    let page = Page::of_sides(&a, &b);
    browser.open(&page.path());
    let first = column(&browser, 1);
    let sorted = |index: usize| {
        browser.ask(&format!(
            "return document.querySelector('table.rows thead th:nth-child({index})').ariaSort"
        ))
    };
    // By how much, the most first; what has no change comes last.
    browser.find(&header(6)).click();
    assert_eq!(sorted(6), "descending");
    assert_eq!(column(&browser, 5)[..2], ["+1 exact", "+2 (+100%) exact"]);
    assert_eq!(column(&browser, 5).last().unwrap(), "–");
    // Headings of statuses are of no use among rows of all.
    let headings = "return [...document.querySelectorAll('tr.group')].filter((row) => row.offsetHeight).length";
    assert_eq!(browser.number(headings), 0);
    browser.find(&header(6)).keys("\u{E007}");
    assert_eq!(sorted(6), "ascending");
    assert_eq!(column(&browser, 5)[0], "-5 (-50%) exact");
    assert_eq!(column(&browser, 5).last().unwrap(), "–");
    // The third time is the report's order.
    browser.find(&header(6)).keys(" ");
    assert!(sorted(6).is_null());
    assert_eq!(column(&browser, 1), first);
    assert!(browser.number(headings) > 2);
    // Numbers in names count as numbers.
    browser.find(&header(2)).keys("\u{E007}");
    let names = column(&browser, 1);
    let at = |name: &str| names.iter().position(|own| own == name).unwrap();
    assert!(at("A9") < at("A10") && at("A10") < at("B"), "{names:?}");
    browser.find(&header(4)).click();
    assert!(sorted(2).is_null());
    assert_eq!(browser.console(), [""; 0]);
}

#[test]
fn figures_sort_by_what_they_are() {
    let Some(browser) = start("figures sort by what they are") else {
        return;
    };
    let page = Page::of_mux();
    browser.open(&page.path());
    for index in [4, 5] {
        browser.find(&header(index)).click();
        let found = values(&browser, index - 1);
        assert!(found.is_sorted_by(|a, b| a >= b), "{found:?}");
        browser.find(&header(index)).click();
        let found = values(&browser, index - 1);
        assert!(found.is_sorted(), "{found:?}");
    }
}

#[test]
fn filters_hide_rows_and_count() {
    let Some(browser) = start("filters hide rows and count") else {
        return;
    };
    let page = Page::of_mux();
    browser.open(&page.path());
    let rows = page.json()["rows"].as_array().unwrap().clone();
    let number =
        |test: &dyn Fn(&serde_json::Value) -> bool| rows.iter().filter(|row| test(row)).count();
    let said = |shown: usize| format!("{shown} of {} rows shown", rows.len());
    let search = browser.find("input[type=search]");
    search.keys("muxsimple ALLOCS");
    let wanted = number(&|row| {
        row["benchmark"].as_str().unwrap().contains("MuxSimple") && row["unit"] == "allocs/op"
    });
    assert!(wanted > 0 && wanted < rows.len());
    assert_eq!(column(&browser, 0).len(), wanted);
    assert_eq!(status(&browser), said(wanted));
    // Nothing has the heading of a status that has no row left.
    let heading = "return document.querySelector('#rows-unchanged').offsetHeight";
    assert_eq!(browser.number(heading), 0);
    browser.find(".controls button").click();
    assert_eq!(status(&browser), said(rows.len()));
    browser.find("input[value=unchanged]").keys(" ");
    let changed = number(&|row| row["status"] != "unchanged");
    assert_eq!(column(&browser, 0).len(), changed);
    assert_eq!(status(&browser), said(changed));
    browser.find("input[value=unchanged]").click();
    browser.find("input[value=advisory]").click();
    let gating = number(&|row| row["gating"] == "gate");
    assert_eq!(status(&browser), said(gating));
    // A filter outlives sorting.
    browser.find(&header(6)).click();
    assert_eq!(column(&browser, 0).len(), gating);
    browser.find("input[type=search]").keys("no such row");
    assert_eq!(status(&browser), said(0));
    assert_eq!(browser.console(), [""; 0]);
}

#[test]
fn without_scripts_everything_is_there() {
    let Some(browser) = start("a page without scripts") else {
        return;
    };
    let page = Page::of_mux();
    let off = json!({"value": true});
    browser.devtools("Emulation.setScriptExecutionDisabled", &off);
    browser.open(&page.path());
    let rows = page.json()["rows"].as_array().unwrap().len();
    let document = browser.devtools("DOM.getDocument", &json!({}));
    let root = &document["root"]["nodeId"];
    let all = |selector: &str| {
        let query = json!({"nodeId": root, "selector": selector});
        let found = browser.devtools("DOM.querySelectorAll", &query);
        found["nodeIds"].as_array().unwrap().clone()
    };
    assert_eq!(all("table.rows tbody tr[data-status]").len(), rows);
    assert_eq!(all("table.rows tbody tr[hidden]").len(), 0);
    // What needs scripts is not there for nothing.
    assert_eq!(all("thead button").len(), 0);
    assert!(!browser.has_box(&all(".controls")[0]));
    for row in all("table.rows tbody tr[data-status]") {
        assert!(browser.has_box(&row));
    }
    assert_eq!(browser.console(), [""; 0]);
}
