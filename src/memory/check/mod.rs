//! The checks of the memory budget: figures against bounds, and a sentence on what to do.
//!
//! A check is made when something was given that can answer it, or when the policy requires it; a
//! check that was not asked for is shown as such and is no pass. A figure that is an upper bound can
//! only show that something fits, a lower bound only that it does not, and a doubtful one nothing.

mod canary;
mod capacity;
mod declaration;
mod diagnosis;
mod settings;
mod usage;

use serde::{Deserialize, Serialize};

use super::declared::{Container, Declared};
use super::reading::{Bound, Figure, Quantity, Reading};
use crate::figure;
use crate::policy::{MemoryCheck, MemoryPolicy};

use settings::Settings;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// The bound is exceeded, or what must be there is not.
    Fail,
    /// What it takes to judge is missing or doubtful.
    CouldNotJudge,
    /// Within the bound.
    Pass,
    /// Something worth knowing, which is no verdict.
    Advice,
    /// Nothing was given that could answer it.
    NotAsked,
}

impl Judgement {
    /// Every judgement.
    pub const ALL: &[Judgement] = &[
        Judgement::Fail,
        Judgement::CouldNotJudge,
        Judgement::Pass,
        Judgement::Advice,
        Judgement::NotAsked,
    ];

    /// As programs and people know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Judgement::Fail => "fail",
            Judgement::CouldNotJudge => "could-not-judge",
            Judgement::Pass => "pass",
            Judgement::Advice => "advice",
            Judgement::NotAsked => "not-asked",
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// The value; infinite, and `null` in JSON, where there is no bound.
    #[serde(with = "super::reading::unbounded")]
    pub value: f64,
    /// What it counts.
    pub quantity: Quantity,
    /// A file and line, a metric, a cgroup file, or how it was calculated.
    pub from: String,
}

impl Amount {
    fn new(value: f64, quantity: Quantity, from: impl Into<String>) -> Self {
        Amount {
            value,
            quantity,
            from: from.into(),
        }
    }

    fn of(figure: &Figure) -> Self {
        Amount::new(figure.value, figure.word.quantity(), figure.from.clone())
    }

    /// As people read it: `512 MiB`.
    pub fn text(&self) -> String {
        show(self.value, self.quantity)
    }
}

/// A value as people read it.
pub fn show(value: f64, quantity: Quantity) -> String {
    match quantity {
        _ if value.is_infinite() => "none".to_owned(),
        Quantity::Bytes => figure::size(value),
        Quantity::Count => figure::number(value),
        Quantity::CpuSeconds => format!("{} s", figure::number(value)),
        Quantity::Percent => format!("{}%", figure::number(value)),
        Quantity::Share => figure::percent(value),
        Quantity::Instant => jiff::Timestamp::from_second(value as i64)
            .map_or_else(|_| figure::number(value), |instant| instant.to_string()),
    }
}

/// A check and its outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Which one; `allocgate explain ID` tells more.
    pub id: MemoryCheck,
    /// The container, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What it came to.
    pub judgement: Judgement,
    /// The figure that was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Amount>,
    /// What it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Amount>,
    /// What was found.
    pub message: String,
    /// What to do, if there is something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Check {
    fn new(id: MemoryCheck, judgement: Judgement, message: impl Into<String>) -> Self {
        Check {
            id,
            container: None,
            judgement,
            measured: None,
            bound: None,
            message: message.into(),
            remedy: None,
        }
    }

    fn pass(id: MemoryCheck, message: impl Into<String>) -> Self {
        Check::new(id, Judgement::Pass, message)
    }

    fn fail(id: MemoryCheck, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Check::new(id, Judgement::Fail, message).remedy(remedy)
    }

    fn unknown(id: MemoryCheck, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Check::new(id, Judgement::CouldNotJudge, message).remedy(remedy)
    }

    fn not_asked(id: MemoryCheck, message: impl Into<String>) -> Self {
        Check::new(id, Judgement::NotAsked, message)
    }

    fn measured(mut self, amount: Amount) -> Self {
        self.measured = Some(amount);
        self
    }

    fn bound(mut self, amount: Amount) -> Self {
        self.bound = Some(amount);
        self
    }

    fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = Some(text.into());
        self
    }
}

/// Readings of one program: the last, and one before it if rates and trends are asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    /// The earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Reading>,
    /// The one that is judged.
    pub now: Reading,
}

/// What is known of one container.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What manifests declare of it.
    pub container: Option<&'a Container>,
    /// Whether that is an image alone: it cannot say what its limit is.
    pub image_alone: bool,
    /// Whether the program sets GOMEMLIMIT by itself: the module that it requires for that.
    pub automemlimit: &'a Declared<String>,
    /// Readings of the candidate.
    pub candidate: Option<&'a Readings>,
    /// Readings of the baseline.
    pub baseline: Option<&'a Readings>,
    /// The bounds.
    pub policy: &'a MemoryPolicy,
}

/// A manifest that was there and is gone: nobody knows what is declared instead.
pub fn vanished(path: &str) -> Check {
    Check::unknown(
        MemoryCheck::LimitDeclared,
        format!(
            "{path} is a manifest there, and it is gone here: what it declared is not judged any more"
        ),
        "if that is meant, take it out of the policy, or accept it with --on memory-unknown=pass",
    )
}

/// Makes all checks, in their order.
pub fn check(case: Case<'_>) -> Vec<Check> {
    let settings = Settings::of(case);
    let mut checks = Vec::new();
    for id in MemoryCheck::ALL {
        if case.policy.skip.contains(id) {
            continue;
        }
        let first = checks.len();
        match id {
            MemoryCheck::LimitDeclared => checks.push(declaration::limit_declared(case)),
            MemoryCheck::GomemlimitSet => checks.push(declaration::gomemlimit_set(case, &settings)),
            MemoryCheck::GomemlimitHeadroom => {
                checks.push(declaration::gomemlimit_headroom(case, &settings));
            }
            MemoryCheck::Gogc => checks.push(declaration::gogc(case, &settings)),
            MemoryCheck::WorkingSet => checks.push(usage::working_set(case)),
            MemoryCheck::NoOom => checks.push(usage::no_oom(case)),
            MemoryCheck::Capacity => checks.push(capacity::capacity(case, &settings)),
            MemoryCheck::Canary => checks.extend(canary::canary(case)),
            MemoryCheck::Diagnosis => checks.extend(diagnosis::diagnosis(case)),
        }
        if case.policy.require.contains(id) {
            for check in &mut checks[first..] {
                if check.judgement == Judgement::NotAsked {
                    check.judgement = Judgement::CouldNotJudge;
                }
            }
        }
    }
    checks
}

/// Holds a figure against a greatest value, as far as the figure goes. `None`: it cannot tell.
fn within(figure: &Figure, greatest: f64) -> Option<bool> {
    let fits = figure.value <= greatest;
    match figure.bound {
        Bound::Exact => Some(fits),
        Bound::AtMost => fits.then_some(true),
        Bound::AtLeast => (!fits).then_some(false),
        Bound::Doubtful => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use crate::memory::reading::Word;
    use crate::policy::Stated;

    use crate::memory::amount::MEBIBYTE as MI;

    fn readings(figures: Vec<Figure>) -> Readings {
        Readings {
            before: None,
            now: Reading {
                figures,
                ..Reading::default()
            },
        }
    }

    fn judge(candidate: &Readings, policy: &MemoryPolicy, id: MemoryCheck) -> Check {
        let checks = check(Case {
            container: None,
            image_alone: false,
            automemlimit: &Declared::Absent,
            candidate: Some(candidate),
            baseline: None,
            policy,
        });
        checks.into_iter().find(|check| check.id == id).unwrap()
    }

    fn limited() -> MemoryPolicy {
        MemoryPolicy {
            limit: Some(Stated {
                value: 100.0 * MI,
                at: "command line".to_owned(),
            }),
            ..MemoryPolicy::default()
        }
    }

    #[test]
    fn a_figure_is_judged_only_in_the_direction_that_it_can_tell() {
        for (bound, below, above) in [
            (Bound::Exact, Judgement::Pass, Judgement::Fail),
            (Bound::AtMost, Judgement::Pass, Judgement::CouldNotJudge),
            (Bound::AtLeast, Judgement::CouldNotJudge, Judgement::Fail),
            (
                Bound::Doubtful,
                Judgement::CouldNotJudge,
                Judgement::CouldNotJudge,
            ),
        ] {
            for (mebibytes, judgement) in [(90.0, below), (90.1, above)] {
                let figure =
                    Figure::new(Word::WorkingSet, mebibytes * MI, "test").but(bound, "why");
                let found = judge(&readings(vec![figure]), &limited(), MemoryCheck::WorkingSet);
                assert_eq!(
                    found.judgement, judgement,
                    "{bound:?} {mebibytes}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn what_was_not_measured_is_never_taken_for_what_was() {
        for word in [Word::Usage, Word::Rss, Word::Vsz, Word::PeakRss] {
            let figure = Figure::new(word, MI, "test");
            let found = judge(&readings(vec![figure]), &limited(), MemoryCheck::WorkingSet);
            assert_eq!(
                found.judgement,
                Judgement::CouldNotJudge,
                "{word:?}: {found:?}"
            );
        }
        let none = judge(&readings(Vec::new()), &limited(), MemoryCheck::WorkingSet);
        assert_eq!(none.judgement, Judgement::CouldNotJudge);
    }

    #[test]
    fn file_cache_in_recent_use_does_not_fail_and_more_than_it_does() {
        let with = |active: f64| {
            readings(vec![
                Figure::new(Word::WorkingSet, 95.0 * MI, "test"),
                Figure::new(Word::ActiveFile, active * MI, "test"),
            ])
        };
        let pass = judge(&with(50.0), &limited(), MemoryCheck::WorkingSet);
        assert_eq!(pass.judgement, Judgement::Pass, "{pass:?}");
        assert!(
            pass.message.contains("45 MiB of it without the file cache"),
            "{pass:?}"
        );
        let fail = judge(&with(1.0), &limited(), MemoryCheck::WorkingSet);
        assert_eq!(fail.judgement, Judgement::Fail, "{fail:?}");
    }

    #[test]
    fn a_check_that_is_required_is_a_doubt_where_nothing_answers_it_and_one_that_is_skipped_is_none()
     {
        let nothing = readings(Vec::new());
        let policy = MemoryPolicy {
            require: vec![MemoryCheck::NoOom],
            skip: vec![MemoryCheck::Gogc],
            ..limited()
        };
        assert_eq!(
            judge(&nothing, &policy, MemoryCheck::NoOom).judgement,
            Judgement::CouldNotJudge
        );
        let checks = check(Case {
            container: None,
            image_alone: false,
            automemlimit: &Declared::Absent,
            candidate: None,
            baseline: None,
            policy: &policy,
        });
        assert!(checks.iter().all(|check| check.id != MemoryCheck::Gogc));
    }

    #[test]
    fn a_peak_that_was_seen_fails_if_the_kernel_had_to_kill() {
        let figures = |kills: f64| {
            readings(vec![
                Figure::new(Word::PeakWorkingSet, 50.0 * MI, "samples")
                    .but(Bound::AtLeast, "between"),
                Figure::new(Word::PeakUsage, 100.0 * MI, "memory.peak"),
                Figure::new(Word::OomKills, kills, "memory.events"),
            ])
        };
        // The kernel's own peak is over the budget, and no cache was seen that it may be.
        let unknown = judge(&figures(0.0), &limited(), MemoryCheck::WorkingSet);
        assert_eq!(unknown.judgement, Judgement::CouldNotJudge);
        let mut cached = figures(0.0);
        let cache =
            Figure::new(Word::PeakFileCache, 40.0 * MI, "samples").but(Bound::AtLeast, "seen");
        cached.now.figures.push(cache);
        let passed = judge(&cached, &limited(), MemoryCheck::WorkingSet);
        assert_eq!(passed.judgement, Judgement::Pass, "{passed:?}");
        let killed = judge(&figures(1.0), &limited(), MemoryCheck::WorkingSet);
        assert_eq!(killed.judgement, Judgement::Fail);
    }
}
