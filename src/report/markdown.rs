//! The report in GitHub-flavoured Markdown, for job summaries and for comments.
//!
//! GitHub refuses a text that is too long as a whole, so that the report stays well below and says what it
//! left out. What a reviewer must know comes first and is open: the verdict, what led to it, and the rows,
//! checks and findings that need attention. The rest is folded away.

use std::io::{self, Write};

mod memory;
mod page;

use super::digest::{self, Names, Section};
use super::lines::Line;
use crate::figure;
use crate::gate::{Finding, Geomean, JudgedRow, Report, Severity, Status, Verdict};
use crate::text::capital;
use page::{Bounds, COMMENT, Page, SUMMARY};

const ROWS_HEAD: &str =
    "| benchmark | unit | baseline | candidate | change |\n|:--|:--|--:|--:|--:|\n";
const MEANS_HEAD: &str = "| unit | baseline | candidate | change |\n|:--|--:|--:|--:|\n";

/// For a job summary.
pub(super) fn render_summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(text(report, &SUMMARY).as_bytes())
}

/// For a comment.
pub(super) fn render_comment(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(text(report, &COMMENT).as_bytes())
}

fn text(report: &Report, bounds: &'static Bounds) -> String {
    let mut page = Page::new(bounds);
    head(report, &mut page);
    let names = Names::of(report);
    let (open, folded): (Vec<_>, Vec<_>) =
        Section::all(report).into_iter().partition(needs_attention);
    page.lists_up_to(60);
    lines(report, &names, &mut page);
    for section in &open {
        let title = format!("### {}\n\n", title(section));
        page.push(&title);
        rows(section, page.bounds.rows, &names, &mut page);
    }
    page.lists_up_to(80);
    if let Some(memory) = &report.memory {
        memory::write(memory, &mut page);
    }
    findings(&report.findings, &mut page);
    for section in &folded {
        fold(section, &names, &mut page);
    }
    counts(&folded, &mut page);
    page.lists_up_to(85);
    geomeans(&report.geomeans, &mut page);
    foot(report, &mut page);
    page.text
}

/// The verdict and what led to it.
fn head(report: &Report, page: &mut Page) {
    let (verdict, causes) = digest::headline(report);
    let sign = match verdict {
        Verdict::Pass => "✅",
        Verdict::Regression => "❌",
        Verdict::CouldNotJudge | Verdict::CommandFailed => "⚠️",
    };
    page.push(&format!(
        "## {sign} allocgate: {}\n\n",
        digest::label(report)
    ));
    let causes = page.sentence(&capital(&causes));
    page.push(&format!("**{causes}**\n\n"));
    for aside in digest::asides(report) {
        let aside = page.sentence(&capital(&aside));
        page.push(&format!("{aside}\n\n"));
    }
}

/// Where to look: the lines that allocate more.
fn lines(report: &Report, names: &Names, page: &mut Page) {
    let all = super::lines::all(report);
    let line = |line: &Line<'_>| {
        let (at, function) = (page.name(&line.at()), page.name(&line.function()));
        let benchmarks = page.sentence(&line.benchmarks(names));
        let rises = page.sentence(&line.rises());
        format!("| {at} | {function} | {benchmarks} | {rises} |\n")
    };
    let shown: Vec<String> = all.iter().take(page.bounds.findings).map(line).collect();
    let head = "### Lines that allocate more\n\n| line | in | seen by | more an iteration |\n|:--|:--|:--|:--|\n";
    let shown = page.list(head, shown);
    page.left_out(all.len() - shown, "line");
}

/// What was compared, and what to do next.
fn foot(report: &Report, page: &mut Page) {
    // Never at the start of a line, where a file called `-` would start a list.
    let inputs = page.sentence(&digest::inputs(report));
    page.push(&format!("Compared: {inputs}\n\n"));
    page.push(&format!("Exit code {}", report.verdict.exit_code()));
    if let Some(topic) = digest::explain(report) {
        page.push(&format!("; what to do: `allocgate explain {topic}`"));
    }
    page.push("\n");
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

/// `Regressed (22)`.
fn title(section: &Section<'_>) -> String {
    format!("{} ({})", capital(&section.title()), section.rows.len())
}

/// How many rows of a section that needs no attention are shown.
fn most_folded(section: &Section<'_>, page: &Page) -> usize {
    match section.status {
        Status::Unchanged => page.bounds.unchanged_rows,
        _ => page.bounds.calm_rows,
    }
}

/// Rows that need no attention.
fn fold(section: &Section<'_>, names: &Names, page: &mut Page) {
    let most = most_folded(section, page);
    if most == 0 {
        return;
    }
    page.push(&format!(
        "<details><summary>{}</summary>\n\n",
        title(section)
    ));
    rows(section, most, names, page);
    page.push("</details>\n\n");
}

/// What is only counted: `Not shown: unchanged (40), advisory: unchanged (20)`.
fn counts(folded: &[Section<'_>], page: &mut Page) {
    let counted = folded
        .iter()
        .filter(|section| most_folded(section, page) == 0)
        .map(|section| format!("{} ({})", section.title(), section.rows.len()));
    let counted: Vec<String> = counted.collect();
    if !counted.is_empty() {
        page.push(&format!("Not shown: {}\n\n", counted.join(", ")));
    }
}

/// A table of the first `most` rows. A reason that most of them have is said once, above them; another
/// stands below the name of its row, since a column of sentences would push the figures out of sight.
fn rows(section: &Section<'_>, most: usize, names: &Names, page: &mut Page) {
    let packages = section.packages(most);
    let shown = packages.iter().flat_map(|(_, rows)| rows);
    let reasons: Vec<String> = shown.map(|row| row.why()).collect();
    let common = digest::common_reason(reasons.iter().map(String::as_str));
    let mut head = match common {
        Some((why, true)) => format!("{}\n\n", page.sentence(&capital(why))),
        Some((why, false)) => {
            let why = page.sentence(&capital(why));
            format!("{why}, unless said otherwise\n\n")
        }
        None => String::new(),
    };
    head.push_str(ROWS_HEAD);
    let common = common.map(|(why, _)| why);
    let mut lines = Vec::new();
    for (package, rows) in &packages {
        let mut before = match *package {
            "" => String::new(),
            package => format!("| **{}** | | | | |\n", page.name(package)),
        };
        let mut named = None;
        for row in rows {
            let mut cell = Vec::new();
            // Another unit of the same benchmark.
            if named != Some(&row.key) {
                cell.push(page.name(&names.name(&row.key)));
                named = Some(&row.key);
            }
            let why = row.why();
            if common != Some(why.as_str()) {
                cell.push(format!("<sub>{}</sub>", page.sentence(&why)));
            }
            let line = line(&cell.join("<br>"), row, page);
            lines.push(std::mem::take(&mut before) + &line);
        }
    }
    let shown = page.list(&head, lines);
    page.left_out(section.rows.len() - shown, "row");
}

fn line(cell: &str, row: &JudgedRow, page: &Page) -> String {
    let (baseline, candidate) = row.shown_values();
    let change = row.change.map_or(String::new(), |change| {
        figure::change(change.absolute, change.relative, &row.unit)
    });
    let figures = [baseline, candidate, change].map(|figure| unbroken(&figure));
    let unit = page.name(row.unit.as_str());
    format!("| {cell} | {unit} | {} |\n", figures.join(" | "))
}

/// A figure that stays on one line, however narrow its column is.
fn unbroken(figure: &str) -> String {
    figure.replace(' ', "&nbsp;")
}

/// Errors and warnings, and folded away what is only for information.
fn findings(findings: &[Finding], page: &mut Page) {
    let (notes, problems): (Vec<_>, Vec<_>) = findings
        .iter()
        .partition(|finding| finding.severity == Severity::Info);
    let lines = |of: &[&Finding], page: &Page| -> Vec<String> {
        let most = page.bounds.findings;
        of.iter().take(most).map(|one| item(one, page)).collect()
    };
    if !problems.is_empty() {
        let lines = lines(&problems, page);
        page.push("### Findings\n\n");
        let shown = page.list("", lines);
        page.left_out(problems.len() - shown, "finding");
    }
    if !notes.is_empty() {
        let lines = lines(&notes, page);
        page.push(&format!(
            "<details><summary>Notes ({})</summary>\n\n",
            notes.len()
        ));
        let shown = page.list("", lines);
        page.left_out(notes.len() - shown, "note");
        page.push("</details>\n\n");
    }
}

fn item(finding: &Finding, page: &Page) -> String {
    let word = match finding.severity {
        Severity::Error => "**error** ",
        Severity::Warning => "**warning** ",
        Severity::Info => "",
    };
    let at = finding.at.as_ref();
    let at = at.map_or(String::new(), |at| format!(" {}:", page.name(at)));
    let (code, message) = (finding.code.as_str(), page.sentence(&finding.message));
    format!("- {word}`{code}`{at} {message}\n")
}

fn geomeans(geomeans: &[Geomean], page: &mut Page) {
    if geomeans.is_empty() {
        return;
    }
    page.push("<details><summary>Geometric means</summary>\n\n");
    let line = |mean: &Geomean| {
        let [baseline, candidate, change] = digest::geomean(mean);
        let unit = page.name(mean.unit.as_str());
        format!("| {unit} | {baseline} | {candidate} | {change} |\n")
    };
    let most = page.bounds.findings;
    let lines: Vec<String> = geomeans.iter().take(most).map(line).collect();
    let shown = page.list(MEANS_HEAD, lines);
    page.left_out(geomeans.len() - shown, "unit");
    page.push("</details>\n\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
