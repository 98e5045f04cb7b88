//! What is declared: the limit, GOMEMLIMIT, GOGC.

use super::capacity;
use super::settings::Settings;
use super::{Amount, Case, Check};
use crate::figure;
use crate::memory::amount::{Gogc, Limit, MEBIBYTE};
use crate::memory::declared::Declared;
use crate::memory::reading::{Bound, Quantity, Word};
use crate::policy::MemoryCheck;

/// No program runs in less: what is below it lacks its unit.
const LEAST: u64 = 1 << 20;

/// Check 1: the container has a memory limit.
pub(super) fn limit_declared(case: Case<'_>) -> Check {
    const ID: MemoryCheck = MemoryCheck::LimitDeclared;
    const REMEDY: &str =
        "set a memory limit, so that a leak ends this container and not its neighbours";
    if let Some(container) = case.container.filter(|_| !case.image_alone) {
        return match &container.limit {
            Declared::Set {
                value: Limit::Bytes(bytes),
                text,
                at,
            } => {
                let check = if *bytes < LEAST {
                    let message = format!(
                        "the limit `{text}` is {bytes} bytes: less than any program needs to start"
                    );
                    Check::fail(ID, message, "was it meant in MiB? write the unit")
                } else {
                    Check::pass(ID, format!("the limit is {}", said(text, *bytes)))
                };
                check.measured(Amount::new(*bytes as f64, Quantity::Bytes, at.clone()))
            }
            Declared::Set { text, at, .. } => {
                Check::fail(ID, format!("`{text}` at {at} is no limit"), REMEDY)
            }
            Declared::Absent => Check::fail(
                ID,
                format!("{} declares no memory limit", container.at),
                REMEDY,
            ),
            Declared::Invalid { why, at } => Check::fail(
                ID,
                format!("{at}: the memory limit {why}"),
                "write the limit as its system reads it",
            ),
            Declared::Unknown { why, at } => Check::unknown(
                ID,
                format!("{at}: {why}"),
                "give the manifest as it is applied, with its values filled in",
            ),
        };
    }
    let read = case
        .candidate
        .and_then(|readings| readings.now.get(Word::Limit));
    match (read, &case.policy.limit) {
        (Some(limit), _) if limit.bound == Bound::Doubtful => Check::unknown(
            ID,
            limit
                .remark
                .clone()
                .unwrap_or_else(|| "the limit shown is doubtful".to_owned()),
            "give the manifest, or a reading of the cgroup",
        )
        .measured(Amount::of(limit)),
        (Some(limit), _) if limit.value.is_infinite() => {
            Check::fail(ID, "the kernel enforces no limit", REMEDY).measured(Amount::of(limit))
        }
        (Some(limit), _) => Check::pass(
            ID,
            format!(
                "the kernel enforces a limit of {}",
                figure::size(limit.value)
            ),
        )
        .measured(Amount::of(limit)),
        (None, Some(stated)) => Check::pass(
            ID,
            format!("the limit is stated to be {}", figure::size(stated.value)),
        )
        .measured(Amount::new(
            stated.value,
            Quantity::Bytes,
            stated.at.clone(),
        )),
        (None, None) => Check::not_asked(
            ID,
            "neither a manifest nor a reading of a container was given",
        ),
    }
}

/// Check 2: GOMEMLIMIT is set.
pub(super) fn gomemlimit_set(case: Case<'_>, settings: &Settings) -> Check {
    const ID: MemoryCheck = MemoryCheck::GomemlimitSet;
    let remedy = match settings.limit_bytes() {
        Some(limit) => format!(
            "set GOMEMLIMIT to at most {} ({} of the limit), or require github.com/KimMachineGun/automemlimit",
            suggested(limit, case.policy.gomemlimit_share),
            figure::percent(case.policy.gomemlimit_share),
        ),
        None => "set GOMEMLIMIT below the container's limit".to_owned(),
    };
    match &settings.gomemlimit {
        Declared::Set {
            value: Limit::Bytes(bytes),
            text,
            at,
        } => {
            let check = if *bytes < LEAST {
                let message = format!(
                    "GOMEMLIMIT `{text}` is {bytes} bytes: the program would do nothing but collect garbage"
                );
                let remedy =
                    "was it meant in MiB? write the unit (a resourceFieldRef needs no divisor)";
                Check::fail(ID, message, remedy)
            } else {
                Check::pass(ID, format!("GOMEMLIMIT is {}", said(text, *bytes)))
            };
            check.measured(Amount::new(*bytes as f64, Quantity::Bytes, at.clone()))
        }
        Declared::Set { at, .. } => Check::fail(ID, format!("GOMEMLIMIT is off ({at})"), remedy),
        Declared::Invalid { why, at } => Check::fail(ID, format!("{at}: GOMEMLIMIT {why}"), remedy),
        Declared::Unknown { why, at } => Check::unknown(
            ID,
            format!("{at}: {why}"),
            "give the value as it is applied, or a reading with go_gc_gomemlimit_bytes",
        ),
        Declared::Absent => match case.container {
            Some(container) => Check::fail(
                ID,
                format!(
                    "{} sets no GOMEMLIMIT: the garbage collector does not know of the limit",
                    container.at
                ),
                remedy,
            ),
            None => Check::not_asked(ID, "nothing that was given says how GOMEMLIMIT is set"),
        },
    }
}

/// Check 3: GOMEMLIMIT leaves room for what the runtime does not see.
pub(super) fn gomemlimit_headroom(case: Case<'_>, settings: &Settings) -> Check {
    const ID: MemoryCheck = MemoryCheck::GomemlimitHeadroom;
    let (bytes, at) = match &settings.gomemlimit {
        Declared::Set {
            value: Limit::Bytes(bytes),
            at,
            ..
        } => (*bytes as f64, at),
        Declared::Unknown { why, at } => {
            return Check::unknown(
                ID,
                format!("{at}: {why}"),
                "give the value as it is applied",
            );
        }
        Declared::Set { .. } | Declared::Invalid { .. } | Declared::Absent => {
            return Check::not_asked(ID, "there is no GOMEMLIMIT to hold against the limit");
        }
    };
    let measured = Amount::new(bytes, Quantity::Bytes, at.clone());
    let Some(limit) = settings.limit_bytes() else {
        let message = "no limit is known that GOMEMLIMIT is to stay below";
        return Check::not_asked(ID, message).measured(measured);
    };
    let share = case.policy.gomemlimit_share;
    let limit_at = settings.limit.at().unwrap_or_default();
    let bound = Amount::new(
        limit * share,
        Quantity::Bytes,
        format!("{} of the limit, {limit_at}", figure::percent(share)),
    );
    let remedy = format!("set GOMEMLIMIT to at most {}", suggested(limit, share));
    let relation = format!(
        "GOMEMLIMIT {} is {} of the limit {}",
        figure::size(bytes),
        figure::percent(bytes / limit),
        figure::size(limit)
    );
    let check = if bytes > limit {
        let message = format!(
            "{relation}: worse than none, since the kernel kills before the runtime begins to save"
        );
        Check::fail(ID, message, remedy)
    } else if bytes > limit * share {
        let message = format!(
            "{relation}: too little is left for what the Go runtime does not see (cgo, mmap, C libraries, the binary)"
        );
        Check::fail(ID, message, remedy)
    } else if let Some(running) = running(case, limit * share) {
        Check::unknown(
            ID,
            format!("{relation}, and what runs has {running}"),
            "apply what is declared and read again, or see what sets it in the program",
        )
    } else {
        Check::pass(ID, relation)
    };
    check.measured(measured).bound(bound)
}

/// An amount as it is written, if that is one: a reference to another place is not.
fn said(text: &str, bytes: u64) -> String {
    let is_amount = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    if is_amount {
        text.to_owned()
    } else {
        format!("{} (`{text}`)", figure::size(bytes as f64))
    }
}

/// What the running program has for a GOMEMLIMIT, if that is more than `most`, or none.
fn running(case: Case<'_>, most: f64) -> Option<String> {
    let figure = case.candidate?.now.get(Word::Gomemlimit)?;
    (figure.bound == Bound::Exact && figure.value > most).then(|| {
        let value = super::show(figure.value, Quantity::Bytes);
        format!("{value} ({})", figure.from)
    })
}

/// A GOMEMLIMIT as it is written, in whole MiB.
fn suggested(limit: f64, share: f64) -> String {
    match (limit * share / MEBIBYTE).floor() {
        mebibytes if mebibytes >= 1.0 => format!("{mebibytes}MiB"),
        _ => format!("{}B", (limit * share).floor()),
    }
}

/// Check 4: GOGC.
pub(super) fn gogc(case: Case<'_>, settings: &Settings) -> Check {
    const ID: MemoryCheck = MemoryCheck::Gogc;
    let (gogc, text, at) = match &settings.gogc {
        Declared::Set { value, text, at } => (*value, text.clone(), at.clone()),
        Declared::Absent => match case.container {
            Some(container) => (
                Gogc::DEFAULT,
                "100, the default".to_owned(),
                container.at.clone(),
            ),
            None => return Check::not_asked(ID, "nothing that was given says how GOGC is set"),
        },
        Declared::Invalid { why, at } => {
            return Check::fail(
                ID,
                format!("{at}: GOGC {why}"),
                "write a whole number of percent, or off",
            );
        }
        Declared::Unknown { why, at } => {
            return Check::unknown(
                ID,
                format!("{at}: {why}"),
                "give the value as it is applied",
            );
        }
    };
    let measured = Amount::new(
        match gogc {
            Gogc::Percent(percent) => f64::from(percent),
            Gogc::Off => f64::INFINITY,
        },
        Quantity::Percent,
        at,
    );
    if gogc == Gogc::Off && settings.gomemlimit_bytes().is_none() {
        let unsure = matches!(settings.gomemlimit, Declared::Unknown { .. });
        let check = if unsure {
            Check::unknown(
                ID,
                "GOGC is off, and whether GOMEMLIMIT bounds the heap is not known",
                "give the value of GOMEMLIMIT as it is applied",
            )
        } else {
            Check::fail(
                ID,
                "GOGC is off and GOMEMLIMIT is not set: the heap grows until the container is killed",
                "set GOMEMLIMIT, or take GOGC=off away",
            )
        };
        return check.measured(measured);
    }
    if gogc == Gogc::Percent(0) {
        return Check::fail(
            ID,
            "GOGC is 0: the collector never stops",
            "set it to 100, or take it away",
        )
        .measured(measured);
    }
    let message = match gogc {
        Gogc::Off => "GOGC is off, and GOMEMLIMIT bounds the heap".to_owned(),
        Gogc::Percent(_) => format!("GOGC is {text}"),
    };
    // How far GOMEMLIMIT lets the heap grow: known once there is a live heap.
    let load = capacity::load(case, settings, gogc);
    let growth = load
        .as_ref()
        .and_then(|load| load.load.growth_under_gomemlimit());
    match (growth, load) {
        (Some(growth), Some(load)) if growth < case.policy.gc_headroom => {
            let bound = Amount::new(
                case.policy.gc_headroom,
                Quantity::Share,
                "gc-headroom of the policy",
            );
            let message = format!(
                "GOMEMLIMIT lets the live heap of {} grow by {} between collections: the program spends its time in the collector",
                figure::size(load.load.live_heap),
                figure::percent(growth.max(0.0)),
            );
            let measured = Amount::new(growth.max(0.0), Quantity::Share, load.from);
            // A heap that is known from above alone may be smaller.
            let check = if load.exact {
                Check::fail(ID, message, "raise GOMEMLIMIT and the limit, or hold less")
            } else {
                Check::unknown(
                    ID,
                    format!("{message}, if the live heap is what is shown: it may be less"),
                    capacity::EXPOSE_LIVE_HEAP,
                )
            };
            check.measured(measured).bound(bound)
        }
        _ => Check::pass(ID, message).measured(measured),
    }
}
