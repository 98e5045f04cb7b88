//! Variables of a container, as they are found, and what the Go runtime makes of them.

use super::Place;
use super::node::{Node, Value};
use crate::memory::amount::{AmountError, Limit};
use crate::memory::declared::Declared;

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
    let why = sentence(why.into());
    Declared::Unknown { why, at }
}

/// A value that is wrong.
pub(super) fn invalid<T>(why: impl Into<String>, at: String) -> Declared<T> {
    let why = sentence(why.into());
    Declared::Invalid { why, at }
}

/// A sentence of which a file cannot make more than a few lines.
fn sentence(mut why: String) -> String {
    if let Some((end, _)) = why.char_indices().nth(MAX_LENGTH) {
        why.truncate(end);
        why.push('…');
        why.shrink_to_fit();
    }
    why
}

/// What is said of a source that was not read.
pub(super) const NOT_SET: &str = "GOGC and AUTOMEMLIMIT are taken not to be set there";

/// What a source may set that was not read: a Secret, a file of variables, the image below. GOMEMLIMIT
/// is commonly set there, and then not known. The other settings seldom are, and who has such a source
/// would be in doubt of them for nothing: a remark says so instead, with [`NOT_SET`].
pub(super) fn hidden(name: &str, why: impl Into<String>, at: String) -> Variable {
    match name {
        "GOGC" | "AUTOMEMLIMIT" => Declared::Absent,
        _ => unknown(why, at),
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
pub(super) fn filled_in(variable: Variable) -> Variable {
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

/// A name in which nothing steers a terminal, and which is no longer than a name may be.
pub(super) fn printable(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(253)
        .collect()
}
