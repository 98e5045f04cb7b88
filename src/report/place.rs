//! Lines that a report points at, as CI systems want them: relative to the root of the repository.

use std::path::{Component, Path, PathBuf};

use crate::gate::{Check, Finding, JudgedRow, Place, Report, Status};
use crate::policy::FILE_NAME;

/// Where a finding points to, if that is a line of a file of the repository.
pub(super) fn of_finding(report: &Report, finding: &Finding) -> Option<Place> {
    in_repository(report, finding.at.as_deref()?)
}

/// Where the figures of a check are declared: the judged one, else the bound that it was held against.
pub(super) fn of_check<'a>(report: &Report, check: &'a Check) -> Option<Place> {
    let amounts = [&check.measured, &check.bound].into_iter().flatten();
    // `90% of the limit, deploy.yaml:57`
    let at = |from: &'a str| match from.split_once(" of the limit") {
        Some((_, limit)) => limit.split_once(", ").map(|(_, at)| at),
        None => Some(from),
    };
    amounts
        .filter_map(|amount| at(&amount.from))
        .find_map(|at| in_repository(report, at))
}

/// Where the benchmark of a row is declared, else the budget or the waiver that its status is due to.
pub(super) fn of_row(report: &Report, row: &JudgedRow) -> Option<Place> {
    let budget = row.budget.as_ref().map(|budget| &budget.at);
    let waiver = row.waiver.as_ref().map(|waiver| &waiver.at);
    let written = match row.status {
        Status::OverBudget => budget,
        Status::Regressed | Status::Waived => waiver,
        _ => None,
    };
    let written = || in_repository(report, written?);
    row.at.clone().or_else(written)
}

/// Where formats that take nothing without a place put what has none: the first line of the policy,
/// which is where it can be accepted, whether or not there is a policy yet.
pub(super) fn of_policy(report: &Report) -> Place {
    let policy = report.settings.policy.as_deref();
    let own = policy.and_then(|policy| in_repository(report, &format!("{policy}:1")));
    own.unwrap_or_else(|| {
        let directory = report.directory.as_deref().unwrap_or_default();
        Place::new(&Path::new(directory).join(FILE_NAME), 1)
    })
}

/// The place that `file:line`, as somebody wrote it where allocgate ran, is in the repository.
fn in_repository(report: &Report, at: &str) -> Option<Place> {
    let directory = report.directory.as_deref()?;
    let (file, line) = at.rsplit_once(':')?;
    let line: usize = line.parse().ok().filter(|line| *line > 0)?;
    // `REVISION:FILE:LINE` is a line of another revision, `commit 1a2b3c4` is none at all.
    let file = Path::new(file);
    if file.as_os_str().is_empty() || file.to_string_lossy().contains(':') {
        return None;
    }
    let mut path = PathBuf::from(directory);
    for part in file.components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            _ => return None,
        }
    }
    Some(Place::new(&path, line))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn a_share_of_a_limit_stands_where_the_limit_does() {
        let mut report = fixture::memory();
        report.directory = Some(String::new());
        let memory = report.memory.clone();
        let mut checks = memory.into_iter().flat_map(|memory| memory.checks);
        let mut check = checks.find(|check| check.bound.is_some()).unwrap();
        check.measured = None;
        for (from, place) in [
            (
                "90% of the limit, deploy/app.yaml:57",
                Some("deploy/app.yaml"),
            ),
            ("90% of the limit 512 MiB, a, b.yaml:3", Some("a, b.yaml")),
            ("90% of the limit, /etc/app.yaml:57", None),
            ("90% of the limit 512 MiB", None),
            ("85% of the limit: 3", None),
        ] {
            check.bound.as_mut().unwrap().from = from.to_owned();
            let found = of_check(&report, &check).map(|place| place.file);
            assert_eq!(found.as_deref(), place, "{from}");
        }
    }

    #[test]
    fn paths_are_seen_from_the_root_of_the_repository() {
        let mut report = fixture::pass();
        report.directory = Some("services/store".to_owned());
        let place = |at: &str| in_repository(&report, at).map(|at| (at.file, at.line));
        let found = |file: &str, line| Some((file.to_owned(), line));
        assert_eq!(
            place("allocgate.toml:4"),
            found("services/store/allocgate.toml", 4)
        );
        assert_eq!(
            place("./deploy/a b.yaml:57"),
            found("services/store/deploy/a b.yaml", 57)
        );
        assert_eq!(place("../../go.mod:1"), found("go.mod", 1));
        for nowhere in [
            "../../../x:1",
            "/etc/passwd:1",
            "origin/main:allocgate.toml:4",
            "commit 1a2b3c4",
            "memory.max",
            "file:0",
            ":3",
            "",
        ] {
            assert_eq!(place(nowhere), None, "{nowhere}");
        }
        assert_eq!(of_policy(&report).file, "services/store/allocgate.toml");
        report.settings.policy = Some("../gate.toml".to_owned());
        assert_eq!(of_policy(&report).file, "services/gate.toml");
        report.settings.policy = None;
        report.directory = None;
        assert_eq!(of_policy(&report).file, "allocgate.toml");
        assert_eq!(in_repository(&report, "allocgate.toml:4"), None);
    }
}
