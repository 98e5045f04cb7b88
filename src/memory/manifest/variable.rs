//! Variables of a container, as they are found, and what the Go runtime makes of them.

use std::fmt;

use super::Place;
use super::node::{Node, Value};
use crate::memory::amount::{self, AmountError, Limit};
use crate::memory::declared::{Container, Declared, Role};

/// The value of a variable, as the program will see it; its text is as the manifest writes it.
pub(super) type Variable = Declared<String>;

/// The longest value that is kept. No setting that is looked for is longer, and what refers to other
/// variables cannot grow beyond it.
pub(super) const MAX_LENGTH: usize = 512;

/// A value that stands as it is written.
pub(super) fn set(text: &str, at: String) -> Variable {
    set_to(text.to_owned(), text, at)
}

/// A value that a text stands for.
pub(super) fn set_to(value: String, text: &str, at: String) -> Variable {
    if value.len() > MAX_LENGTH || text.len() > MAX_LENGTH {
        return unknown(format!("it is longer than {MAX_LENGTH} bytes"), at);
    }
    Declared::Set {
        value,
        text: text.to_owned(),
        at,
    }
}

/// A value that is not known.
pub(super) fn unknown<T>(why: impl Into<String>, at: String) -> Declared<T> {
    Declared::Unknown {
        why: why.into(),
        at,
    }
}

/// A value that is wrong.
pub(super) fn invalid<T>(why: impl Into<String>, at: String) -> Declared<T> {
    Declared::Invalid {
        why: why.into(),
        at,
    }
}

/// The scalar of a YAML or JSON document.
pub(super) fn scalar(node: &Node, place: Place<'_>) -> Variable {
    let at = place.at(node.line);
    match &node.value {
        _ if node.is_null() => Declared::Absent,
        Value::Scalar { text, .. } => set(text, at),
        Value::Tagged(tag) => unknown(format!("its value is made by `{tag}`"), at),
        // CloudFormation: {"Ref": "Memory"}, {"Fn::Sub": …}
        Value::Mapping(_) => match node.entries() {
            [only] if &*only.key == "Ref" || only.key.starts_with("Fn::") => {
                unknown(format!("its value is made by `{}`", only.key), at)
            }
            _ => invalid("a mapping stands where a single value belongs", at),
        },
        Value::Sequence(_) => invalid("a list stands where a single value belongs", at),
    }
}

/// What a system makes of a variable or another setting.
pub(super) fn parsed<T>(
    variable: Variable,
    parse: impl Fn(&str) -> Result<T, AmountError>,
) -> Declared<T> {
    match filled_in(variable) {
        Declared::Absent => Declared::Absent,
        Declared::Invalid { why, at } => Declared::Invalid { why, at },
        Declared::Unknown { why, at } => Declared::Unknown { why, at },
        Declared::Set { value, text, at } => match parse(&value) {
            Ok(value) => Declared::Set { value, text, at },
            Err(error) => invalid(error.to_string(), at),
        },
    }
}

/// A limit that Kubernetes or ECS knows in bytes. Zero is none.
pub(super) fn bytes(
    variable: Variable,
    parse: impl Fn(&str) -> Result<u64, AmountError>,
) -> Declared<Limit> {
    parsed(variable, |text| {
        Ok(match parse(text)? {
            0 => Limit::Unlimited,
            bytes => Limit::Bytes(bytes),
        })
    })
}

/// The variable, which is not known as long as it holds a placeholder of a template.
fn filled_in(variable: Variable) -> Variable {
    let Declared::Set { value, at, .. } = &variable else {
        return variable;
    };
    let placeholder = ["{{", "{%", "${", "<%"]
        .into_iter()
        .find(|open| value.contains(open));
    match placeholder {
        Some(open) => {
            let why = format!("its value is filled in elsewhere: it holds `{open}`");
            unknown(why, at.clone())
        }
        None => variable,
    }
}

/// A container of which the variables are looked up.
pub(super) fn container(
    name: &str,
    workload: impl fmt::Display,
    role: Role,
    at: String,
    limit: Declared<Limit>,
    variable: impl Fn(&str) -> Variable,
) -> Container {
    Container {
        name: printable(name),
        workload: printable(&workload.to_string()),
        role,
        at,
        limit,
        gomemlimit: parsed(variable("GOMEMLIMIT"), amount::gomemlimit),
        gogc: parsed(variable("GOGC"), amount::gogc),
        automemlimit: filled_in(variable("AUTOMEMLIMIT")),
    }
}

/// A name in which nothing steers a terminal, and which is no longer than a name may be.
fn printable(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(253)
        .collect()
}
