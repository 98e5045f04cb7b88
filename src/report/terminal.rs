//! The report for people, at a terminal or in a log: the verdict first, then what led to it, in
//! lines of at most the width asked for.
//!
//! One table lays out the figures of all rows, so that they stand below each other; headings and
//! reasons go between its lines. Colours come last, onto text whose width is settled.

mod layout;
mod lines;
mod memory;

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use layout::{Figures, Layout, common_reason};

use super::TerminalStyle;
use super::digest::{self, Names, Section};
use crate::figure::count;
use crate::gate::{Finding, Geomean, JudgedRow, Report, Severity, Status, Verdict};
use crate::text::{fit, fit_middle, plain, width, wrap};

/// Rows shown of a status that needs attention, and of one that is only for information.
const MOST_ROWS: usize = 50;
const MOST_CALM_ROWS: usize = 10;
/// Findings shown, and units whose means are.
const MOST_FINDINGS: usize = 20;
const MOST_UNITS: usize = 8;
/// Rows laid out at once: a report may have hundreds of thousands.
const ROWS_A_TABLE: usize = 1000;
/// Lines that one sentence may take.
const MOST_LINES: usize = 4;
/// Below this, lines are longer than asked for.
const LEAST_WIDTH: usize = 24;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const GREEN: Style = AnsiColor::Green.on_default();

pub(super) fn render(
    report: &Report,
    style: &TerminalStyle,
    out: &mut dyn Write,
) -> io::Result<()> {
    let style = &TerminalStyle {
        width: style.width.max(LEAST_WIDTH),
        ..*style
    };
    let mut page = Page { style, out };
    page.head(report)?;
    let names = Names::of(report);
    let sections = Section::all(report);
    let shown = |section: &&Section<'_>| {
        style.all_rows || (!section.advisory && section.status != Status::Unchanged)
    };
    for section in sections.iter().filter(shown) {
        page.section(section, &names)?;
    }
    page.lines(report, &names)?;
    page.folded(report)?;
    if let Some(memory) = &report.memory {
        page.memory(memory)?;
    }
    page.findings(&report.findings)?;
    page.geomeans(&report.geomeans)?;
    page.foot(report)
}

fn color(status: Status) -> Style {
    match status {
        Status::Regressed | Status::OverBudget => RED,
        Status::Inconclusive | Status::Failed | Status::Vanished | Status::RulerChanged => YELLOW,
        Status::Improved => GREEN,
        Status::Waived | Status::WithinThreshold | Status::New | Status::Unchanged => DIM,
    }
}

struct Page<'a> {
    style: &'a TerminalStyle,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    /// A line that is too long is cut, whatever it is: the last line of defence.
    fn line(&mut self, style: Style, text: &str) -> io::Result<()> {
        let text = fit(text.trim_end(), self.style.width);
        if self.style.color && !text.is_empty() && style != Style::new() {
            writeln!(self.out, "{style}{text}{style:#}")
        } else {
            writeln!(self.out, "{text}")
        }
    }

    /// A sentence in as many lines as it takes, all but the first indented by `hang` more.
    fn paragraph(
        &mut self,
        style: Style,
        indent: usize,
        hang: usize,
        text: &str,
    ) -> io::Result<()> {
        let columns = self.style.width.saturating_sub(indent + hang);
        for (index, line) in wrap(text, columns, MOST_LINES).iter().enumerate() {
            let indent = if index == 0 { indent } else { indent + hang };
            self.line(style, &format!("{:indent$}{line}", ""))?;
        }
        Ok(())
    }

    fn head(&mut self, report: &Report) -> io::Result<()> {
        let (verdict, text) = digest::headline(report);
        let color = match verdict {
            Verdict::Pass => GREEN,
            Verdict::Regression => RED,
            Verdict::CouldNotJudge | Verdict::CommandFailed => YELLOW,
        };
        self.paragraph(
            color.bold(),
            0,
            2,
            &format!("{}: {text}", digest::label(report)),
        )?;
        for aside in digest::asides(report) {
            self.paragraph(Style::new(), 0, 2, &aside)?;
        }
        self.paragraph(DIM, 0, 2, &digest::inputs(report))
    }

    fn section(&mut self, section: &Section<'_>, names: &Names) -> io::Result<()> {
        let most = match section.status {
            _ if self.style.all_rows => usize::MAX,
            Status::WithinThreshold | Status::Improved | Status::New | Status::Unchanged => {
                MOST_CALM_ROWS
            }
            _ => MOST_ROWS,
        };
        let rows: Vec<&JudgedRow> = section
            .packages(most)
            .into_iter()
            .flat_map(|(_, rows)| rows)
            .collect();
        let mut figures: Vec<Figures> = rows.iter().map(|row| Figures::of(row, names)).collect();
        let color = color(section.status);
        self.line(Style::new(), "")?;
        let title = format!("{} ({})", section.title(), section.rows.len());
        let heading =
            common_reason(&mut figures).map_or(title.clone(), |why| format!("{title}: {why}"));
        self.paragraph(color.bold(), 0, 2, &heading)?;
        let layout = Layout::of(&figures, self.style.width);
        let mut package = "";
        for (rows, figures) in rows.chunks(ROWS_A_TABLE).zip(figures.chunks(ROWS_A_TABLE)) {
            let table = layout.table(figures);
            for (index, line) in table.lines().enumerate().take(figures.len()) {
                if rows[index].key.package != package {
                    package = &rows[index].key.package;
                    let shown = plain(package);
                    self.line(
                        BOLD,
                        &format!("  {}", fit_middle(&shown, self.style.width - 2)),
                    )?;
                }
                let before = index.checked_sub(1).map(|before| &figures[before]);
                self.row(
                    before,
                    &figures[index],
                    figures.get(index + 1),
                    (&line, &layout, color),
                )?;
            }
        }
        if section.rows.len() > most {
            let more = section.rows.len() - most;
            self.line(DIM, &format!("  … and {more} more (--all shows them)"))?;
        }
        Ok(())
    }

    /// A row between its neighbours: its name, if that is too long for the table, its line, its reason,
    /// and where it allocates more.
    fn row(
        &mut self,
        before: Option<&Figures>,
        row: &Figures,
        next: Option<&Figures>,
        (line, layout, color): (&str, &Layout, Style),
    ) -> io::Result<()> {
        let columns = self.style.width - 4;
        if !before.is_some_and(|before| before.same_benchmark(row)) && !layout.holds(&row.name) {
            for line in wrap(&fit_middle(&row.name, 2 * columns), columns, 3) {
                self.line(Style::new(), &format!("    {line}"))?;
            }
        }
        // Said once for the units of one benchmark.
        let why = match next {
            Some(next) if next.same_benchmark(row) && next.why == row.why => String::new(),
            _ => layout.reason(row),
        };
        self.figures(line.trim_end(), row, &why, layout.reason_at, color)
    }

    /// The line of a row, with its reason behind it if there is room, or below.
    fn figures(
        &mut self,
        line: &str,
        row: &Figures,
        why: &str,
        reason_at: Option<usize>,
        color: Style,
    ) -> io::Result<()> {
        let line = fit(line, self.style.width);
        let mut reasons = match reason_at {
            Some(at) => wrap(why, self.style.width - at, MOST_LINES).into_iter(),
            None => Vec::new().into_iter(),
        };
        match line
            .strip_suffix(row.change.as_str())
            .filter(|_| self.style.color)
        {
            Some(start) => write!(self.out, "{start}{color}{}{color:#}", row.change)?,
            None => write!(self.out, "{line}")?,
        }
        let Some(at) = reason_at else {
            writeln!(self.out)?;
            return if why.is_empty() {
                Ok(())
            } else {
                self.paragraph(DIM, 6, 0, why)
            };
        };
        match reasons.next().filter(|reason| !reason.is_empty()) {
            Some(first) => {
                let gap = at.saturating_sub(width(&line));
                let (on, off) = if self.style.color {
                    (DIM.render().to_string(), DIM.render_reset().to_string())
                } else {
                    Default::default()
                };
                writeln!(self.out, "{:gap$}{on}{first}{off}", "")?;
            }
            None => writeln!(self.out)?,
        }
        for reason in reasons {
            self.line(DIM, &format!("{:at$}{reason}", ""))?;
        }
        Ok(())
    }

    /// What was left out, in a line each.
    fn folded(&mut self, report: &Report) -> io::Result<()> {
        if self.style.all_rows {
            return Ok(());
        }
        let unchanged = report.counts.unchanged;
        let advisory = digest::advisory(report);
        if unchanged > 0 || !advisory.is_empty() {
            self.line(Style::new(), "")?;
        }
        if unchanged > 0 {
            self.line(
                DIM,
                &format!("unchanged: {} (--all shows them)", count(unchanged, "row")),
            )?;
        }
        for sentence in advisory.iter().take(MOST_UNITS) {
            self.paragraph(
                DIM,
                0,
                2,
                &format!("advisory: {sentence}; never fails the gate"),
            )?;
        }
        if advisory.len() > MOST_UNITS {
            let more = advisory.len() - MOST_UNITS;
            self.line(
                DIM,
                &format!("advisory: … and {more} more units (--all shows them)"),
            )?;
        }
        Ok(())
    }

    fn findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        if !findings.is_empty() {
            self.line(Style::new(), "")?;
        }
        let most = if self.style.all_rows {
            usize::MAX
        } else {
            MOST_FINDINGS
        };
        for finding in findings.iter().take(most) {
            let (word, color) = match finding.severity {
                Severity::Error => ("error", YELLOW),
                Severity::Warning => ("warning", YELLOW),
                Severity::Info => ("note", DIM),
            };
            let at = finding
                .at
                .as_ref()
                .map_or(String::new(), |at| format!("{}: ", plain(at)));
            let (message, code) = (plain(&finding.message), finding.code.as_str());
            self.paragraph(color, 0, 2, &format!("{word}[{code}]: {at}{message}"))?;
        }
        if findings.len() > most {
            let more = count(findings.len() - most, "more finding");
            self.line(DIM, &format!("… and {more} (--all shows them)"))?;
        }
        Ok(())
    }

    fn geomeans(&mut self, geomeans: &[Geomean]) -> io::Result<()> {
        if geomeans.is_empty() {
            return Ok(());
        }
        self.line(Style::new(), "")?;
        let rows: Vec<Figures> = geomeans
            .iter()
            .take(MOST_UNITS)
            .map(Figures::of_mean)
            .collect();
        let lines: Vec<String> = Layout::of(&rows, self.style.width)
            .table(&rows)
            .lines()
            .collect();
        for line in lines {
            // The indent is that of rows below a package, and these have none.
            self.line(DIM, line.strip_prefix("    ").unwrap_or(&line))?;
        }
        if geomeans.len() > MOST_UNITS {
            let more = geomeans.len() - MOST_UNITS;
            self.line(DIM, &format!("… and the geomeans of {more} more units"))?;
        }
        Ok(())
    }

    fn foot(&mut self, report: &Report) -> io::Result<()> {
        self.line(Style::new(), "")?;
        let code = report.verdict.exit_code();
        match digest::explain(report) {
            Some(topic) => self.paragraph(
                Style::new(),
                0,
                2,
                &format!("exit code {code}; what to do: allocgate explain {topic}"),
            ),
            None => self.line(Style::new(), &format!("exit code {code}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn rendered(report: &Report, width: usize, all_rows: bool, color: bool) -> String {
        let mut out = Vec::new();
        render(
            report,
            &TerminalStyle {
                color,
                width,
                all_rows,
            },
            &mut out,
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn snapshots() {
        insta::assert_snapshot!(
            "terminal",
            rendered(&fixture::everything(), 80, false, false)
        );
        insta::assert_snapshot!(
            "terminal_all",
            rendered(&fixture::everything(), 80, true, false)
        );
        insta::assert_snapshot!(
            "terminal_wide",
            rendered(&fixture::everything(), 120, false, false)
        );
        insta::assert_snapshot!(
            "terminal_pass",
            rendered(&fixture::pass(), 80, false, false)
        );
        insta::assert_snapshot!(
            "terminal_empty",
            rendered(&fixture::empty(), 80, false, false)
        );
        let color = rendered(&fixture::could_not_judge(), 80, false, true);
        insta::assert_snapshot!(
            "terminal_memory",
            rendered(&fixture::memory(), 80, false, false)
        );
        insta::assert_snapshot!("terminal_color", color.replace('\x1b', "␛"));
    }

    #[test]
    fn fits_and_is_inert_at_any_width() {
        for report in fixture::all() {
            for columns in [40, 60, 80, 100, 120, 200] {
                for all in [false, true] {
                    let text = rendered(&report, columns, all, false);
                    assert!(!text.contains("##["));
                    for line in text.lines() {
                        assert!(
                            width(line) <= columns,
                            "{} > {columns}: {line}",
                            width(line)
                        );
                        assert!(!line.chars().any(char::is_control), "{line:?}");
                        assert!(!line.trim_start().starts_with("::"), "{line:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn colors_change_nothing_but_colors() {
        for report in fixture::all() {
            for columns in [60, 80, 140] {
                let mut bare = String::new();
                let colored = rendered(&report, columns, true, true);
                let mut parts = colored.split('\x1b');
                bare.push_str(parts.next().unwrap());
                for part in parts {
                    bare.push_str(part.split_once('m').unwrap().1);
                }
                assert_eq!(bare, rendered(&report, columns, true, false));
            }
        }
    }

    #[test]
    fn long_lists_are_cut_unless_asked_for() {
        let text = rendered(&fixture::many(3000), 80, false, false);
        assert!(text.contains("… and 2950 more") && text.lines().count() < 250);
        assert!(
            rendered(&fixture::many(3000), 80, true, false)
                .lines()
                .count()
                > 3000
        );
    }
}
