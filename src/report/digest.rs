//! What the reports for people have in common: which rows are shown in which order, and the
//! sentences around them. Nothing is decided here; rows and verdict are as the gate left them.

use std::collections::BTreeMap;

use crate::benchmark::Key;
use crate::figure::{self, count};
use crate::gate::{
    AdvisoryCounts, Amount, Cause, CauseKind, Check, CommandEnd, CommandRun, Counts, Geomean,
    Input, JudgedRow, Judgement, MemoryReport, Outcome, Report, Status, Verdict,
};
use crate::policy::Gating;
use crate::text::plain;

/// The rows of one status.
pub(super) struct Section<'a> {
    pub(super) status: Status,
    /// Whether these are rows that cannot fail the build.
    pub(super) advisory: bool,
    pub(super) rows: Vec<&'a JudgedRow>,
}

impl<'a> Section<'a> {
    /// All sections that have rows, rows that gate first.
    pub(super) fn all(report: &'a Report) -> Vec<Section<'a>> {
        let mut sections: Vec<Section<'a>> = [false, true]
            .into_iter()
            .flat_map(|advisory| {
                Status::ALL.iter().map(move |&status| Section {
                    status,
                    advisory,
                    rows: Vec::new(),
                })
            })
            .collect();
        for row in &report.rows {
            let advisory = row.gating != Gating::Gate;
            let own = sections
                .iter_mut()
                .find(|section| section.status == row.status && section.advisory == advisory);
            if let Some(section) = own {
                section.rows.push(row);
            }
        }
        sections.retain(|section| !section.rows.is_empty());
        sections
    }

    /// `regressed`, `advisory: improved`.
    pub(super) fn title(&self) -> String {
        let advisory = if self.advisory { "advisory: " } else { "" };
        format!("{advisory}{}", self.status.as_str().replace('-', " "))
    }

    /// The first `most` rows by package, in order of appearance.
    pub(super) fn packages(&self, most: usize) -> Vec<(&'a str, Vec<&'a JudgedRow>)> {
        let mut packages: Vec<(&str, Vec<&JudgedRow>)> = Vec::new();
        let mut index: BTreeMap<&str, usize> = BTreeMap::new();
        for &row in self.rows.iter().take(most) {
            let package = row.key.package.as_str();
            let at = *index.entry(package).or_insert(packages.len());
            match packages.get_mut(at) {
                Some((_, rows)) => rows.push(row),
                None => packages.push((package, vec![row])),
            }
        }
        packages
    }
}

/// How benchmarks are named: without the `Benchmark` that all bear, and without the GOMAXPROCS suffix
/// where all bear the same one.
pub(super) struct Names {
    same_procs: bool,
}

impl Names {
    pub(super) fn of(report: &Report) -> Self {
        let mut procs = report.rows.iter().map(|row| row.key.procs);
        let first = procs.next();
        Names {
            same_procs: procs.all(|own| Some(own) == first),
        }
    }

    /// As it was read: the name is still to be made harmless.
    pub(super) fn name(&self, key: &Key) -> String {
        let mut name = key
            .benchmark
            .strip_prefix("Benchmark")
            .unwrap_or(&key.benchmark)
            .to_owned();
        if name.is_empty() {
            name.push_str(&key.benchmark);
        }
        if let (Some(procs), false) = (key.procs, self.same_procs) {
            name.push_str(&format!("-{procs}"));
        }
        if name.is_empty() {
            name.push_str("(unnamed)");
        }
        for (setting, value) in &key.config {
            name.push_str(&format!(" {setting}:{value}"));
        }
        name
    }
}

/// The verdict and what led to it: `regression: 10 rows regressed, 1 row over budget`.
pub(super) fn headline(report: &Report) -> (Verdict, String) {
    let outcome = match report.verdict {
        Verdict::Regression => Outcome::Fail,
        Verdict::CouldNotJudge | Verdict::CommandFailed => Outcome::CouldNotJudge,
        Verdict::Pass => {
            let memory = report.memory.as_ref().map(passed);
            if let (Some(memory), true) = (&memory, report.is_memory_alone()) {
                return (report.verdict, memory.clone());
            }
            let (rows, improved) = (report.counts.total(), report.counts.improved);
            let mut text = match rows {
                0 if report.circumstances.is_some() => {
                    "no benchmark can be affected by the change".to_owned()
                }
                0 => "nothing had to be judged".to_owned(),
                _ => format!("no regression in {}", count(rows, "row")),
            };
            if improved > 0 {
                text.push_str(&format!(", {improved} improved"));
            }
            if let Some(memory) = memory {
                text.push_str(&format!(", {memory}"));
            }
            return (report.verdict, text);
        }
    };
    (
        report.verdict,
        causes(&report.causes, outcome).unwrap_or_default(),
    )
}

/// `5 memory checks passed, 3 not asked`.
fn passed(memory: &MemoryReport) -> String {
    let mut text = format!(
        "{} passed",
        count(memory.count(Judgement::Pass), "memory check")
    );
    let not_asked = memory.count(Judgement::NotAsked);
    if not_asked > 0 {
        text.push_str(&format!(", {not_asked} not asked"));
    }
    text
}

/// That the verdict is of a selection, where it is.
pub(super) fn selection(report: &Report) -> Option<String> {
    let filter = report.settings.filter.as_ref()?;
    Some(format!(
        "only what the filter selects was judged: {}",
        plain(filter)
    ))
}

/// What else is to be said with the verdict: that it is of a selection, and causes that did not make it.
pub(super) fn asides(report: &Report) -> Vec<String> {
    let doubts = match report.verdict {
        Verdict::Regression => causes(&report.causes, Outcome::CouldNotJudge),
        Verdict::Pass | Verdict::CouldNotJudge | Verdict::CommandFailed => None,
    };
    let passed = causes(&report.causes, Outcome::Pass);
    selection(report)
        .into_iter()
        .chain(doubts.map(|causes| format!("also could not judge: {causes}")))
        .chain(passed.map(|causes| format!("let pass by the policy: {causes}")))
        .collect()
}

fn causes(causes: &[Cause], outcome: Outcome) -> Option<String> {
    let causes: Vec<String> = causes
        .iter()
        .filter(|cause| cause.outcome == outcome)
        .map(Cause::to_string)
        .collect();
    (!causes.is_empty()).then(|| causes.join(", "))
}

/// What was compared: `base.txt (40 results) → head.txt (40 results), policy allocgate.toml`.
pub(super) fn inputs(report: &Report) -> String {
    let policy = match &report.settings.policy {
        Some(path) => format!("policy {}", plain(path)),
        None => "default policy".to_owned(),
    };
    let memory = report
        .memory
        .as_ref()
        .map(|memory| sources(&memory.sources));
    if let (Some(memory), true) = (&memory, report.is_memory_alone()) {
        return format!("{memory}, {policy}");
    }
    let side = |files: &[Input]| {
        let results = files.iter().map(|file| file.results);
        // A saved report may give any numbers.
        let results = results.fold(0, usize::saturating_add);
        let results = count(results, "result");
        match files {
            [] => "no baseline".to_owned(),
            [file] => format!("{} ({results})", plain(&file.path)),
            [file, more @ ..] => {
                format!("{} and {} more ({results})", plain(&file.path), more.len())
            }
        }
    };
    let memory = memory.map_or(String::new(), |memory| format!(", {memory}"));
    format!(
        "{} → {}{memory}, {policy}",
        side(&report.inputs.baseline),
        side(&report.inputs.candidate)
    )
}

/// The first few of what the memory budget was checked on.
fn sources(sources: &[String]) -> String {
    const MOST: usize = 4;
    let shown: Vec<_> = sources
        .iter()
        .take(MOST)
        .map(|source| plain(source))
        .collect();
    match sources.len() {
        0 => "the policy's own figures".to_owned(),
        more if more > MOST => format!("{} and {} more", shown.join(", "), more - MOST),
        _ => shown.join(", "),
    }
}

/// The advisory rows in one sentence a unit: `sec/op: 5 of 40 rows worse, 7 better`.
pub(super) fn advisory(report: &Report) -> Vec<String> {
    let sentence = |AdvisoryCounts { unit, counts }: &AdvisoryCounts| {
        let rows = count(counts.total(), "row");
        let Counts {
            regressed,
            improved,
            ..
        } = counts;
        format!(
            "{}: {regressed} of {rows} worse, {improved} better",
            plain(unit.as_str())
        )
    };
    report.advisory.iter().map(sentence).collect()
}

/// Both means and their change; a mean over a zero is none.
pub(super) fn geomean(mean: &Geomean) -> [String; 3] {
    let shown = |value: Option<f64>| {
        value.map_or("–".to_owned(), |value| figure::mean(value, &mean.unit))
    };
    let change = mean.ratio.map(|ratio| figure::signed_percent(ratio - 1.0));
    let change = change.unwrap_or_else(|| "undefined: zeros".to_owned());
    [shown(mean.baseline), shown(mean.candidate), change]
}

/// The reason that most rows have, and whether all of them have it; `None` if there is no such one.
pub(super) fn common_reason<'a>(reasons: impl Iterator<Item = &'a str>) -> Option<(&'a str, bool)> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows = 0;
    for reason in reasons {
        *times.entry(reason).or_default() += 1;
        rows += 1;
    }
    let (why, times) = times.into_iter().max_by_key(|(_, times)| *times)?;
    let all = times == rows;
    (times >= 2 && (all || (times >= 4 && 2 * times > rows))).then_some((why, all))
}

/// What to read next, if the verdict asks for anything.
pub(super) fn explain(report: &Report) -> Option<String> {
    let outcome = match report.verdict {
        Verdict::Pass => return None,
        Verdict::Regression => Outcome::Fail,
        Verdict::CouldNotJudge | Verdict::CommandFailed => Outcome::CouldNotJudge,
    };
    let cause = report
        .causes
        .iter()
        .find(|cause| cause.outcome == outcome)?;
    let judgement = match cause.kind {
        CauseKind::MemoryFailed => Judgement::Fail,
        CauseKind::MemoryUnknown => Judgement::CouldNotJudge,
        kind => return Some(kind.as_str().to_owned()),
    };
    let check = report.memory.as_ref()?.of(judgement).next()?;
    Some(check.id.to_string())
}

/// The checks of each container, worst first, without those that were not asked for.
pub(super) fn containers(memory: &MemoryReport) -> Vec<(Option<&str>, Vec<&Check>)> {
    let mut containers: Vec<(Option<&str>, Vec<&Check>)> = Vec::new();
    let mut index: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    let asked = |check: &&Check| check.judgement != Judgement::NotAsked;
    for check in memory.checks.iter().filter(asked) {
        let own = check.container.as_deref();
        let at = *index.entry(own).or_insert(containers.len());
        match containers.get_mut(at) {
            Some((_, checks)) => checks.push(check),
            None => containers.push((own, vec![check])),
        }
    }
    for (_, checks) in &mut containers {
        checks.sort_by_key(|check| check.judgement);
    }
    containers
}

/// The checks that were not asked for, by reason: `canary (no readings of a baseline were given)`.
pub(super) fn not_asked(memory: &MemoryReport) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    for check in memory.of(Judgement::NotAsked) {
        let id = check.id.to_string();
        let at = *index.entry(&check.message).or_insert(reasons.len());
        match reasons.get_mut(at) {
            Some((_, ids)) if ids.contains(&id) => {}
            Some((_, ids)) => ids.push(id),
            None => reasons.push((&check.message, vec![id])),
        }
    }
    let sentence =
        |(reason, ids): &(&str, Vec<String>)| format!("{} ({})", ids.join(", "), plain(reason));
    reasons.iter().map(sentence).collect()
}

/// The word of a judgement.
pub(super) fn judgement(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::CouldNotJudge => "unknown",
        other => other.as_str(),
    }
}

/// What was measured and what it was held against, with where both come from.
pub(super) fn evidence(check: &Check) -> Option<String> {
    let shown = |amount: &Amount| format!("{} from {}", amount.text(), plain(&amount.from));
    match (&check.measured, &check.bound) {
        (Some(measured), Some(bound)) => Some(format!(
            "{}; bound {} ({})",
            shown(measured),
            bound.text(),
            plain(&bound.from)
        )),
        (Some(measured), None) => Some(shown(measured)),
        (None, _) => None,
    }
}

/// `./server -port 0: exited with 0 after 12.3 s under a limit of 512 MiB (cgroup v2)`.
pub(super) fn command(command: &CommandRun) -> String {
    let end = match &command.end {
        CommandEnd::Exited(status) => format!("exited with {status}"),
        CommandEnd::Signaled(signal) => format!("was ended by signal {signal}"),
        CommandEnd::OomKilled => "was killed by the kernel for the limit".to_owned(),
        CommandEnd::Stopped => "was stopped as asked".to_owned(),
        CommandEnd::NotStarted(why) => format!("could not be started: {}", plain(why)),
    };
    let limit = figure::size(command.limit);
    let limit = match &command.enforced_by {
        Some(how) => format!("under a limit of {limit} ({})", plain(how)),
        None => format!("without a limit: the {limit} were not enforced"),
    };
    format!(
        "{}: {end} after {} s {limit}",
        plain(&command.command.join(" ")),
        figure::number(command.seconds)
    )
}

/// The verdict in words: where only the memory budget failed nothing regressed.
pub(super) fn label(report: &Report) -> &'static str {
    let memory = |cause: &Cause| cause.kind == CauseKind::MemoryFailed;
    let mut failed = report
        .causes
        .iter()
        .filter(|cause| cause.outcome == Outcome::Fail);
    match report.verdict {
        Verdict::Regression if failed.all(memory) => "fail",
        verdict => verdict.label(),
    }
}
