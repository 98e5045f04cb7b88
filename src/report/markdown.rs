//! The report in GitHub-flavoured Markdown, for job summaries and comments.
//!
//! A summary over 1 MiB is refused by GitHub as a whole, so that the report stays well below and says
//! what it left out; what failed comes first. Text of others stands in code, where neither markup nor
//! mentions nor references work: between backticks if that is safe, else in `<code>` with every
//! character that is no letter or digit as an entity (an escaped `\|` would depend on what stands
//! before it). Text that is mostly our own has only its markup taken away.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

mod memory;

use super::digest::{self, Names, Section};
use super::text::{fit, fit_middle, plain};
use crate::figure::{self, count};
use crate::gate::{Finding, Geomean, JudgedRow, Report, Severity, Status, Verdict};

/// The most bytes that a report has, with some left for what others add to the same summary.
const MOST_BYTES: usize = 960 << 10;
/// Kept free of rows, for what comes after them.
const LAST_BYTES: usize = 128 << 10;
/// Rows shown of a status that needs attention, and of one that is only for information.
const MOST_ROWS: usize = 500;
const MOST_CALM_ROWS: usize = 100;
const MOST_FINDINGS: usize = 50;
const MOST_UNITS: usize = 20;
/// Columns of a name, and of a sentence.
const NAME_COLUMNS: usize = 160;
const SENTENCE_COLUMNS: usize = 400;

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write_page(report, &mut page);
    out.write_all(page.as_bytes())
}

fn write_page(report: &Report, page: &mut String) -> std::fmt::Result {
    let (verdict, causes) = digest::headline(report);
    let sign = match verdict {
        Verdict::Pass => "✅",
        Verdict::Regression => "❌",
        Verdict::CouldNotJudge | Verdict::CommandFailed => "⚠️",
    };
    writeln!(page, "## {sign} allocgate: {}\n", digest::label(report))?;
    writeln!(page, "**{}**\n", sentence(&capital(&causes)))?;
    for aside in digest::asides(report) {
        writeln!(page, "{}\n", sentence(&capital(&aside)))?;
    }
    writeln!(page, "{}\n", sentence(&digest::inputs(report)))?;
    let names = Names::of(report);
    let sections = Section::all(report);
    for section in sections.iter().filter(|section| needs_attention(section)) {
        writeln!(
            page,
            "### {} ({})\n",
            capital(&section.title()),
            section.rows.len()
        )?;
        table(section, MOST_ROWS, &names, page)?;
    }
    if let Some(memory) = &report.memory {
        memory::write(memory, page)?;
    }
    findings(&report.findings, page)?;
    for section in sections.iter().filter(|section| !needs_attention(section)) {
        let title = capital(&section.title());
        writeln!(
            page,
            "<details><summary>{title} ({})</summary>\n",
            section.rows.len()
        )?;
        table(section, MOST_CALM_ROWS, &names, page)?;
        writeln!(page, "</details>\n")?;
    }
    geomeans(&report.geomeans, page)?;
    write!(page, "Exit code {}", verdict.exit_code())?;
    match digest::explain(report) {
        Some(topic) => writeln!(page, "; what to do: `allocgate explain {topic}`"),
        None => writeln!(page),
    }
}

fn needs_attention(section: &Section<'_>) -> bool {
    let calm = matches!(
        section.status,
        Status::Waived
            | Status::WithinThreshold
            | Status::Improved
            | Status::New
            | Status::Unchanged
    );
    !section.advisory && !calm
}

fn table(section: &Section<'_>, most: usize, names: &Names, page: &mut String) -> std::fmt::Result {
    page.push_str("| benchmark | unit | baseline | candidate | change | why |\n");
    page.push_str("|:--|:--|--:|--:|--:|:--|\n");
    let mut shown = 0;
    'packages: for (package, rows) in section.packages(most) {
        let mut head = match package {
            "" => String::new(),
            package => format!("| **{}** | | | | | |\n", name(package)),
        };
        for row in rows {
            let line = head.clone() + &line(row, names);
            if page.len() + line.len() > MOST_BYTES - LAST_BYTES {
                break 'packages;
            }
            page.push_str(&line);
            head.clear();
            shown += 1;
        }
    }
    if shown < section.rows.len() {
        writeln!(page, "\n… and {} more", section.rows.len() - shown)?;
    }
    page.push('\n');
    Ok(())
}

fn line(row: &JudgedRow, names: &Names) -> String {
    let (baseline, candidate) = row.shown_values();
    let change = row.change.map_or(String::new(), |change| {
        figure::change(change.absolute, change.relative, &row.unit)
    });
    format!(
        "| {} | {} | {baseline} | {candidate} | {change} | {} |\n",
        name(&names.name(&row.key)),
        name(row.unit.as_str()),
        sentence(&row.why()),
    )
}

fn findings(findings: &[Finding], page: &mut String) -> std::fmt::Result {
    if findings.is_empty() {
        return Ok(());
    }
    page.push_str("### Findings\n\n");
    for finding in findings.iter().take(MOST_FINDINGS) {
        let word = match finding.severity {
            Severity::Error => "**error**",
            Severity::Warning => "**warning**",
            Severity::Info => "note",
        };
        let at = finding
            .at
            .as_ref()
            .map_or(String::new(), |at| format!(" {}:", name(at)));
        let (code, message) = (finding.code.as_str(), sentence(&finding.message));
        writeln!(page, "- {word} `{code}`{at} {message}")?;
    }
    if findings.len() > MOST_FINDINGS {
        writeln!(
            page,
            "- … and {}",
            count(findings.len() - MOST_FINDINGS, "more finding")
        )?;
    }
    page.push('\n');
    Ok(())
}

fn geomeans(geomeans: &[Geomean], page: &mut String) -> std::fmt::Result {
    if geomeans.is_empty() {
        return Ok(());
    }
    page.push_str("<details><summary>Geometric means</summary>\n\n");
    page.push_str("| unit | baseline | candidate | change |\n|:--|--:|--:|--:|\n");
    for mean in geomeans.iter().take(MOST_UNITS) {
        let [baseline, candidate, change] = digest::geomean(mean);
        writeln!(
            page,
            "| {} | {baseline} | {candidate} | {change} |",
            name(mean.unit.as_str())
        )?;
    }
    if geomeans.len() > MOST_UNITS {
        writeln!(page, "\n… and {} more units", geomeans.len() - MOST_UNITS)?;
    }
    page.push_str("\n</details>\n\n");
    Ok(())
}

fn capital(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// A name in code.
fn name(text: &str) -> String {
    code(&fit_middle(&plain(text), NAME_COLUMNS))
}

/// A sentence as text, or as code if it holds what GitHub would act on wherever it stands in a text:
/// mentions, references to issues, names of emoji.
fn sentence(text: &str) -> Cow<'_, str> {
    let shown = plain(text);
    let shown = fit(&shown, SENTENCE_COLUMNS);
    let mut escaped = String::with_capacity(shown.len() + 16);
    let mut chars = shown.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        match c {
            '@' => return code(&shown).into(),
            '#' if next.is_alphanumeric() => return code(&shown).into(),
            ':' if next.is_alphabetic() => return code(&shown).into(),
            // Links without markup: `https://`, `www.`
            ':' if next == '/' => entity(c, &mut escaped),
            '.' if escaped.ends_with(['w', 'W']) => entity(c, &mut escaped),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '$'
            | '!' | '#' | '^' | '"' | '\'' => entity(c, &mut escaped),
            _ => escaped.push(c),
        }
    }
    escaped.into()
}

/// `text` in code, out of which it cannot break, in a table or elsewhere.
fn code(text: &str) -> String {
    let safe = !text.is_empty()
        && !text.contains(['`', '|'])
        && !text.starts_with(' ')
        && !text.ends_with(' ');
    if safe {
        return format!("`{text}`");
    }
    let mut code = String::from("<code>");
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == ' ' || !c.is_ascii() {
            code.push(c);
        } else {
            entity(c, &mut code);
        }
    }
    code.push_str("</code>");
    code
}

fn entity(c: char, text: &mut String) {
    let _ = write!(text, "&#{};", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn rendered(report: &Report) -> String {
        fixture::rendered(render, report)
    }

    #[test]
    fn snapshots() {
        insta::assert_snapshot!("markdown", rendered(&fixture::everything()));
        insta::assert_snapshot!("markdown_pass", rendered(&fixture::pass()));
        insta::assert_snapshot!("markdown_memory", rendered(&fixture::memory()));
    }

    #[test]
    fn tables_keep_their_columns() {
        for report in fixture::all() {
            let text = rendered(&report);
            let mut columns = None;
            for line in text.lines() {
                let bars = line.matches('|').count();
                match columns {
                    _ if !line.starts_with('|') => columns = None,
                    None => columns = Some(bars),
                    Some(columns) => assert_eq!(bars, columns, "{line}"),
                }
                assert!(line.starts_with('|') || bars == 0, "{line}");
                assert!(!line.contains("\\|"), "{line}");
            }
        }
    }

    #[test]
    fn names_stay_in_code() {
        for hostile in fixture::HOSTILE {
            let name = name(hostile);
            let inner = match name.strip_prefix('`') {
                Some(rest) => {
                    let inner = rest.strip_suffix('`').unwrap();
                    assert!(!inner.is_empty());
                    inner
                }
                None => name
                    .strip_prefix("<code>")
                    .unwrap()
                    .strip_suffix("</code>")
                    .unwrap(),
            };
            assert!(
                !inner.contains(['`', '|', '\n', '\x1b', '\u{202e}']),
                "{name}"
            );
        }
    }

    #[test]
    fn sentences_have_no_markup() {
        for (text, shown) in [
            ("exact: 10+10", "exact: 10+10"),
            ("p<0.001, [9, 11]", "p&#60;0.001, &#91;9, 11&#93;"),
            ("ask @team", "`ask @team`"),
            ("fixes #12", "`fixes #12`"),
            (":tada: now", "`:tada: now`"),
            ("see https://example.com", "see https&#58;//example.com"),
            ("www.example.com", "www&#46;example.com"),
            ("**bold** `code`", "&#42;&#42;bold&#42;&#42; &#96;code&#96;"),
            ("a|b @x", "<code>a&#124;b &#64;x</code>"),
        ] {
            assert_eq!(sentence(text), shown);
        }
    }

    #[test]
    fn stays_below_what_github_takes() {
        let mut report = fixture::many(3000);
        for (index, status) in Status::ALL
            .iter()
            .cycle()
            .take(report.rows.len())
            .enumerate()
        {
            report.rows[index].status = *status;
        }
        let text = rendered(&report);
        assert!(text.len() < 1 << 20, "{} bytes", text.len());
        assert!(text.contains(" more\n") && text.contains("Exit code 1"));
    }
}
