//! `[memory]`: what the container memory budget is held against.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::file::{Lines, Quantity};
use super::{PolicyError, UnknownName};
use crate::unit::Unit;

/// A check of the memory budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryCheck {
    /// The container has a memory limit.
    LimitDeclared,
    /// GOMEMLIMIT is set, or the program sets it by itself.
    GomemlimitSet,
    /// GOMEMLIMIT leaves room for what the Go runtime does not see.
    GomemlimitHeadroom,
    /// GOGC neither lets the heap grow without bound nor keeps the collector busy.
    Gogc,
    /// The working set stays within its share of the limit.
    WorkingSet,
    /// The kernel killed nothing for the limit.
    NoOom,
    /// The predicted peak fits.
    Capacity,
    /// The candidate holds no more than the baseline.
    Canary,
    /// What two readings in time suggest: advice, never a verdict.
    Diagnosis,
}

names!(MemoryCheck:
    "limit-declared" => MemoryCheck::LimitDeclared,
    "gomemlimit-set" => MemoryCheck::GomemlimitSet,
    "gomemlimit-headroom" => MemoryCheck::GomemlimitHeadroom,
    "gogc" => MemoryCheck::Gogc,
    "working-set" => MemoryCheck::WorkingSet,
    "no-oom" => MemoryCheck::NoOom,
    "capacity" => MemoryCheck::Capacity,
    "canary" => MemoryCheck::Canary,
    "diagnosis" => MemoryCheck::Diagnosis,
);

impl MemoryCheck {
    /// Every check, in the order in which they are made.
    pub const ALL: &[MemoryCheck] = &[
        MemoryCheck::LimitDeclared,
        MemoryCheck::GomemlimitSet,
        MemoryCheck::GomemlimitHeadroom,
        MemoryCheck::Gogc,
        MemoryCheck::WorkingSet,
        MemoryCheck::NoOom,
        MemoryCheck::Capacity,
        MemoryCheck::Canary,
        MemoryCheck::Diagnosis,
    ];
}

/// A number that somebody states, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    /// The number.
    pub value: f64,
    /// Where: `allocgate.toml:4`, `command line`.
    pub at: String,
}

/// What a candidate may hold more than its baseline. A rise counts if it exceeds the relative bound
/// and that of its figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CanaryPolicy {
    /// As a fraction of the baseline.
    pub relative: f64,
    /// Bytes of live heap.
    pub live_heap: f64,
    /// Goroutines.
    pub goroutines: f64,
    /// Share of the CPU time: 0.005 is half a percentage point.
    pub gc_cpu: f64,
    /// Whether the share of the garbage collector is compared at all: few pages tell it.
    pub judge_gc_cpu: bool,
}

/// What the container memory budget is held against.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryPolicy {
    /// Manifests that `check` and `run` read: files or patterns, from the folder of the policy on.
    pub manifests: Vec<String>,
    /// Manifests that the revision which the policy is from has, and the working tree has not.
    pub vanished: Vec<String>,
    /// Saved readings that `check` and `run` read, from the folder of the policy on.
    pub readings: Vec<String>,
    /// Which containers of the manifests, by name or pattern; all, if there is only one.
    pub containers: Vec<String>,
    /// The stage of a Dockerfile, if it is not the last.
    pub target: Option<String>,
    /// The limit in bytes, where nothing else tells it.
    pub limit: Option<Stated>,
    /// GOMEMLIMIT is to be at most this share of the limit.
    pub gomemlimit_share: f64,
    /// The working set is to be at most this share of the limit.
    pub working_set_share: f64,
    /// The predicted peak is to leave this share of the limit free.
    pub reserve: f64,
    /// GOMEMLIMIT is to let the heap grow by at least this share of the live heap between collections.
    pub gc_headroom: f64,
    /// Bytes that a program needs besides heap and stacks: runtime, binary, buffers of libraries.
    pub fixed: f64,
    /// Bytes of a goroutine's stack.
    pub stack: f64,
    /// Bytes that the Go runtime does not see: cgo, mmap, C libraries.
    pub outside_go: f64,
    /// Bytes of live heap to plan with, where no reading tells.
    pub live_heap: Option<Stated>,
    /// Goroutines to plan with, where no reading tells.
    pub goroutines: Option<Stated>,
    /// The comparison of a candidate with its baseline.
    pub canary: CanaryPolicy,
    /// Checks that must be judged, whatever was given.
    pub require: Vec<MemoryCheck>,
    /// Checks that are not made.
    pub skip: Vec<MemoryCheck>,
}

impl Default for MemoryPolicy {
    fn default() -> Self {
        const MI: f64 = 1_048_576.0;
        MemoryPolicy {
            manifests: Vec::new(),
            vanished: Vec::new(),
            readings: Vec::new(),
            containers: Vec::new(),
            target: None,
            limit: None,
            gomemlimit_share: 0.9,
            working_set_share: 0.9,
            reserve: 0.15,
            gc_headroom: 0.2,
            fixed: 50.0 * MI,
            stack: 8192.0,
            outside_go: 0.0,
            live_heap: None,
            goroutines: None,
            canary: CanaryPolicy {
                relative: 0.15,
                live_heap: 4.0 * MI,
                goroutines: 16.0,
                gc_cpu: 0.005,
                judge_gc_cpu: true,
            },
            require: Vec::new(),
            skip: Vec::new(),
        }
    }
}

/// The syntax.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MemoryTable {
    #[serde(default)]
    manifests: Vec<String>,
    #[serde(default)]
    readings: Vec<String>,
    #[serde(default)]
    container: Names,
    target: Option<String>,
    limit: Option<Spanned<Quantity>>,
    gomemlimit_share: Option<Spanned<Quantity>>,
    working_set_share: Option<Spanned<Quantity>>,
    reserve: Option<Spanned<Quantity>>,
    gc_headroom: Option<Spanned<Quantity>>,
    fixed: Option<Spanned<Quantity>>,
    stack: Option<Spanned<Quantity>>,
    outside_go: Option<Spanned<Quantity>>,
    live_heap: Option<Spanned<Quantity>>,
    goroutines: Option<Spanned<u32>>,
    #[serde(default)]
    canary: CanaryTable,
    #[serde(default)]
    require: Vec<MemoryCheck>,
    #[serde(default)]
    skip: Vec<MemoryCheck>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CanaryTable {
    relative: Option<Spanned<Quantity>>,
    live_heap: Option<Spanned<Quantity>>,
    goroutines: Option<u32>,
    gc_cpu: Option<Spanned<CpuShare>>,
}

/// A share of CPU time, or `false`: not compared.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a percentage such as \"0.5%\", or false"
)]
enum CpuShare {
    Judge(bool),
    Share(Quantity),
}

/// One name or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a name or a list of names")]
enum Names {
    One(String),
    Many(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Names::Many(Vec::new())
    }
}

impl MemoryTable {
    pub(super) fn policy(self, lines: &Lines<'_>) -> Result<MemoryPolicy, PolicyError> {
        let default = MemoryPolicy::default();
        let bytes = |value: &Option<Spanned<Quantity>>| {
            let size = |value| lines.quantity(value, &Unit::new(Unit::BYTES));
            value.as_ref().map(size).transpose()
        };
        let stated = |value: &Option<Spanned<Quantity>>| {
            let Some(size) = bytes(value)? else {
                return Ok(None);
            };
            let start = value.as_ref().map_or(0, |value| value.span().start);
            Ok::<_, PolicyError>(Some(Stated {
                value: size,
                at: lines.at(start),
            }))
        };
        let share = |value: &Option<Spanned<Quantity>>, default: f64| {
            Ok::<f64, PolicyError>(lines.relative(value.as_ref())?.unwrap_or(default))
        };
        // Of a limit no more than all can be used.
        let share_of_limit = |value: &Option<Spanned<Quantity>>, default: f64| {
            let share = share(value, default)?;
            match value {
                Some(value) if !(0.0..=1.0).contains(&share) => Err(lines.error(
                    value.span().start,
                    "a share of the limit lies between 0% and 100%".to_owned(),
                )),
                _ => Ok(share),
            }
        };
        let (gc_cpu, judge_gc_cpu) = match &self.canary.gc_cpu {
            None => (default.canary.gc_cpu, true),
            Some(value) => match value.get_ref() {
                CpuShare::Judge(judge) => (default.canary.gc_cpu, *judge),
                CpuShare::Share(quantity) => {
                    (lines.relative_at(quantity, value.span().start)?, true)
                }
            },
        };
        Ok(MemoryPolicy {
            containers: match self.container {
                Names::One(name) => vec![name],
                Names::Many(names) => names,
            },
            limit: stated(&self.limit)?,
            gomemlimit_share: share_of_limit(&self.gomemlimit_share, default.gomemlimit_share)?,
            working_set_share: share_of_limit(&self.working_set_share, default.working_set_share)?,
            reserve: share_of_limit(&self.reserve, default.reserve)?,
            gc_headroom: share(&self.gc_headroom, default.gc_headroom)?,
            fixed: bytes(&self.fixed)?.unwrap_or(default.fixed),
            stack: bytes(&self.stack)?.unwrap_or(default.stack),
            outside_go: bytes(&self.outside_go)?.unwrap_or(default.outside_go),
            live_heap: stated(&self.live_heap)?,
            goroutines: self.goroutines.map(|count| Stated {
                at: lines.at(count.span().start),
                value: f64::from(*count.get_ref()),
            }),
            canary: CanaryPolicy {
                relative: share(&self.canary.relative, default.canary.relative)?,
                live_heap: bytes(&self.canary.live_heap)?.unwrap_or(default.canary.live_heap),
                goroutines: self
                    .canary
                    .goroutines
                    .map_or(default.canary.goroutines, f64::from),
                gc_cpu,
                judge_gc_cpu,
            },
            manifests: self.manifests,
            vanished: Vec::new(),
            readings: self.readings,
            target: self.target,
            require: self.require,
            skip: self.skip,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::Policy;
    use super::*;

    #[test]
    fn is_read_and_misreadings_are_refused() {
        let text = "[memory]\nmanifests = [\"deploy/*.yaml\"]\ncontainer = \"api\"\nlimit = \"512MiB\"\n\
                    reserve = \"20%\"\nskip = [\"no-oom\"]\n[memory.canary]\ngc-cpu = false\n";
        let memory = Policy::parse(text, "allocgate.toml")
            .unwrap()
            .memory
            .unwrap();
        assert_eq!(
            (memory.limit, memory.containers, memory.skip),
            (
                Some(Stated {
                    value: 536_870_912.0,
                    at: "allocgate.toml:4".to_owned()
                }),
                vec!["api".to_owned()],
                vec![MemoryCheck::NoOom]
            )
        );
        assert!((memory.reserve - 0.2).abs() < 1e-12 && !memory.canary.judge_gc_cpu);
        for (text, line) in [
            (
                "[memory]\nreserve = \"120%\"",
                "a.toml:2: a share of the limit",
            ),
            ("[memory]\nlimit = \"512Mi\"", "a.toml:2: expected a size"),
            ("[memory]\nlimits = 1", "a.toml:2: unknown field"),
            ("[memory]\nskip = [\"oom\"]", "a.toml:2: unknown variant"),
            (
                "[memory]\nworking-set-share = 0.9",
                "a.toml:2: expected a percentage",
            ),
        ] {
            let error = Policy::parse(text, "a.toml").unwrap_err().to_string();
            assert!(error.starts_with(line), "{error}");
        }
    }

    #[test]
    fn checks_are_known_by_their_names() {
        for check in MemoryCheck::ALL {
            assert_eq!(check.to_string().parse(), Ok(*check));
            assert_eq!(serde_json::to_value(check).unwrap(), check.to_string());
        }
    }
}
