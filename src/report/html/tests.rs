//! What holds of every page, whatever is in the report.

use super::super::fixture;
use super::*;
use crate::gate::{Check, Judgement};

fn rendered(report: &Report) -> String {
    fixture::rendered(render, report)
}

/// The text between `start` and `end`, and the page without it.
fn cut(page: &str, start: &str, end: &str) -> (String, String) {
    let from = page.find(start).unwrap() + start.len();
    let to = from + page[from..].find(end).unwrap();
    let rest = format!("{}{}", &page[..from], &page[to..]);
    (page[from..to].to_owned(), rest)
}

/// The page without head and script, which have files of their own, and in lines that can be read.
fn body(report: &Report) -> String {
    let page = rendered(report).replace(env!("CARGO_PKG_VERSION"), "[version]");
    let (_, page) = cut(&page, "<head>", "</head>");
    let (_, page) = cut(&page, "<script>", "</script>");
    ["section", "p", "tr", "td", "th", "li", "div", "details"]
        .iter()
        .fold(page, |page, element| {
            page.replace(&format!("><{element}"), &format!(">\n<{element}"))
        })
}

/// Every tag, attributes included.
fn tags(page: &str) -> Vec<&str> {
    let starts = page.split('<').skip(1);
    starts
        .map(|tag| tag.split_once('>').map_or(tag, |(tag, _)| tag))
        .collect()
}

#[test]
fn snapshots() {
    // Beside those of the other formats.
    insta::with_settings!({snapshot_path => "../snapshots"}, {
        insta::assert_snapshot!("html", body(&fixture::everything()));
        insta::assert_snapshot!("html_pass", body(&fixture::pass()));
        insta::assert_snapshot!("html_memory", body(&fixture::memory()));
    });
}

#[test]
fn text_of_others_never_becomes_markup() {
    const OURS: &[&str] = &[
        "!DOCTYPE",
        "a",
        "b",
        "body",
        "button",
        "caption",
        "code",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "head",
        "header",
        "html",
        "input",
        "label",
        "legend",
        "li",
        "line",
        "main",
        "meta",
        "nav",
        "p",
        "path",
        "polyline",
        "rect",
        "script",
        "section",
        "small",
        "span",
        "strong",
        "style",
        "summary",
        "svg",
        "table",
        "tbody",
        "td",
        "text",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
        "wbr",
    ];
    for report in fixture::all() {
        let page = rendered(&report);
        assert_eq!(page.matches("<script").count(), 1);
        assert_eq!(page.matches("<style").count(), 1);
        let (_, page) = cut(&page, "<style>", "</style>");
        let (_, page) = cut(&page, "<script>", "</script>");
        for tag in tags(&page) {
            let name = tag
                .trim_start_matches('/')
                .split([' ', '/'])
                .next()
                .unwrap();
            // The fixture holds `<b>`, `<i>` and `<img>`; of these ours is `<b>`, around a number.
            assert!(OURS.contains(&name), "{tag}");
            assert!(!tag.contains(" style=") && !tag.contains(" on"), "{tag}");
        }
        assert!(!page.contains("<b>@team"), "{page}");
        for c in ['\x1b', '\0', '\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}'] {
            assert!(!page.contains(c), "{c:?}");
        }
    }
    let page = rendered(&fixture::everything());
    assert!(page.contains("&lt;script&gt;alert(1)&lt;"), "{page}");
    assert!(page.contains("ratio&lt;img&gt;|x"), "{page}");
}

#[test]
fn a_name_cannot_leave_an_attribute() {
    let mut report = fixture::memory();
    let memory = report.memory.as_mut().unwrap();
    let command = memory.command.as_mut().unwrap();
    command.command = vec!["\" onload=\"alert(1)\" x=\"<script>'".to_owned()];
    let page = rendered(&report);
    assert!(
        page.contains("aria-label=\"&quot; onload=&quot;alert(1)"),
        "{page}"
    );
    assert!(!page.contains("\" onload"), "{page}");
    assert_eq!(page.matches("<script>").count(), 1);
}

#[test]
fn the_policy_allows_exactly_what_is_inlined() {
    for report in fixture::all() {
        let page = rendered(&report);
        let (style, _) = cut(&page, "<style>", "</style>");
        let (script, _) = cut(&page, "<script>", "</script>");
        for (directive, text) in [("style-src", style), ("script-src", script)] {
            let hash = STANDARD.encode(Sha256::digest(&text));
            assert!(
                page.contains(&format!("{directive} 'sha256-{hash}'")),
                "{directive}"
            );
            // A browser hashes what it parses, in which no line ends with a carriage return.
            assert!(!text.contains('\r'));
        }
        assert!(page.contains("content=\"default-src 'none'; "));
        assert!(!page.contains("unsafe-"));
    }
}

#[test]
fn nothing_is_fetched() {
    for report in fixture::all() {
        let page = rendered(&report);
        let (style, page) = cut(&page, "<style>", "</style>");
        assert!(!style.contains("url(") && !style.contains("@import"));
        for tag in tags(&page) {
            assert!(!tag.contains(" src="), "{tag}");
            let inside = !tag.contains("href=") || tag.starts_with("a href=\"#");
            assert!(inside, "{tag}");
        }
    }
    for word in ["fetch(", "XMLHttpRequest", "import", "innerHTML", "eval"] {
        assert!(!SCRIPT.contains(word), "{word}");
    }
}

#[test]
fn links_lead_to_something_that_is_there_once() {
    for report in fixture::all() {
        let page = rendered(&report);
        for tag in tags(&page).iter().filter(|tag| tag.starts_with("a href")) {
            let (id, _) = cut(tag, "#", "\"");
            assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
        }
    }
}

#[test]
fn every_row_has_its_picture_in_words() {
    for report in fixture::all() {
        let page = rendered(&report);
        let rows = page.matches("<tr data-status=").count();
        assert_eq!(rows, report.rows.len());
        assert_eq!(
            page.matches("<svg viewBox=\"0 0 200 42\" role=\"img\"><title>")
                .count(),
            rows
        );
    }
}

#[test]
fn what_is_left_out_is_said() {
    let mut report = fixture::everything();
    let (first, rest) = report.rows.split_at(1);
    let many = vec![first[0].clone(); 40_000];
    report.rows = many.iter().chain(rest).cloned().collect();
    let all = report.rows.len();
    let page = rendered(&report);
    assert!(page.len() < rows::MOST_BYTES + (1 << 20), "{}", page.len());
    let shown = page.matches("<tr data-status=").count();
    assert!(shown > 20_000, "{shown}");
    assert!(page.contains(&format!("<strong>{} rows left out: </strong>", all - shown)));
    assert!(page.contains(&format!("the first {shown} of {all}, ")));
    assert!(page.contains("Unchanged (0 of 4) "));
    assert!(!rendered(&fixture::many(3000)).contains("left out:"));
}

#[test]
fn a_memory_budget_of_any_size_fits_a_page() {
    let mut report = fixture::memory();
    let memory = report.memory.as_mut().unwrap();
    let check = memory.checks[0].clone();
    for index in 0..20_000 {
        let judgement = [Judgement::Pass, Judgement::NotAsked, Judgement::Fail][index % 3];
        memory.checks.push(Check {
            container: Some(format!("c{index}")),
            message: format!("m{index}"),
            judgement,
            ..check.clone()
        });
        memory.remarks.push(format!("r{index}"));
        memory.sources.push(format!("s{index}"));
    }
    let page = rendered(&report);
    assert!(page.len() < 2 << 20, "{}", page.len());
    assert_eq!(page.matches(" more left out: </strong>").count(), 3);
    assert!(page.contains("and 19"), "sources are counted");
    // What failed comes first.
    assert!(page.contains(">c2<") && !page.contains(">c0<"));
}

#[test]
fn the_same_report_makes_the_same_page() {
    for report in fixture::all() {
        assert_eq!(rendered(&report), rendered(&report));
    }
}
