//! Amounts of memory as each system writes them. They look alike and are not: `512m` is 512 MiB to
//! Docker, half a byte to Kubernetes, and nothing at all to the Go runtime.
//!
//! | system | grammar | source |
//! |---|---|---|
//! | Kubernetes | decimal number; `Ki Mi Gi Ti Pi Ei` (1024), `k M G T P E` (1000), `n u m` (below 1), `e3`; rounded up | apimachinery `resource.Quantity` |
//! | GOMEMLIMIT | whole number; `B KiB MiB GiB TiB` or nothing; `off` | `runtime.parseByteCount` |
//! | GOGC | whole number of percent, `off`; anything else counts as 100 | `runtime.readGOGC` |
//! | Docker, compose | decimal number; `b k m g t p`, all but the first with or without `b`, `ib`, in any case, all of 1024 | go-units `RAMInBytes` |
//! | systemd | decimal numbers with `B K M G T P E` (1024), the greater unit first, which are added; `infinity`; `N%` of the machine | systemd.resource-control(5), `parse_size` |
//! | ECS | a whole number of MiB; `GB` (1024 MiB) of tasks | task definition parameters |

use serde::Serialize;

/// Bytes of a MiB.
pub const MEBIBYTE: f64 = 1_048_576.0;

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

/// A Kubernetes quantity of memory: `512Mi`, `0.5Gi`, `1e9`, `134217728`, and `1288490188800m`, which
/// is how the API writes `1.2Gi` back.
///
/// # Errors
///
/// If it is none, and if it is `512m`: half a byte, which the API takes with a warning.
pub fn kubernetes(text: &str) -> Result<u64, AmountError> {
    const LEAST_MEANT: u64 = 1 << 20;
    let error = |why: &str| AmountError::new(text, why);
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let (value, suffix) = number(unsigned)
        .ok_or_else(|| error("is no Kubernetes quantity; write it like `512Mi`"))?;
    let digits = &unsigned[..unsigned.len() - suffix.len()];
    let (times, per): (u128, u128) = match suffix {
        "" => (1, 1),
        "n" => (1, 1_000_000_000),
        "u" => (1, 1_000_000),
        "m" => (1, 1_000),
        "k" => (1_000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "E" => (1_000_000_000_000_000_000, 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        "Ei" => (1 << 60, 1),
        "K" => {
            return Err(error(
                "has a suffix that Kubernetes does not know: it is `Ki` (1024) or `k` (1000)",
            ));
        }
        _ if suffix.starts_with(['e', 'E']) => {
            let exponent: i32 = suffix[1..]
                .parse()
                .map_err(|_| error("is no Kubernetes quantity; write it like `512Mi`"))?;
            let power = 10u128.saturating_pow(exponent.unsigned_abs());
            if exponent < 0 { (1, power) } else { (power, 1) }
        }
        _ => {
            return Err(error(
                "has a suffix that Kubernetes does not know; they are Ki, Mi, Gi (1024) and k, M, G (1000), without a B",
            ));
        }
    };
    let bytes = exact(digits, times, per).ok_or_else(|| error("is more than any machine has"))?;
    if matches!(suffix, "m" | "u" | "n") && (1..LEAST_MEANT).contains(&bytes) {
        let fraction = value / per as f64;
        return Err(AmountError::new(
            text,
            format!(
                "is {fraction} byte of memory to Kubernetes, where `{suffix}` is a fraction; \
                 write `{digits}Mi` for mebibytes"
            ),
        ));
    }
    Ok(bytes)
}

/// A decimal number times a factor and by a divisor, rounded up, as the API works it out.
fn exact(digits: &str, times: u128, per: u128) -> Option<u64> {
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let decimals = decimals.trim_end_matches('0');
    let all: u128 = [whole, decimals].concat().parse().ok()?;
    let per = per.saturating_mul(10u128.checked_pow(u32::try_from(decimals.len()).ok()?)?);
    let bytes = u64::try_from(all.checked_mul(times)?.div_ceil(per)).ok()?;
    (bytes <= i64::MAX as u64).then_some(bytes)
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
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(unsigned.len());
    let (digits, suffix) = text.split_at(text.len() - unsigned.len() + end);
    let scale: u64 = match suffix {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => {
            let meant = match suffix.bytes().find(u8::is_ascii_alphabetic) {
                Some(letter @ (b'K' | b'M' | b'G' | b'T' | b'k' | b'm' | b'g' | b't'))
                    if end > 0 && suffix.len() <= 3 =>
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
    // The greatest number is what the runtime uses without one.
    let bytes = digits
        .parse::<i64>()
        .ok()
        .and_then(|n| u64::try_from(n).ok()?.checked_mul(scale))
        .filter(|bytes| *bytes <= i64::MAX as u64);
    match bytes {
        Some(bytes) if bytes == i64::MAX as u64 => Ok(Limit::Unlimited),
        Some(bytes) => Ok(Limit::Bytes(bytes)),
        None => Err(error(
            "is no GOMEMLIMIT: the program would end at its start with \"malformed GOMEMLIMIT\"; \
             write a whole number with B, KiB, MiB, GiB or TiB"
                .to_owned(),
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
    let error = || {
        AmountError::new(
            text,
            "is no amount of memory to Docker; write it like `512m`",
        )
    };
    let last = text.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ');
    let (digits, suffix) = text.split_at(last.ok_or_else(error)? + 1);
    // One blank may part them.
    let digits = digits.strip_suffix(' ').unwrap_or(digits);
    let value: f64 = digits.parse().map_err(|_| error())?;
    let power = match &*suffix.to_ascii_lowercase() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return Err(error()),
    };
    match whole((value * KI.powi(power)).floor()) {
        Some(0) => Ok(Limit::Unlimited),
        Some(bytes) => Ok(Limit::Bytes(bytes)),
        None => Err(error()),
    }
}

/// An amount of systemd: `512M`, `1.5G`, `1G 512M`, `infinity`.
///
/// # Errors
///
/// If it is none, or a share of a machine that is not known here, or zero.
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
    const UNITS: [(&str, i32); 8] = [
        ("E", 6),
        ("P", 5),
        ("T", 4),
        ("G", 3),
        ("M", 2),
        ("K", 1),
        ("B", 0),
        ("", 0),
    ];
    let (mut rest, mut units, mut sum) = (trimmed, &UNITS[..], 0.0);
    loop {
        let unsigned = rest.strip_prefix('+').unwrap_or(rest);
        let (value, suffix) = number(unsigned)
            .filter(|_| unsigned.starts_with(|c: char| c.is_ascii_digit()))
            .ok_or_else(error)?;
        let suffix = suffix.trim_start();
        let index = units.iter().position(|(unit, _)| suffix.starts_with(unit));
        let (unit, power) = units[index.ok_or_else(error)?];
        units = units.split_at(index.unwrap_or_default() + 1).1;
        sum += (value * KI.powi(power)).floor();
        rest = suffix[unit.len()..].trim_start();
        if rest.is_empty() {
            break;
        }
    }
    match whole(sum).ok_or_else(error)? {
        0 => Err(AmountError::new(
            text,
            "is out of range to systemd, which ignores it; write it like `512M` (1024)",
        )),
        bytes => Ok(Limit::Bytes(bytes)),
    }
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
            ("0m", 0),
            ("1.1M", 1_100_000),
            ("1.2Gi", 1_288_490_189),
            ("1288490188800m", 1_288_490_189),
            ("536870912000000u", 512 * MI),
            ("1e+09", 1_000_000_000),
            ("1e-400", 1),
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
        assert!(kubernetes("1048575999m").is_ok_and(|bytes| bytes == MI));
        assert!(kubernetes("1048575000m").is_err());
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
            ("9223372036854775806B", Limit::Bytes(i64::MAX as u64 - 1)),
            ("+512MiB", Limit::Bytes(512 * MI)),
            ("-0", Limit::Bytes(0)),
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
            ("9223372036854775808", "malformed"),
            ("8388608TiB", "malformed"),
            ("-1GiB", "malformed"),
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
            "+512m",
            "512.m",
            ".5G",
            "5.12e2m",
        ] {
            assert_eq!(docker(text), Ok(Limit::Bytes(512 * MI)), "{text}");
        }
        assert_eq!(docker("0"), Ok(Limit::Unlimited));
        for text in [
            "", " ", "m", "512x", "512mm", "-5m", "512i", "512Mi", "512mi", " 512m", "512m ",
            "512  m", "512bb", "inf", "nan", "1.5.2", "512e",
        ] {
            assert!(docker(text).is_err(), "{text}");
        }
        assert_eq!(systemd("512M"), Ok(Limit::Bytes(512 * MI)));
        assert_eq!(systemd("0.5G"), Ok(Limit::Bytes(512 * MI)));
        assert_eq!(systemd("1G 512M"), Ok(Limit::Bytes(1536 * MI)));
        assert_eq!(systemd("1G512M +8"), Ok(Limit::Bytes(1536 * MI + 8)));
        assert_eq!(systemd("512 M"), Ok(Limit::Bytes(512 * MI)));
        assert_eq!(systemd("infinity"), Ok(Limit::Unlimited));
        for text in [
            "50%", "512Mi", "512MB", "512m", "", "0", "0.5", ".5G", "512M 1G", "5 5", "-1", "1GG",
        ] {
            assert!(systemd(text).is_err(), "{text}");
        }
        assert_eq!(ecs("512"), Ok(512 * MI));
        assert_eq!(ecs("0.5 GB"), Ok(512 * MI));
        assert!(ecs("512Mi").is_err());
    }
}
