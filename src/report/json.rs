//! The report for programs: everything there is, as `report.v1.schema.json` beside this file
//! describes it. One row a line, so that the file can be read with `grep` and compared with `diff`.
//!
//! What a terminal or a CI system would act on stands as a `\u` escape, which changes nothing for a
//! reader of JSON.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::ser::{CompactFormatter, Formatter};
use serde_json::{Serializer, Value};

use crate::gate::{Inconsistent, JudgedRow, Report};
use crate::text::{fit, is_active, plain};

/// The version of the schema that is written, and that [`read`] reads. It changes when a field is
/// removed or changes its meaning; new fields may come at any time.
pub const SCHEMA_VERSION: u64 = 1;

/// The schema of that version.
const SCHEMA: &str = include_str!("schema/report.v1.schema.json");

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// A row with the sentence that people read.
#[derive(Serialize)]
struct ExplainedRow<'a> {
    #[serde(flatten)]
    row: &'a JudgedRow,
    why: String,
}

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Report {
        verdict,
        causes,
        counts,
        advisory,
        rows,
        findings,
        geomeans,
        settings,
        inputs,
        directory,
        circumstances,
        memory,
    } = report;
    let tool = Tool {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
    };
    let mut json = Lines { out, first: true };
    json.field("schema_version", &SCHEMA_VERSION)?;
    json.field("tool", &tool)?;
    json.field("verdict", verdict)?;
    json.field("exit_code", &verdict.exit_code())?;
    json.field("causes", causes)?;
    json.field("counts", counts)?;
    json.field("advisory", advisory)?;
    json.field("settings", settings)?;
    json.field("inputs", inputs)?;
    if let Some(directory) = directory {
        json.field("directory", directory)?;
    }
    if let Some(circumstances) = circumstances {
        json.field("circumstances", circumstances)?;
    }
    if let Some(memory) = memory {
        json.field("memory", memory)?;
    }
    json.list("geomeans", geomeans)?;
    json.list("findings", findings)?;
    json.list(
        "rows",
        rows.iter().map(|row| ExplainedRow {
            row,
            why: row.why(),
        }),
    )?;
    json.out.write_all(b"\n}\n")
}

/// An object with a field a line, and an element a line in its lists.
struct Lines<'a> {
    out: &'a mut dyn Write,
    first: bool,
}

impl Lines<'_> {
    fn name(&mut self, name: &str) -> io::Result<()> {
        let before = if self.first { "{" } else { "," };
        self.first = false;
        write!(self.out, "{before}\n\"{name}\": ")
    }

    fn field(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        self.name(name)?;
        self.value(value)
    }

    fn list(&mut self, name: &str, values: impl IntoIterator<Item: Serialize>) -> io::Result<()> {
        self.name(name)?;
        let mut before = "[\n";
        for value in values {
            self.out.write_all(before.as_bytes())?;
            self.value(&value)?;
            before = ",\n";
        }
        self.out
            .write_all(if before == "[\n" { b"[]" } else { b"\n]" })
    }

    fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        value.serialize(&mut Serializer::with_formatter(&mut *self.out, Inert))?;
        Ok(())
    }
}

/// Writes strings without anything that acts.
struct Inert;

impl Formatter for Inert {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment
            .bytes()
            .all(|b| matches!(b, b' '..=b'~') && b != b'#')
        {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        let mut before = ' ';
        let mut copied = 0;
        for (at, c) in fragment.char_indices() {
            // Within a line only the brackets after `##` matter, and where they stand does not.
            let next = if c == '#' { '[' } else { ' ' };
            if is_active(before, c, next) {
                writer.write_all(&fragment.as_bytes()[copied..at])?;
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                copied = at + c.len_utf8();
            }
            before = c;
        }
        writer.write_all(&fragment.as_bytes()[copied..])
    }
}

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON, or a field is missing or of the wrong type.
    #[error("this is no JSON report of allocgate")]
    Syntax(#[from] serde_json::Error),
    /// It breaks the schema.
    #[error("this is no JSON report of allocgate: {at}: {what}")]
    Schema {
        /// Where in it, as a JSON pointer.
        at: String,
        /// What is wrong there.
        what: String,
    },
    /// It contradicts itself.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
    /// It contradicts itself by the rules of this version, and was written by another.
    #[error("{contradiction}, or follows the rules of the allocgate {written_by} that wrote it: this is {own}", own = env!("CARGO_PKG_VERSION"))]
    OtherRules {
        /// What contradicts what.
        contradiction: Inconsistent,
        /// The version that wrote it.
        written_by: String,
    },
    /// It is of another version.
    #[error(
        "this report has schema version {found}, and this allocgate reads version {SCHEMA_VERSION}; \
         use the version of allocgate that wrote it, or a later one"
    )]
    Version {
        /// The version it has.
        found: u64,
    },
}

/// Reads a report that was written as JSON, by whomever: it must keep the schema and agree with itself.
/// Unknown fields are ignored.
///
/// # Errors
///
/// If it is no report, one of another version, or one that no gate has written.
pub fn read(json: &[u8]) -> Result<Report, ReadError> {
    #[derive(Deserialize)]
    struct WrittenBy {
        version: String,
    }
    #[derive(Deserialize)]
    struct Head {
        schema_version: u64,
        tool: Option<WrittenBy>,
        exit_code: Option<u8>,
    }
    // The version first: what else is in a report of another version is unknown.
    let Head {
        schema_version: found,
        tool,
        exit_code,
    } = serde_json::from_slice(json)?;
    if found != SCHEMA_VERSION {
        return Err(ReadError::Version { found });
    }
    let report = parse(json)?;
    report.check().map_err(|contradiction| match tool {
        Some(tool) if tool.version != env!("CARGO_PKG_VERSION") => ReadError::OtherRules {
            contradiction,
            written_by: fit(&plain(&tool.version), 40).into_owned(),
        },
        _ => ReadError::Inconsistent(contradiction),
    })?;
    // Nothing here is read from it, and others may.
    let expected = report.verdict.exit_code();
    if exit_code != Some(expected) {
        return Err(ReadError::Schema {
            at: "/exit_code".to_owned(),
            what: format!("the exit code of its verdict is {expected}"),
        });
    }
    Ok(report)
}

/// Reads a report that keeps the schema.
fn parse(json: &[u8]) -> Result<Report, ReadError> {
    keep_schema(&serde_json::from_slice(json)?)?;
    Ok(serde_json::from_slice(json)?)
}

fn keep_schema(json: &Value) -> Result<(), ReadError> {
    // Columns of what the validator says: it quotes what it found.
    const MOST: usize = 300;
    let broken = |at: String, what: String| ReadError::Schema {
        at: if at.is_empty() { "/".to_owned() } else { at },
        what: fit(&plain(&what), MOST).into_owned(),
    };
    let schema = serde_json::from_str(SCHEMA)?;
    let validator = jsonschema::validator_for(&schema)
        .map_err(|error| broken(String::new(), error.to_string()))?;
    validator.validate(json).map_err(|error| {
        let at = error.instance_path().to_string();
        broken(
            fit(&plain(&at), MOST).into_owned(),
            error.masked().to_string(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn rendered(report: &Report) -> String {
        fixture::rendered(render, report)
    }

    fn schema() -> Value {
        serde_json::from_str(SCHEMA).unwrap()
    }

    #[test]
    fn snapshot() {
        let json = rendered(&fixture::everything());
        insta::assert_snapshot!(json.replace(env!("CARGO_PKG_VERSION"), "[version]"));
        let json = rendered(&fixture::memory());
        insta::assert_snapshot!(
            "json_memory",
            json.replace(env!("CARGO_PKG_VERSION"), "[version]")
        );
    }

    #[test]
    fn reads_back_what_it_writes() {
        for report in fixture::all() {
            assert_eq!(parse(rendered(&report).as_bytes()).unwrap(), report);
        }
    }

    #[test]
    fn other_versions_are_refused() {
        let report = rendered(&fixture::pass());
        let later = report.replace("\"schema_version\": 1", "\"schema_version\": 2");
        assert!(matches!(
            read(later.as_bytes()),
            Err(ReadError::Version { found: 2 })
        ));
        assert!(matches!(read(b"{}"), Err(ReadError::Syntax(_))));
        assert!(matches!(
            read(&report.as_bytes()[..report.len() / 2]),
            Err(ReadError::Syntax(_))
        ));
    }

    #[test]
    fn nothing_acts() {
        let json = rendered(&fixture::everything());
        assert!(!json.contains("##") && !json.contains('\x1b') && !json.contains('\u{202e}'));
    }

    #[test]
    fn keeps_the_schema() {
        let schema = schema();
        jsonschema::meta::validate(&schema).unwrap();
        let mut closed = schema.clone();
        close(&mut closed);
        for schema in [schema, closed] {
            let validator = jsonschema::validator_for(&schema).unwrap();
            for report in fixture::all() {
                let json: Value = serde_json::from_str(&rendered(&report)).unwrap();
                let errors: Vec<String> = validator
                    .iter_errors(&json)
                    .map(|error| format!("{}: {error}", error.instance_path()))
                    .collect();
                assert!(errors.is_empty(), "{errors:#?}");
            }
        }
    }

    /// With this, a field that the schema does not name is an error.
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(object) => {
                if object.contains_key("properties") {
                    object.insert("additionalProperties".to_owned(), Value::Bool(false));
                }
                object.values_mut().for_each(close);
            }
            Value::Array(values) => values.iter_mut().for_each(close),
            _ => {}
        }
    }

    #[test]
    fn the_schema_describes_every_field() {
        fn walk(schema: &Value, at: &str) {
            let Some(object) = schema.as_object() else {
                return;
            };
            for (name, field) in object
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                let described = ["description", "$ref", "const"]
                    .iter()
                    .any(|word| field.get(word).is_some());
                assert!(described, "{at}.{name} has no description");
            }
            for (name, part) in object {
                walk(part, &format!("{at}.{name}"));
            }
        }
        walk(&schema(), "");
    }
}
