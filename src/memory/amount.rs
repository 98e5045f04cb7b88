//! Amounts of memory as each system writes them. They look alike and are not: `512m` is 512 MiB to
//! Docker, half a byte to Kubernetes, and nothing at all to the Go runtime.
//!
//! | system | grammar | source |
//! |---|---|---|
//! | Kubernetes | decimal number; `Ki Mi Gi Ti Pi Ei` (1024), `k M G T P E` (1000), `n u m` (below 1), `e3` | apimachinery `resource.Quantity` |
//! | GOMEMLIMIT | whole number; `B KiB MiB GiB TiB` or nothing; `off` | `runtime.parseByteCount` |
//! | GOGC | whole number of percent, `off`; anything else counts as 100 | `runtime.readGOGC` |
//! | Docker, compose | decimal number; `b k m g t p`, with or without `b`, `ib`, in any case, all of 1024 | go-units `RAMInBytes` |
//! | systemd | decimal number; `B K M G T P E` (1024); `infinity`; `N%` of the machine | systemd.resource-control(5) |
//! | ECS | a whole number of MiB; `GB` (1024 MiB) of tasks | task definition parameters |

use serde::Serialize;

/// An amount that its system does not take, or takes for something that nobody means.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` {why}")]
pub struct AmountError {
    found: String,
    why: String,
}

impl AmountError {
    fn new(found: &str, why: impl Into<String>) -> Self {
        AmountError {
            found: found.chars().take(64).collect(),
            why: why.into(),
        }
    }
}

/// Bytes, or no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// A number of bytes.
    Bytes(u64),
    /// None: `off`, `infinity`, `max`, `0` of Docker.
    Unlimited,
}

impl Limit {
    /// The number of bytes, if there is a bound.
    pub fn bytes(self) -> Option<u64> {
        match self {
            Limit::Bytes(bytes) => Some(bytes),
            Limit::Unlimited => None,
        }
    }
}

const KI: f64 = 1024.0;

/// A number of bytes, rounded up, if it is one.
fn whole(bytes: f64) -> Option<u64> {
    // Beyond 2^63 nothing is a size; below it the conversion is exact enough: 53 bits.
    (bytes.is_finite() && (0.0..9.2e18).contains(&bytes)).then(|| bytes.ceil() as u64)
}

/// Splits a decimal number without a sign off its suffix.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    if !digits.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().ok()?, suffix))
}

/// A Kubernetes quantity of memory: `512Mi`, `0.5Gi`, `1e9`, `134217728`.
///
/// # Errors
///
/// If it is none, and if it is `512m`: half a byte, which the API takes with a warning.
pub fn kubernetes(text: &str) -> Result<u64, AmountError> {
    let error = |why: &str| AmountError::new(text, why);
    let (value, suffix) = number(text.strip_prefix('+').unwrap_or(text))
        .ok_or_else(|| error("is no Kubernetes quantity; write it like `512Mi`"))?;
    let scale = match suffix {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => KI,
        "Mi" => KI.powi(2),
        "Gi" => KI.powi(3),
        "Ti" => KI.powi(4),
        "Pi" => KI.powi(5),
        "Ei" => KI.powi(6),
        "m" | "u" | "n" => {
            let bytes = match suffix {
                "m" => value / 1e3,
                "u" => value / 1e6,
                _ => value / 1e9,
            };
            let meant = &text[..text.len() - suffix.len()];
            return Err(AmountError::new(
                text,
                format!(
                    "is {bytes} byte of memory to Kubernetes, where `{suffix}` is a fraction; \
                     write `{meant}Mi` for mebibytes"
                ),
            ));
        }
        "K" => {
            return Err(error(
                "has a suffix that Kubernetes does not know: it is `Ki` (1024) or `k` (1000)",
            ));
        }
        _ if suffix.starts_with(['e', 'E']) => {
            let exponent: i32 = suffix[1..]
                .parse()
                .map_err(|_| error("is no Kubernetes quantity; write it like `512Mi`"))?;
            10f64.powi(exponent.clamp(-400, 400))
        }
        _ => {
            return Err(error(
                "has a suffix that Kubernetes does not know; they are Ki, Mi, Gi (1024) and k, M, G (1000), without a B",
            ));
        }
    };
    whole(value * scale).ok_or_else(|| error("is more than any machine has"))
}

/// The value of GOMEMLIMIT.
///
/// # Errors
///
/// If the Go runtime does not take it: the program then ends at its start with "malformed GOMEMLIMIT".
pub fn gomemlimit(text: &str) -> Result<Limit, AmountError> {
    if text.is_empty() || text == "off" {
        return Ok(Limit::Unlimited);
    }
    let error = |why: String| AmountError::new(text, why);
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    let scale: u64 = match suffix {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => {
            let meant = match suffix.bytes().find(u8::is_ascii_alphabetic) {
                Some(letter @ (b'K' | b'M' | b'G' | b'T' | b'k' | b'm' | b'g' | b't'))
                    if !digits.is_empty() && suffix.len() <= 3 =>
                {
                    format!("`{digits}{}iB`", char::from(letter.to_ascii_uppercase()))
                }
                _ => "a whole number with B, KiB, MiB, GiB or TiB".to_owned(),
            };
            return Err(error(format!(
                "is no GOMEMLIMIT: the program would end at its start with \"malformed GOMEMLIMIT\"; write {meant}"
            )));
        }
    };
    let bytes = digits
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(scale));
    match bytes {
        Some(bytes) if bytes < i64::MAX as u64 => Ok(Limit::Bytes(bytes)),
        Some(_) => Ok(Limit::Unlimited),
        None => Err(error(
            "is no GOMEMLIMIT; write a whole number with B, KiB, MiB, GiB or TiB".to_owned(),
        )),
    }
}

/// GOGC: how much the heap may grow between collections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gogc {
    /// As a percentage of the live heap.
    Percent(u32),
    /// The garbage collector runs only when GOMEMLIMIT asks for it.
    Off,
}

impl Gogc {
    /// What the runtime uses without one.
    pub const DEFAULT: Gogc = Gogc::Percent(100);
}

/// The value of GOGC.
///
/// # Errors
///
/// If it is neither a number nor `off`: the runtime silently uses 100 then.
pub fn gogc(text: &str) -> Result<Gogc, AmountError> {
    match text {
        "" => Ok(Gogc::DEFAULT),
        "off" => Ok(Gogc::Off),
        _ => match text.parse::<i32>() {
            Ok(percent) => Ok(u32::try_from(percent).map_or(Gogc::Off, Gogc::Percent)),
            Err(_) => Err(AmountError::new(
                text,
                "is no GOGC: the runtime silently uses 100; write a whole number of percent, or off",
            )),
        },
    }
}

/// An amount as Docker and compose take it. Zero is no limit.
///
/// # Errors
///
/// If it is none.
pub fn docker(text: &str) -> Result<Limit, AmountError> {
    let trimmed = text.trim();
    let error = || {
        AmountError::new(
            text,
            "is no amount of memory to Docker; write it like `512m`",
        )
    };
    let (value, suffix) = number(trimmed).ok_or_else(error)?;
    let suffix = suffix
        .strip_prefix(' ')
        .unwrap_or(suffix)
        .to_ascii_lowercase();
    let power = match suffix.strip_suffix('b').unwrap_or(&suffix) {
        "" => 0,
        "k" | "ki" => 1,
        "m" | "mi" => 2,
        "g" | "gi" => 3,
        "t" | "ti" => 4,
        "p" | "pi" => 5,
        _ => return Err(error()),
    };
    match whole((value * KI.powi(power)).floor()) {
        Some(0) => Ok(Limit::Unlimited),
        Some(bytes) => Ok(Limit::Bytes(bytes)),
        None => Err(error()),
    }
}

/// An amount of systemd: `512M`, `1.5G`, `infinity`.
///
/// # Errors
///
/// If it is none, or a share of a machine that is not known here.
pub fn systemd(text: &str) -> Result<Limit, AmountError> {
    let trimmed = text.trim();
    if trimmed == "infinity" {
        return Ok(Limit::Unlimited);
    }
    if trimmed.ends_with('%') {
        return Err(AmountError::new(
            text,
            "is a share of the machine's memory, which a unit file does not tell; write it like `512M`",
        ));
    }
    let error = || {
        AmountError::new(
            text,
            "is no amount of memory to systemd, which ignores it; write it like `512M` (1024)",
        )
    };
    let (value, suffix) = number(trimmed).ok_or_else(error)?;
    let power = match suffix.trim_start() {
        "" | "B" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        "E" => 6,
        _ => return Err(error()),
    };
    whole((value * KI.powi(power)).floor())
        .map(Limit::Bytes)
        .ok_or_else(error)
}

/// The memory of an ECS task or container: MiB, or `1GB` of a task.
///
/// # Errors
///
/// If it is none.
pub fn ecs(text: &str) -> Result<u64, AmountError> {
    let error = || {
        AmountError::new(
            text,
            "is no memory of ECS; write MiB without a unit, like `512`",
        )
    };
    let (value, suffix) = number(text.trim()).ok_or_else(error)?;
    let mebibytes = match suffix.trim().to_ascii_uppercase().as_str() {
        "" => value,
        "GB" => value * KI,
        _ => return Err(error()),
    };
    whole(mebibytes * KI.powi(2)).ok_or_else(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MI: u64 = 1 << 20;

    #[test]
    fn kubernetes_quantities() {
        for (text, bytes) in [
            ("512Mi", 512 * MI),
            ("0.5Gi", 512 * MI),
            (".5Gi", 512 * MI),
            ("1.Ki", 1024),
            ("512M", 512_000_000),
            ("1e9", 1_000_000_000),
            ("1E9", 1_000_000_000),
            ("1E", 1_000_000_000_000_000_000),
            ("12e-1", 2),
            ("134217728", 128 * MI),
            ("+1k", 1000),
            ("0", 0),
        ] {
            assert_eq!(kubernetes(text), Ok(bytes), "{text}");
        }
        for text in [
            "", "Mi", "512MB", "512MiB", "512mi", "1K", "-1Mi", "1 Gi", "1e", "1.2.3", "NaN",
            "inf", "9Ei9", "1e400",
        ] {
            assert!(kubernetes(text).is_err(), "{text}");
        }
        let error = kubernetes("512m").map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("0.512 byte") && text.contains("512Mi")));
    }

    #[test]
    fn gomemlimits() {
        for (text, limit) in [
            ("512MiB", Limit::Bytes(512 * MI)),
            ("1GiB", Limit::Bytes(1 << 30)),
            ("100", Limit::Bytes(100)),
            ("100B", Limit::Bytes(100)),
            ("off", Limit::Unlimited),
            ("", Limit::Unlimited),
            ("9223372036854775807", Limit::Unlimited),
        ] {
            assert_eq!(gomemlimit(text), Ok(limit), "{text}");
        }
        for (text, hint) in [
            ("512M", "`512MiB`"),
            ("512MB", "`512MiB`"),
            ("512Mi", "`512MiB`"),
            ("1g", "`1GiB`"),
            ("0.5GiB", "whole"),
            ("OFF", "whole"),
            ("-1", "whole"),
            ("99999999TiB", "whole"),
            (" 1GiB", "whole"),
        ] {
            let error = gomemlimit(text).map_err(|error| error.to_string());
            assert!(
                error.as_ref().is_err_and(|error| error.contains(hint)),
                "{text}: {error:?}"
            );
        }
    }

    #[test]
    fn other_systems() {
        assert_eq!(gogc("off"), Ok(Gogc::Off));
        assert_eq!(gogc("-1"), Ok(Gogc::Off));
        assert_eq!(gogc("50"), Ok(Gogc::Percent(50)));
        assert!(gogc("50%").is_err());
        for text in [
            "512m",
            "512M",
            "512mb",
            "512MiB",
            "512 m",
            "0.5g",
            "536870912",
            "536870912b",
        ] {
            assert_eq!(docker(text), Ok(Limit::Bytes(512 * MI)), "{text}");
        }
        assert_eq!(docker("0"), Ok(Limit::Unlimited));
        for text in ["", "m", "512x", "512mm", "-5m", "512i"] {
            assert!(docker(text).is_err(), "{text}");
        }
        assert_eq!(systemd("512M"), Ok(Limit::Bytes(512 * MI)));
        assert_eq!(systemd("0.5G"), Ok(Limit::Bytes(512 * MI)));
        assert_eq!(systemd("infinity"), Ok(Limit::Unlimited));
        for text in ["50%", "512Mi", "512MB", "512m", ""] {
            assert!(systemd(text).is_err(), "{text}");
        }
        assert_eq!(ecs("512"), Ok(512 * MI));
        assert_eq!(ecs("0.5 GB"), Ok(512 * MI));
        assert!(ecs("512Mi").is_err());
    }
}
