//! Calls of the program in a folder with reports, in an environment of its own.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{GitHub, SHA, TOKEN};

/// A call of `allocgate comment`.
pub(crate) struct Call {
    folder: TempDir,
    arguments: Vec<OsString>,
    variables: Vec<(String, String)>,
}

/// What came of it.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

fn results(allocs: u32) -> String {
    format!(
        "pkg: example.com/store\nBenchmarkGet-8 \t1000\t 5 ns/op\t 64 B/op\t {allocs} allocs/op\n"
    )
    .repeat(5)
}

/// Judges two measurements and leaves the report in the folder.
fn report(folder: &Path, name: &str, candidate: u32) {
    fs::write(folder.join("a.txt"), results(1)).unwrap();
    fs::write(folder.join("b.txt"), results(candidate)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_allocgate"))
        .args([
            "check",
            "a.txt",
            "b.txt",
            "-q",
            &format!("--report=json={name}"),
        ])
        .current_dir(folder)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(i32::from(candidate > 1)));
}

/// Comments on a regression, for the pull request 7 of o/r.
pub(crate) fn comment(github: &GitHub) -> Call {
    let folder = tempfile::tempdir().unwrap();
    report(folder.path(), "regression.json", 2);
    report(folder.path(), "pass.json", 1);
    let call = Call {
        folder,
        arguments: vec!["comment".into(), "regression.json".into()],
        variables: Vec::new(),
    };
    call.var("GITHUB_TOKEN", TOKEN)
        .var("GITHUB_REPOSITORY", "o/r")
        .var("GITHUB_API_URL", &github.address)
        .var("GITHUB_SERVER_URL", "https://github.com")
        .var("GITHUB_RUN_ID", "55")
        .var("GITHUB_SHA", &"c".repeat(40))
        .event(
            "pull_request",
            &json!({"pull_request": super::server::pull(7, "o/r", SHA)}),
        )
}

impl Call {
    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Comments on a pass.
    pub(crate) fn pass(self) -> Self {
        self.report("pass.json")
    }

    pub(crate) fn report(mut self, name: &str) -> Self {
        self.arguments[1] = name.into();
        self
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.folder.path().join(name), content).unwrap();
        self
    }

    /// The event that the workflow runs for.
    pub(crate) fn event(self, name: &str, payload: &Value) -> Self {
        self.raw_event(name, payload.to_string())
    }

    pub(crate) fn raw_event(self, name: &str, payload: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join("event.json");
        fs::write(&path, payload).unwrap();
        self.var("GITHUB_EVENT_NAME", name)
            .var("GITHUB_EVENT_PATH", path.to_str().unwrap())
    }

    pub(crate) fn run(&self) -> Run {
        let variables = self.variables.iter().map(|(name, value)| (name, value));
        let output = Command::new(env!("CARGO_BIN_EXE_allocgate"))
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(variables)
            .output()
            .unwrap();
        let run = Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!run.to_string().contains(TOKEN), "{run}");
        run
    }

    /// Exit code 0, and what was done.
    pub(crate) fn done(&self) -> String {
        let run = self.run();
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
        run.stdout
    }

    /// Exit code 0, and one note.
    pub(crate) fn note(&self) -> String {
        let run = self.run();
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run}");
        assert_eq!(run.stderr.matches('\n').count(), 1, "{run}");
        let note = run.stderr.strip_prefix("note: no comment was made: ");
        note.unwrap_or_else(|| panic!("{run}"))
            .trim_end()
            .to_owned()
    }

    /// Exit code 2, and one sentence.
    pub(crate) fn error(&self) -> String {
        let run = self.run();
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run}");
        run.stderr
    }
}
