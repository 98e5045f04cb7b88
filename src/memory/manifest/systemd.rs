//! Units of systemd: their limit, and the environment of what they start.

use std::collections::HashMap;

use super::declaration::{Declaration, Environment, Words};
use super::detect::section;
use super::variable::{self, NOT_SET, Variable, hidden, printable, set, set_to, unknown};
use super::{Found, ManifestError, Place, Source};
use crate::memory::amount::{self, Limit};
use crate::memory::declared::{Declared, Role};

/// The unit that a file belongs to. The name of a drop-in is nothing; its directory is NAME.service.d.
pub(super) fn unit(place: Place<'_>) -> &str {
    extended(place).unwrap_or(place.name())
}

fn extended(place: Place<'_>) -> Option<&str> {
    let directory = place.0.rsplit(['/', '\\']).nth(1);
    directory.and_then(|directory| directory.strip_suffix(".d"))
}

/// Reads a unit with its drop-ins, or drop-ins alone.
pub(super) fn read(files: &[&Source<'_>]) -> Result<Found, ManifestError> {
    // Drop-ins come behind the unit, in the order of their names.
    let mut files: Vec<_> = files.iter().map(|file| (file.place, file.text)).collect();
    files.sort_by_key(|(place, _)| (extended(*place).is_some(), place.name()));
    let [(first, _), ..] = files[..] else {
        return Ok(Found::default());
    };
    let mut unit = Unit::new(first);
    let mut section_at = None;
    for (place, text) in &files {
        unit.place = *place;
        let mut inside = false;
        for (line, text) in logical_lines(text) {
            if text.starts_with('[') {
                inside = section(&text).is_some();
                if inside && section_at.is_none() {
                    section_at = Some(place.at(line));
                }
            } else if let Some((key, value)) = text.split_once('=').filter(|_| inside) {
                unit.set(line, key.trim(), value.trim());
            }
        }
    }
    let Some(at) = section_at else {
        return Err(
            first.error("has no section [Service] or [Slice]: nothing in it runs under a limit")
        );
    };
    let name = self::unit(first);
    if files.len() == 1 && extended(first).is_none() && !first.is_input() {
        unit.remarks.push(format!(
            "{at}: drop-ins in {name}.d may change this unit; they are read only if they are given too",
        ));
    }
    let container = Declaration {
        name: printable(name.rsplit_once('.').map_or(name, |(stem, _)| stem)),
        workload: printable(name),
        role: Role::Main,
        at,
        image: None,
        limit: unit.limit(),
        environment: Environment::new(|name| unit.variable(name)),
        entrypoint: unit.command,
        arguments: None,
    };
    Ok(Found {
        containers: vec![container],
        remarks: unit.remarks,
    })
}

/// The lines that mean something, those put together that a backslash continues.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut logical: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim_start();
        if trimmed.starts_with(['#', ';']) || !continued && trimmed.is_empty() {
            continue;
        }
        let cut = line.trim_end().strip_suffix('\\');
        let part = cut.unwrap_or(line).trim();
        match logical.last_mut().filter(|_| continued) {
            Some((_, last)) => last.extend([" ", part]),
            None => logical.push((number, part.to_owned())),
        }
        continued = cut.is_some();
    }
    logical
}

/// What a unit sets.
struct Unit<'a> {
    place: Place<'a>,
    /// MemoryMax=.
    limit: Variable,
    /// MemoryLimit=, of cgroup v1.
    old_limit: Variable,
    environment: HashMap<String, Variable>,
    /// EnvironmentFile=, which overrides Environment=: why what it sets is not known, and where.
    files: Vec<(String, String)>,
    /// UnsetEnvironment=, which comes last.
    unset: Vec<String>,
    /// ExecStart=.
    command: Option<Words>,
    remarks: Vec<String>,
}

impl<'a> Unit<'a> {
    fn new(place: Place<'a>) -> Self {
        Unit {
            place,
            limit: Declared::Absent,
            old_limit: Declared::Absent,
            environment: HashMap::new(),
            files: Vec::new(),
            unset: Vec::new(),
            command: None,
            remarks: Vec::new(),
        }
    }

    fn set(&mut self, line: usize, key: &str, value: &str) {
        let at = self.place.at(line);
        match key {
            "MemoryMax" => self.limit = amount(value, at),
            "MemoryLimit" => self.old_limit = amount(value, at),
            "Environment" if value.is_empty() => self.environment.clear(),
            "Environment" => {
                for word in words(value) {
                    if let Some((name, value)) = word.split_once('=') {
                        let variable = match without_specifiers(value) {
                            Some(found) => set_to(found, value, at.clone()),
                            None => unknown("it holds a specifier (`%`) of systemd", at.clone()),
                        };
                        self.environment.insert(name.to_owned(), variable);
                    }
                }
            }
            "PassEnvironment" => {
                for name in words(value) {
                    let why = "it comes from the environment of the service manager";
                    let passed = unknown(why, at.clone());
                    self.environment.entry(name).or_insert(passed);
                }
            }
            "UnsetEnvironment" if value.is_empty() => self.unset.clear(),
            "UnsetEnvironment" => self.unset.extend(words(value)),
            "EnvironmentFile" if value.is_empty() => self.files.clear(),
            // It is one of the machine that the unit runs on, whatever there is here.
            "EnvironmentFile" => {
                let name = printable(value.strip_prefix('-').unwrap_or(value));
                self.remarks
                    .push(format!("{at}: `{name}` is not read: {NOT_SET}",));
                let why = format!("it may be set by `{name}`, which is not read");
                self.files.push((why, at));
            }
            "ExecStart" => {
                let words = words(value.trim_start_matches(['@', '-', ':', '+', '!', '|']));
                self.command = Some(Words { words, at });
            }
            _ => {}
        }
    }

    fn limit(&self) -> Declared<Limit> {
        let limit = self.limit.clone().or(self.old_limit.clone());
        variable::parsed(limit, amount::systemd)
    }

    fn variable(&self, name: &str) -> Variable {
        if self.unset.iter().any(|unset| unset == name) {
            return Declared::Absent;
        }
        let of_file = match self.files.last() {
            Some((why, at)) => hidden(name, why, at.clone()),
            None => Declared::Absent,
        };
        of_file.or(self.environment.get(name).cloned().unwrap_or_default())
    }
}

/// An amount of memory; nothing takes back what was set before.
fn amount(value: &str, at: String) -> Variable {
    if value.is_empty() {
        Declared::Absent
    } else if value.contains('%') {
        // A share of a machine that is not known, or a specifier.
        unknown(
            format!("`{value}` depends on the machine that it runs on"),
            at,
        )
    } else {
        set(value, at)
    }
}

/// The text with `%%` as a percent sign, unless it has another specifier.
fn without_specifiers(text: &str) -> Option<String> {
    let parts: Vec<_> = text.split("%%").collect();
    let plain = parts.iter().all(|part| !part.contains('%'));
    plain.then(|| parts.join("%"))
}

/// The words of a value, without quotes and escapes.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, '\\') => {
                let escaped = chars.next().map(|c| match c {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    's' => ' ',
                    c => c,
                });
                word.get_or_insert_default().extend(escaped);
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::memory::amount::Gogc;
    use crate::memory::declared::Container;
    use crate::memory::manifest::ManifestKind;

    const MI: u64 = 1 << 20;

    fn found(path: &str, text: &str) -> Result<Found, String> {
        let source = Source {
            place: Place(path),
            kind: ManifestKind::Systemd,
            text,
            documents: Vec::new(),
        };
        read(&[&source]).map_err(|error| error.to_string())
    }

    fn service(body: &str) -> Container {
        let text = format!("[Unit]\nMemoryMax=1\n[Service]\n{body}\n[Install]\nMemoryMax=2\n");
        let found = found("app.service", &text);
        found.unwrap().containers[0].container()
    }

    #[test]
    fn limits() {
        let half = Some(Limit::Bytes(512 * MI));
        for (body, limit) in [
            ("MemoryMax=512M", half),
            ("MemoryMax=1G\nMemoryMax=512M", half),
            ("# MemoryMax=1G\n; MemoryMax=1G\n MemoryMax = 512M", half),
            ("MemoryLimit=512M", half),
            ("MemoryMax=512M\nMemoryLimit=1G", half),
            ("MemoryMax=infinity", Some(Limit::Unlimited)),
            ("MemoryMax=512M\nMemoryMax=", None),
            ("MemoryMax=256M 256M", None),
            ("MemoryMax=0.25G 256M", half),
            ("MemoryHigh=512M", None),
        ] {
            assert_eq!(service(body).limit.value(), limit.as_ref(), "{body}");
        }
        let limit = |body| service(body).limit;
        assert!(matches!(limit("MemoryMax=50%"), Declared::Unknown { .. }));
        assert!(matches!(limit("MemoryMax=512MB"), Declared::Invalid { .. }));
        assert!(matches!(limit("MemoryMax=0"), Declared::Invalid { .. }));
        assert_eq!(limit("MemoryMax=512M").at(), Some("app.service:4"));
    }

    #[test]
    fn environments() {
        for (body, mebibytes) in [
            ("Environment=GOMEMLIMIT=512MiB", 512),
            ("Environment=A=1 \"GOMEMLIMIT=512MiB\" B=2", 512),
            ("Environment=A=1 \\\n  # c\n  GOMEMLIMIT='512MiB'", 512),
            ("Environment=GOMEMLIMIT=1GiB\nEnvironment=", 0),
            (
                "EnvironmentFile=-/etc/none.env\nExecStart=env GOMEMLIMIT=512MiB app",
                512,
            ),
            (
                "Environment=GOMEMLIMIT=1GiB\nExecStart=/usr/bin/env -i /app",
                0,
            ),
            (
                "Environment=GOMEMLIMIT=1GiB\nExecStart=/usr/bin/env -u GOMEMLIMIT /app",
                0,
            ),
            (
                "EnvironmentFile=/etc/app.env\nEnvironmentFile=\nMemoryMax=1G",
                0,
            ),
            (
                "Environment=GOMEMLIMIT=1GiB\nExecStart=-/usr/bin/env GOMEMLIMIT=512MiB /app",
                512,
            ),
            ("ExecStart=/bin/sh -c 'GOMEMLIMIT=512MiB exec /app'", 512),
            (
                "Environment=GOMEMLIMIT=1GiB\nUnsetEnvironment=GOMEMLIMIT",
                0,
            ),
            ("MemoryMax=1G", 0),
        ] {
            let limit = service(body).gomemlimit;
            let bytes = limit.value().and_then(|limit| limit.bytes());
            assert_eq!(bytes.unwrap_or(0) / MI, mebibytes, "{body}: {limit:?}");
        }
        for body in [
            "EnvironmentFile=/etc/none.env",
            "EnvironmentFile=-/etc/none.env\nEnvironment=GOMEMLIMIT=512MiB",
            "EnvironmentFile=-/etc/%i.env",
            "Environment=GOMEMLIMIT=%i",
            "PassEnvironment=GOMEMLIMIT",
            "ExecStart=/usr/bin/env GOMEMLIMIT=${LIMIT} app",
        ] {
            let limit = service(body).gomemlimit;
            assert!(
                matches!(limit, Declared::Unknown { .. }),
                "{body}: {limit:?}"
            );
        }
        let gogc = service("Environment=GOGC=off").gogc;
        assert_eq!(gogc.value(), Some(&Gogc::Off));
    }

    #[test]
    fn units_and_drop_ins() {
        let unit = found("/etc/app@.service", "[Service]\nEnvironmentFile=-/x\n").unwrap();
        assert_eq!(unit.containers[0].name, "app@");
        assert_eq!(
            unit.remarks,
            [
                "/etc/app@.service:2: `/x` is not read: GOGC and AUTOMEMLIMIT are taken not to be set there",
                "/etc/app@.service:1: drop-ins in app@.service.d may change this unit; \
                 they are read only if they are given too"
            ]
        );
        let drop_in = found("app.service.d/memory.conf", "\n[Service]\nMemoryMax=1G").unwrap();
        assert_eq!(drop_in.containers[0].workload, "app.service");
        assert_eq!(drop_in.containers[0].at, "app.service.d/memory.conf:2");
        assert!(drop_in.remarks.is_empty());
        let error = found("a.service", "[Unit]\nA=b\n").err().unwrap();
        assert!(error.starts_with("a.service: has no section [Service]"));
    }
}
