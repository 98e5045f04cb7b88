//! What a run finds that only its circumstances tell: benchmarks that are gone, changed, or were not run.

use std::collections::BTreeMap;

use super::circumstances::{Circumstances, IdenticalBy, Measured, Named, Ruler, Unmeasured};
use super::finding::{Finding, FindingCode, Severity};
use super::findings::{doubt, warning};
use super::judge::Case;
use crate::figure;
use crate::policy::Doubt;

/// What the circumstances tell.
pub(super) fn known(case: Case<'_>, circumstances: &Circumstances, findings: &mut Vec<Finding>) {
    for Named { package, benchmark } in &circumstances.deleted {
        findings.push(Finding {
            severity: doubt(case, Doubt::Deleted),
            ..warning(
                FindingCode::Deleted,
                format!("{benchmark} of {package} is gone from the source: what it measured is not watched any more"),
            )
        });
    }
    for Unmeasured { which, why } in &circumstances.unmeasured {
        findings.push(Finding {
            severity: doubt(case, Doubt::Inconclusive),
            ..warning(
                FindingCode::Unmeasured,
                format!(
                    "{} of {} was not measured: {why}",
                    which.benchmark, which.package
                ),
            )
        });
    }
    for dependence in &circumstances.iteration_dependent {
        let [few, many] = dependence.figures;
        let figure = |(iterations, value): (u64, f64)| {
            format!(
                "{} with {iterations} iterations",
                figure::show(value, &dependence.unit)
            )
        };
        let message = format!(
            "{} of {} depends on the number of iterations: {} {}, {}; both sides run the same number, other \
             runs may not",
            dependence.benchmark,
            dependence.package,
            dependence.unit,
            figure(few),
            figure(many)
        );
        // Both sides are measured alike, and nothing was changed to make it so.
        findings.push(Finding {
            severity: Severity::Info,
            ..warning(FindingCode::IterationDependence, message)
        });
    }
    rulers(circumstances, findings);
    if let [first, ..] = &circumstances.silent[..] {
        let message = format!(
            "{} in the source printed no result on either side (such as {} of {}): skipped?",
            figure::count(circumstances.silent.len(), "benchmark"),
            first.benchmark,
            first.package
        );
        findings.push(warning(FindingCode::Silent, message));
    }
    for remark in &circumstances.remarks {
        findings.push(warning(FindingCode::Remark, remark.clone()));
    }
    let benchmarks: usize = circumstances
        .identical
        .iter()
        .map(|one| one.benchmarks)
        .sum();
    if benchmarks > 0 {
        let by = |by: IdenticalBy| {
            circumstances
                .identical
                .iter()
                .filter(|one| one.by == by)
                .count()
        };
        let message = format!(
            "{} with {} not run, since they cannot differ: {} with the same sources, {} with the same test \
             binary",
            figure::count(circumstances.identical.len(), "package"),
            figure::count(benchmarks, "benchmark"),
            by(IdenticalBy::Sources),
            by(IdenticalBy::Binaries)
        );
        findings.push(Finding {
            severity: Severity::Info,
            ..warning(FindingCode::Identical, message)
        });
    }
}

/// Benchmarks that changed themselves: one sentence a package and remedy.
fn rulers(circumstances: &Circumstances, findings: &mut Vec<Finding>) {
    let mut groups: BTreeMap<(&str, Measured, &str), Vec<&str>> = BTreeMap::new();
    for Ruler {
        which,
        measured,
        why,
    } in &circumstances.rulers
    {
        let group = (which.package.as_str(), *measured, why.as_str());
        groups.entry(group).or_default().push(&which.benchmark);
    }
    for ((package, measured, why), benchmarks) in groups {
        let who = match &benchmarks[..] {
            [one] => (*one).to_owned(),
            [first, more @ ..] => format!("{first} and {} more", more.len()),
            [] => continue,
        };
        let (severity, what) = match measured {
            Measured::Candidate => (
                Severity::Info,
                "the code of both sides was measured with the candidate's benchmark",
            ),
            Measured::Baseline => (
                Severity::Info,
                "the code of both sides was measured with the baseline's benchmark",
            ),
            Measured::Apart => (
                Severity::Warning,
                "each side was measured with its own, and a rise may be the benchmark's",
            ),
        };
        findings.push(Finding {
            severity,
            ..warning(
                FindingCode::Ruler,
                format!("{who} of {package}: {why}; {what}"),
            )
        });
    }
}
