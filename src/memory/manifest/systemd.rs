//! Units of systemd: their limit, and the environment of what they start.

use std::collections::HashMap;
use std::io;

use super::detect::section;
use super::env_file::{self, Dialect, EnvFile};
use super::variable::{self, Variable, set, set_to, unknown};
use super::{Found, ManifestError, Place, command};
use crate::memory::amount::{self, Limit};
use crate::memory::declared::{Declared, Role};

/// Reads a unit or a drop-in.
pub(super) fn read(
    place: Place<'_>,
    text: &str,
    read_beside: &dyn Fn(&str) -> io::Result<Option<Vec<u8>>>,
) -> Result<Found, ManifestError> {
    let mut unit = Unit::new(place);
    let mut section_line = None;
    let mut inside = false;
    for (line, text) in logical_lines(text) {
        if text.starts_with('[') {
            inside = section(&text).is_some();
            section_line = section_line.or(inside.then_some(line));
        } else if let Some((key, value)) = text.split_once('=').filter(|_| inside) {
            unit.set(line, key.trim(), value.trim(), read_beside);
        }
    }
    let Some(line) = section_line else {
        return Err(
            place.error("has no section [Service] or [Slice]: nothing in it runs under a limit")
        );
    };
    // The name of a drop-in is nothing; its directory is NAME.service.d.
    let directory = place.0.rsplit(['/', '\\']).nth(1);
    let extended = directory.and_then(|directory| directory.strip_suffix(".d"));
    let name = extended.unwrap_or(place.name());
    if extended.is_none() && name != "-" {
        unit.remarks.push(format!(
            "{}: drop-ins in {name}.d may change this unit; they are read only if they are given too",
            place.at(line)
        ));
    }
    let container = variable::container(
        name.rsplit_once('.').map_or(name, |(stem, _)| stem),
        name,
        Role::Main,
        place.at(line),
        unit.limit(),
        |name| unit.variable(name),
    );
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
    /// EnvironmentFile=, which overrides Environment=.
    files: Vec<(EnvFile, usize)>,
    /// UnsetEnvironment=, which comes last.
    unset: Vec<String>,
    /// ExecStart=.
    command: Vec<String>,
    command_line: usize,
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
            command: Vec::new(),
            command_line: 1,
            remarks: Vec::new(),
        }
    }

    fn set(
        &mut self,
        line: usize,
        key: &str,
        value: &str,
        read_beside: &dyn Fn(&str) -> io::Result<Option<Vec<u8>>>,
    ) {
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
            "UnsetEnvironment" => self.unset.extend(words(value)),
            "EnvironmentFile" if value.is_empty() => self.files.clear(),
            "EnvironmentFile" => self.read_file(line, value, read_beside),
            "ExecStart" => {
                self.command = words(value.trim_start_matches(['@', '-', ':', '+', '!', '|']));
                self.command_line = line;
            }
            _ => {}
        }
    }

    fn read_file(
        &mut self,
        line: usize,
        value: &str,
        read_beside: &dyn Fn(&str) -> io::Result<Option<Vec<u8>>>,
    ) {
        let (name, required) = match value.strip_prefix('-') {
            Some(name) => (name, false),
            None => (value, true),
        };
        let missing = format!("`{name}` is not here");
        let file = match without_specifiers(name) {
            None => EnvFile::Unreadable(missing),
            Some(name) => match env_file::read(&name, Dialect::Systemd, read_beside) {
                EnvFile::Missing if required => EnvFile::Unreadable(missing),
                EnvFile::Missing => {
                    self.remarks.push(format!(
                        "{}: `{}` is not here; what it sets is not known",
                        self.place.at(line),
                        name.escape_debug()
                    ));
                    return;
                }
                file => file,
            },
        };
        self.files.push((file, line));
    }

    fn limit(&self) -> Declared<Limit> {
        let limit = self.limit.clone().or(self.old_limit.clone());
        variable::parsed(limit, amount::systemd)
    }

    fn variable(&self, name: &str) -> Variable {
        let at = self.place.at(self.command_line);
        let set = if self.unset.iter().any(|unset| unset == name) {
            Declared::Absent
        } else {
            let own = self.environment.get(name).cloned();
            env_file::variable(self.files.iter().rev(), name, self.place)
                .or(own.unwrap_or_default())
        };
        command::variable(&self.command, name, &at).or(set)
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

    const MI: u64 = 1 << 20;

    fn beside(name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok((name == "/etc/app.env").then(|| b"GOMEMLIMIT=1GiB\n".to_vec()))
    }

    fn found(path: &str, text: &str) -> Result<Found, String> {
        read(Place(path), text, &beside).map_err(|error| error.to_string())
    }

    fn service(body: &str) -> Container {
        let text = format!("[Unit]\nMemoryMax=1\n[Service]\n{body}\n[Install]\nMemoryMax=2\n");
        let found = found("app.service", &text);
        found.unwrap().containers.swap_remove(0)
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
            ("MemoryHigh=512M", None),
        ] {
            assert_eq!(service(body).limit.value(), limit.as_ref(), "{body}");
        }
        let limit = |body| service(body).limit;
        assert!(matches!(limit("MemoryMax=50%"), Declared::Unknown { .. }));
        assert!(matches!(limit("MemoryMax=512MB"), Declared::Invalid { .. }));
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
                "Environment=GOMEMLIMIT=512MiB\nEnvironmentFile=/etc/app.env",
                1024,
            ),
            (
                "EnvironmentFile=-/etc/none.env\nEnvironment=GOMEMLIMIT=512MiB",
                512,
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
                "/etc/app@.service:2: `/x` is not here; what it sets is not known",
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
