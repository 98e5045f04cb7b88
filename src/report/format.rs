//! What a report can be written as.

use std::fmt;
use std::str::FromStr;

macro_rules! formats {
    ($(#[doc = $about:literal] $variant:ident = $name:literal, places: $places:literal;)*) => {
        /// What a report can be written as.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Format {
            $(#[doc = $about] $variant,)*
        }

        impl Format {
            /// Every format.
            pub const ALL: &[Format] = &[$(Format::$variant,)*];

            /// Its name on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $(Format::$variant => $name,)* }
            }

            /// Who reads it, in a few words.
            pub fn about(self) -> &'static str {
                match self { $(Format::$variant => $about.trim_ascii(),)* }
            }

            /// Whether it points at lines of the sources.
            pub fn has_places(self) -> bool {
                match self { $(Format::$variant => $places,)* }
            }
        }
    };
}

formats! {
    /// people, at a terminal or in a log
    Terminal = "terminal", places: false;
    /// people, in a job summary: GitHub-flavoured
    Markdown = "markdown", places: false;
    /// people, in a comment on a pull request, which has less room than a summary
    Comment = "comment", places: false;
    /// people, in a browser: one page with a picture of every row's samples
    Html = "html", places: true;
    /// programs, with everything there is, as report.v1.schema.json describes it
    Json = "json", places: true;
    /// spreadsheets and data frames, a line a row
    Csv = "csv", places: false;
    /// GitHub Actions: workflow commands that annotate the lines of a pull request
    Github = "github", places: true;
    /// code scanning and editors: SARIF 2.1.0
    Sarif = "sarif", places: true;
    /// GitLab: the Code Quality widget of a merge request
    Codequality = "codequality", places: true;
    /// GitLab and Prometheus: every figure, in OpenMetrics text
    Metrics = "metrics", places: false;
    /// Jenkins, GitLab and whatever lists tests: JUnit XML
    Junit = "junit", places: true;
    /// scripts, later steps of a workflow: verdict and counts, name=value a line
    Outputs = "outputs", places: false;
}

impl Format {
    /// Whether it is one document that nothing else may stand around.
    pub fn is_whole(self) -> bool {
        !matches!(
            self,
            Format::Terminal | Format::Markdown | Format::Comment | Format::Github
        )
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A format that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no report format `{name}`; expected one of {known}", name = .0, known = names())]
pub struct UnknownFormat(String);

/// The names of all formats, in a sentence.
fn names() -> String {
    let names = Format::ALL.iter().map(|format| format.as_str());
    names.collect::<Vec<_>>().join(", ")
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        match name {
            "md" => Ok(Format::Markdown),
            _ => Format::ALL
                .iter()
                .find(|format| format.as_str() == name)
                .copied()
                .ok_or_else(|| UnknownFormat(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_names() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(*format));
        }
        assert_eq!("md".parse(), Ok(Format::Markdown));
        assert!(
            "xml"
                .parse::<Format>()
                .is_err_and(|error| error.to_string().contains("`xml`"))
        );
    }
}
