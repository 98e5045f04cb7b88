//! The report as SARIF 2.1.0, for code scanning and for editors: a result a problem, with the texts of
//! `allocgate explain` as its rules.
//!
//! GitHub refuses a file as a whole of which one result has no physical location. What has no line is
//! put at the first line of the policy therefore, and the logical location tells which benchmark it is.
//! GitHub tells alerts apart by `primaryLocationLineHash` alone, and would take the line's own hash
//! otherwise: the rows of one benchmark function would be one alert. (The action `upload-sarif` keeps
//! ours, and says in its log that it would have calculated another.) An upload replaces the one before of the
//! same category: the run has no `automationDetails`, so that `category` of the upload, by default the
//! workflow's job, tells several reports of a commit apart. Of a run 5,000 results are shown, so
//! that no more are written, errors first, and a notification says how many are left out.
//!
//! Waived rows are notes with a suppression. Viewers hide them; GitHub does not read suppressions by
//! itself, and shows open notes until the action `advanced-security/dismiss-alerts` dismisses them.

use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::digest::{self, Names};
use super::place;
use super::problem::{self, Level, Problem, Subject};
use crate::figure::{self, count};
use crate::gate::{Explanation, JudgedRow, Place, Report, Site, Verdict};
use crate::text::{fit, fit_middle, plain};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The most results that GitHub shows of a run.
const MOST: usize = 5000;
/// Columns of the name of a benchmark.
const NAME_COLUMNS: usize = 400;
/// Columns of the reason of a waiver.
const REASON_COLUMNS: usize = 400;
/// The name of the folder that paths are relative to: the root of the repository.
const ROOT: &str = "%SRCROOT%";
/// All of a path that is no letter, no digit and not unreserved (RFC 3986) is encoded. A colon too: in the
/// first segment it would end a scheme.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let problems = problem::all(report);
    let waived = problem::waived(report).count();
    let left = (problems.len() + waived).saturating_sub(MOST);
    let all: Vec<Problem<'_>> = problems
        .into_iter()
        .chain(problem::waived(report))
        .collect();
    let shown = &all[..all.len() - left];
    let mut rules = Vec::new();
    let results = results(report, shown, &mut rules);
    let mut driver = json!({
        "name": env!("CARGO_PKG_NAME"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(|code| rule(code)).collect::<Vec<_>>(),
    });
    let repository = env!("CARGO_PKG_REPOSITORY");
    if repository.contains("://") {
        driver["informationUri"] = repository.into();
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: { "description": text("The root of the repository.") } },
            "invocations": [invocation(report, left)],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

/// The results, and the codes that occur in them.
fn results(report: &Report, problems: &[Problem<'_>], rules: &mut Vec<String>) -> Vec<Value> {
    let names = Names::of(report);
    let policy = place::of_policy(report);
    let fingerprints = problem::fingerprints(problems).into_iter();
    let result = |(problem, fingerprint): (&Problem<'_>, String)| {
        let code = problem.code();
        let known = rules.iter().position(|known| *known == code);
        let index = known.unwrap_or_else(|| {
            rules.push(code.clone());
            rules.len() - 1
        });
        let place = problem.place.as_ref().unwrap_or(&policy);
        let suppression = suppression(problem);
        let level = match problem.level() {
            _ if suppression.is_some() => "note",
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let mut result = json!({
            "ruleId": code,
            "ruleIndex": index,
            "level": level,
            "message": text(&problem.message(&names)),
            "locations": [location(problem, place)],
            "partialFingerprints": { "primaryLocationLineHash": fingerprint },
        });
        if let Subject::Row(row) = problem.subject
            && !row.sites.is_empty()
        {
            result["relatedLocations"] = related(row);
        }
        if let Some(suppression) = suppression {
            result["suppressions"] = json!([suppression]);
        }
        result
    };
    problems.iter().zip(fingerprints).map(result).collect()
}

/// A rule: what its code means and what to do.
fn rule(code: &str) -> Value {
    let mut rule = json!({ "id": code });
    if let Some(explanation) = Explanation::of(code) {
        rule["shortDescription"] = text(title(&explanation));
        rule["fullDescription"] = text(explanation.meaning);
        rule["help"] = text(explanation.remedy);
    }
    rule
}

/// The title that an alert bears: the first sentence as far as it says what, not how.
fn title(explanation: &Explanation) -> &'static str {
    let sentence = explanation.first_sentence();
    let ends = [": ", "; "]
        .into_iter()
        .filter_map(|end| sentence.find(end));
    // Not within brackets.
    let ends = ends.filter(|end| !sentence[..*end].contains('('));
    &sentence[..ends.min().unwrap_or(sentence.len())]
}

/// That a waiver accepts it, and why.
fn suppression(problem: &Problem<'_>) -> Option<Value> {
    let Subject::Row(row) = problem.subject else {
        return None;
    };
    let waiver = row.waiver.as_ref().filter(|waiver| !waiver.expired)?;
    Some(json!({
        "kind": "external",
        "status": "accepted",
        "justification": fit(&plain(&waiver.reason), REASON_COLUMNS),
    }))
}

/// The lines that allocate more, each with what it costs.
fn related(row: &JudgedRow) -> Value {
    let location = |(number, site): (usize, &Site)| {
        let function = plain(&site.function);
        let function = fit_middle(&function, NAME_COLUMNS);
        let rise = figure::signed(site.rise, &row.unit);
        let unit = plain(row.unit.as_str());
        let message = format!("{function} allocates more here: {unit} {rise}");
        json!({
            "id": number + 1,
            "physicalLocation": physical(&site.place),
            "message": text(&message),
        })
    };
    row.sites.iter().enumerate().map(location).collect()
}

fn physical(place: &Place) -> Value {
    let file = place.file.trim_start_matches('/');
    json!({
        "artifactLocation": {
            "uri": utf8_percent_encode(file, ENCODED).to_string(),
            "uriBaseId": ROOT,
        },
        "region": { "startLine": place.line.max(1) },
    })
}

fn location(problem: &Problem<'_>, place: &Place) -> Value {
    let mut location = json!({ "physicalLocation": physical(place) });
    let (name, kind) = match problem.subject {
        Subject::Row(row) => (row.key.to_string(), "function"),
        Subject::Check(check) => match &check.container {
            Some(container) => (container.clone(), "resource"),
            None => return location,
        },
        Subject::Finding(_) | Subject::Cause(..) => return location,
    };
    let name = plain(&name);
    let name = fit_middle(&name, NAME_COLUMNS);
    location["logicalLocations"] = json!([{ "fullyQualifiedName": name, "kind": kind }]);
    location
}

/// How the run went, and what of it is not among the results.
fn invocation(report: &Report, left: usize) -> Value {
    let verdict = report.verdict;
    let (_, causes) = digest::headline(report);
    let mut description = format!("{}: {}", digest::label(report), plain(&causes));
    if let Some(selection) = digest::selection(report) {
        description.push_str("; ");
        description.push_str(&selection);
    }
    let mut invocation = json!({
        "executionSuccessful": matches!(verdict, Verdict::Pass | Verdict::Regression),
        "exitCode": verdict.exit_code(),
        "exitCodeDescription": description,
    });
    if left > 0 {
        let message = format!(
            "{} left out: --report json has all",
            count(left, "more result")
        );
        invocation["toolExecutionNotifications"] =
            json!([{ "level": "warning", "message": text(&message) }]);
    }
    invocation
}

/// A message. Braces are doubled, since they would stand for arguments, and what would be a link is
/// escaped.
fn text(text: &str) -> Value {
    let mut text = text.replace('{', "{{").replace('}', "}}");
    if text.contains("](") {
        text = text
            .replace('\\', "\\\\")
            .replace('[', "\\[")
            .replace(']', "\\]");
    }
    json!({ "text": text })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn rendered(report: &Report) -> String {
        fixture::rendered(render, report)
    }

    fn log(report: &Report) -> Value {
        serde_json::from_str(&rendered(report)).unwrap()
    }

    fn results(log: &Value) -> &[Value] {
        log["runs"][0]["results"].as_array().unwrap()
    }

    #[test]
    fn snapshots() {
        for (name, report) in [
            ("sarif", fixture::everything()),
            ("sarif_memory", fixture::memory()),
            ("sarif_pass", fixture::pass()),
        ] {
            let text = rendered(&report).replace(env!("CARGO_PKG_VERSION"), "[version]");
            insta::assert_snapshot!(name, text);
        }
    }

    #[test]
    fn keeps_the_official_schema() {
        let schema = include_str!("../../testdata/schemas/sarif-2.1.0.schema.json");
        // One of its patterns is no regular expression as validators read them: a bracket is not escaped.
        let schema = schema.replace("{2}]?$", "{2}\\\\]?$");
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        for report in fixture::all() {
            let log = log(&report);
            let errors: Vec<String> = validator
                .iter_errors(&log)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
        let wrong = json!({ "version": "2.1.0", "runs": [{}] });
        assert!(!validator.is_valid(&wrong));
    }

    #[test]
    fn every_result_has_what_github_asks_for() {
        for report in fixture::all() {
            let log = log(&report);
            let rules = log["runs"][0]["tool"]["driver"]["rules"]
                .as_array()
                .unwrap();
            let mut fingerprints = std::collections::BTreeSet::new();
            for result in results(&log) {
                let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
                assert_eq!(rule["id"], result["ruleId"]);
                assert!(rule["help"]["text"].is_string(), "{rule}");
                let place = &result["locations"][0]["physicalLocation"];
                let uri = place["artifactLocation"]["uri"].as_str().unwrap();
                let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
                assert!(!uri.is_empty() && uri.chars().all(allowed), "{uri}");
                assert!(place["region"]["startLine"].as_u64() > Some(0));
                let print = &result["partialFingerprints"]["primaryLocationLineHash"];
                assert!(fingerprints.insert(print.as_str().unwrap().to_owned()));
            }
            let errors = results(&log).iter().filter(|one| one["level"] == "error");
            assert_eq!(errors.count() > 0, report.verdict.exit_code() != 0);
        }
    }

    #[test]
    fn titles_are_short() {
        for explanation in Explanation::all() {
            let title = title(&explanation);
            assert!((20..=180).contains(&title.chars().count()), "{title}");
            assert_eq!(title.matches('(').count(), title.matches(')').count());
        }
        let regressed = Explanation::of("regressed").unwrap();
        assert_eq!(
            title(&regressed),
            "The candidate is worse than the baseline by more than the threshold, and the evidence supports it"
        );
    }

    /// What the action `upload-sarif` sets where nothing is set.
    #[test]
    fn the_category_is_left_to_the_upload() {
        let log = log(&fixture::everything());
        assert!(log["runs"][0].get("automationDetails").is_none());
    }

    #[test]
    fn no_more_results_than_github_shows_and_errors_first() {
        let mut report = fixture::many(MOST + 7);
        report.rows[0].status = crate::gate::Status::Vanished;
        let log = log(&report);
        assert_eq!(results(&log).len(), MOST);
        assert!(
            results(&log)
                .iter()
                .all(|result| result["level"] == "error")
        );
        let invocation = log["runs"][0]["invocations"][0].to_string();
        assert!(
            invocation.contains("7 more results left out"),
            "{invocation}"
        );
        assert!(rendered(&report).len() < 20 << 20);
    }

    #[test]
    fn texts_are_neither_links_nor_arguments() {
        let escaped = |shown: &str| text(shown)["text"].as_str().unwrap().to_owned();
        assert_eq!(escaped("{0} [a]"), "{{0}} [a]");
        assert_eq!(escaped("[a](https://x)\\"), "\\[a\\](https://x)\\\\");
    }
}
