//! Words of the policy that are one of a few.

/// A name that is not one of those expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {expected}, found `{found}`")]
pub struct UnknownName {
    pub(super) expected: &'static str,
    pub(super) found: String,
}

/// Reads and writes an enumeration by its names.
macro_rules! names {
    ($type:ty: $($name:literal => $value:expr),* $(,)?) => {
        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text {
                    $($name => Ok($value),)*
                    _ => Err(UnknownName {
                        expected: concat!($("`", $name, "` "),*).trim_ascii_end(),
                        found: text.to_owned(),
                    }),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(if *self == $value { return f.write_str($name); })*
                Ok(())
            }
        }
    };
}
