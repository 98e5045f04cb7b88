//! The limit and the settings of the runtime that apply, and who says so.

use super::Case;
use crate::memory::amount::{Gogc, Limit};
use crate::memory::declared::Declared;
use crate::memory::reading::{Bound, Figure, Word};
use crate::policy::Stated;

/// What the environment variable of automemlimit, and its default, leave of the limit to Go.
const AUTOMEMLIMIT_SHARE: f64 = 0.9;

/// What applies to a container before it runs: manifests first, then the policy, then readings.
pub(super) struct Settings {
    pub(super) limit: Declared<Limit>,
    pub(super) gomemlimit: Declared<Limit>,
    pub(super) gogc: Declared<Gogc>,
}

impl Settings {
    pub(super) fn of(case: Case<'_>) -> Self {
        let container = case.container;
        let declared = |of: Option<Declared<Limit>>| of.unwrap_or_default();
        let read_limit = read(case, Word::Limit);
        let bounded = match read_limit.value() {
            Some(Limit::Bytes(_)) => read_limit.clone(),
            _ => Declared::Absent,
        };
        // What is stated counts where nothing else tells.
        let limit = declared(container.map(|container| container.limit.clone()))
            .or(bounded)
            .or(stated(case.policy.limit.as_ref()))
            .or(read_limit);
        let own = declared(container.map(|container| container.gomemlimit.clone()));
        let automatic = automatic(case, &limit);
        let gogc = container.map_or(Declared::Absent, |container| container.gogc.clone());
        Settings {
            gomemlimit: own.or(automatic).or(read(case, Word::Gomemlimit)),
            gogc: gogc.or(read_gogc(case)),
            limit,
        }
    }

    /// GOMEMLIMIT in bytes, if it is known to be set.
    pub(super) fn gomemlimit_bytes(&self) -> Option<f64> {
        let bytes = self.gomemlimit.value()?.bytes()?;
        Some(bytes as f64)
    }

    /// The limit in bytes, if it is known and there is one.
    pub(super) fn limit_bytes(&self) -> Option<f64> {
        Some(self.limit.value()?.bytes()? as f64)
    }
}

fn stated(limit: Option<&Stated>) -> Declared<Limit> {
    limit.map_or(Declared::Absent, |limit| Declared::Set {
        value: Limit::Bytes(limit.value as u64),
        text: crate::figure::size(limit.value),
        at: limit.at.clone(),
    })
}

/// What automemlimit will set, unless it is switched off.
fn automatic(case: Case<'_>, limit: &Declared<Limit>) -> Declared<Limit> {
    let (module, version, at) = match case.automemlimit {
        Declared::Absent => return Declared::Absent,
        Declared::Set { value, text, at } => (value, text, at),
        Declared::Invalid { why, at } | Declared::Unknown { why, at } => {
            return Declared::Unknown {
                why: why.clone(),
                at: at.clone(),
            };
        }
    };
    let share = match case.container.map(|container| &container.automemlimit) {
        Some(Declared::Set { value, .. }) if value == "off" => return Declared::Absent,
        Some(Declared::Set { value, at, .. }) => match value.parse::<f64>() {
            Ok(share) if share > 0.0 && share <= 1.0 => share,
            _ => {
                return Declared::Invalid {
                    why: format!("AUTOMEMLIMIT `{value}` is no share such as 0.9, and no `off`"),
                    at: at.clone(),
                };
            }
        },
        Some(Declared::Unknown { why, at } | Declared::Invalid { why, at }) => {
            return Declared::Unknown {
                why: why.clone(),
                at: at.clone(),
            };
        }
        Some(Declared::Absent) | None => AUTOMEMLIMIT_SHARE,
    };
    match limit.value().and_then(|limit| limit.bytes()) {
        Some(bytes) => Declared::Set {
            value: Limit::Bytes((bytes as f64 * share) as u64),
            text: format!("{share} of the limit, by {module} {version}"),
            at: at.clone(),
        },
        None => Declared::Unknown {
            why: format!("{module} sets it to {share} of the limit, which is not known"),
            at: at.clone(),
        },
    }
}

fn figure(case: Case<'_>, word: Word) -> Option<&Figure> {
    let figure = case.candidate?.now.get(word)?;
    (figure.bound == Bound::Exact).then_some(figure)
}

fn read(case: Case<'_>, word: Word) -> Declared<Limit> {
    figure(case, word).map_or(Declared::Absent, |figure| Declared::Set {
        value: if figure.value.is_finite() {
            Limit::Bytes(figure.value as u64)
        } else {
            Limit::Unlimited
        },
        text: super::show(figure.value, word.quantity()),
        at: figure.from.clone(),
    })
}

fn read_gogc(case: Case<'_>) -> Declared<Gogc> {
    figure(case, Word::Gogc).map_or(Declared::Absent, |figure| Declared::Set {
        value: if figure.value.is_finite() {
            Gogc::Percent(figure.value as u32)
        } else {
            Gogc::Off
        },
        text: super::show(figure.value, Word::Gogc.quantity()),
        at: figure.from.clone(),
    })
}
