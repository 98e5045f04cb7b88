//! What GitHub would be given, of every report and of the worst ones.

use super::super::fixture;
use super::*;
use crate::gate::FindingCode;

fn summary(report: &Report) -> String {
    fixture::rendered(render_summary, report)
}

fn comment(report: &Report) -> String {
    fixture::rendered(render_comment, report)
}

/// Every report of the fixture, and reports that are larger than any page.
fn all() -> Vec<Report> {
    let mut reports = fixture::all();
    reports.extend([fixture::many(10_000), every_status(), findings(), checks()]);
    reports
}

/// Thousands of rows of every status, gating and advisory.
fn every_status() -> Report {
    let mut report = fixture::many(5000);
    for (index, status) in Status::ALL.iter().cycle().take(5000).enumerate() {
        report.rows[index].status = *status;
        if index % 2 == 0 {
            report.rows[index].gating = crate::policy::Gating::Advisory;
        }
    }
    report
}

/// Findings with long hostile texts, and long names of everything.
fn findings() -> Report {
    let mut report = fixture::many(100);
    let severities = [Severity::Error, Severity::Warning, Severity::Info];
    report.findings = (0..500)
        .map(|index| Finding {
            code: FindingCode::Failure,
            severity: severities[index % 3],
            message: crate::text::HOSTILE[index % crate::text::HOSTILE.len()].repeat(300),
            at: Some("`|<".repeat(300)),
        })
        .collect();
    report.settings.policy = Some("|`@x` ".repeat(300));
    let geomeans = fixture::everything().geomeans;
    report.geomeans = geomeans.iter().cycle().take(300).cloned().collect();
    report
}

/// A memory budget of hundreds of containers, with as many remarks.
fn checks() -> Report {
    let mut report = fixture::memory();
    let memory = report.memory.as_mut().unwrap();
    let checks = memory.checks.clone();
    for container in 0..300 {
        memory
            .checks
            .extend(checks.iter().cloned().map(|mut check| {
                check.container = Some(format!("{container}{}", "|<".repeat(50)));
                check.remedy = Some(crate::text::HOSTILE.concat());
                check
            }));
        memory.remarks.push("|&<".repeat(500));
    }
    report
}

#[test]
fn snapshots() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    let _bound = settings.bind_to_scope();
    insta::assert_snapshot!("markdown", summary(&fixture::everything()));
    insta::assert_snapshot!("markdown_pass", summary(&fixture::pass()));
    insta::assert_snapshot!("markdown_memory", summary(&fixture::memory()));
    insta::assert_snapshot!("markdown_comment", comment(&fixture::everything()));
}

#[test]
fn tables_keep_their_columns() {
    for text in all()
        .iter()
        .flat_map(|report| [summary(report), comment(report)])
    {
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
fn a_page_is_whole_and_within_its_bounds() {
    for report in all() {
        for (text, bounds) in [(summary(&report), &SUMMARY), (comment(&report), &COMMENT)] {
            assert!(text.len() <= bounds.bytes, "{} bytes", text.len());
            let opened = text.matches("<details>").count();
            assert_eq!(text.matches("</details>").count(), opened);
            let code = report.verdict.exit_code();
            let last = text.lines().last().unwrap();
            assert!(last.starts_with(&format!("Exit code {code}")), "{last}");
        }
    }
}

#[test]
fn what_needs_attention_comes_first_and_the_rest_is_counted() {
    let text = comment(&every_status());
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}"));
    assert!(at("### Regressed (227)") < at("### Over budget (228)"));
    assert!(at("### Ruler changed") < at("<summary>Waived"));
    let text = comment(&fixture::many(10_000));
    assert!(text.contains("### Regressed (10000)"), "{text}");
    assert!(text.contains("… and 99"), "{text}");
    let text = comment(&findings());
    assert!(text.contains(" more findings\n"), "{text}");
    let text = comment(&checks());
    assert!(text.contains(" more memory checks\n"), "{text}");
}

#[test]
fn a_file_called_like_a_list_starts_none() {
    let mut report = fixture::pass();
    report.inputs.baseline[0].path = "-".to_owned();
    assert!(summary(&report).contains("\nCompared: - (70 results)"));
}
