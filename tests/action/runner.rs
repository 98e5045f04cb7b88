//! What a runner gives to a step of an action: environment, and files to write to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::root;

/// A job.
pub(crate) struct Runner {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// A step that has ended.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) code: i32,
    /// What it printed: the log, in which the runner reads commands.
    pub(crate) log: String,
    pub(crate) outputs: Vec<(String, String)>,
    pub(crate) summary: String,
    /// What it asks of later steps: variables, folders of programs, state.
    pub(crate) later: String,
}

impl Step {
    pub(crate) fn output(&self, name: &str) -> Option<&str> {
        let own = self.outputs.iter().rev().find(|(own, _)| own == name);
        own.map(|(_, value)| value.as_str())
    }

    /// The lines that the runner takes for commands: it trims them before.
    pub(crate) fn commands(&self) -> Vec<&str> {
        let mut stopped: Option<String> = None;
        let mut commands = Vec::new();
        for line in self.log.lines().map(str::trim_start) {
            match &stopped {
                Some(token) if line == token => stopped = None,
                Some(_) => {}
                None => match line.strip_prefix("::stop-commands::") {
                    Some(token) => stopped = Some(format!("::{token}::")),
                    None if line.starts_with("::") || line.contains("##[") => commands.push(line),
                    None => {}
                },
            }
        }
        commands
    }
}

impl Runner {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["temp", "work"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Runner {
            folder,
            variables: Vec::new(),
        }
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub(crate) fn temp(&self) -> PathBuf {
        self.folder.path().join("temp")
    }

    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// A file in the workspace.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.workspace().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs a script of the action. Inputs that are not set are as `action.yml` defaults them.
    pub(crate) fn run(&self, action: &Path, script: &str) -> Step {
        let file = |name: &str| {
            let path = self.folder.path().join(name);
            fs::write(&path, "").unwrap();
            path
        };
        let [output, summary, environment, path, state] =
            ["output", "summary", "environment", "path", "state"].map(file);
        let mut command = Command::new(action.join("action").join(script));
        for name in EMPTY_INPUTS {
            command.env(name, "");
        }
        command
            .current_dir(self.workspace())
            .env("INPUT_MODE", "run")
            .env("INPUT_WORKING_DIRECTORY", ".")
            .env("INPUT_SUMMARY", "true")
            .env("INPUT_ANNOTATIONS", "true")
            .env("ALLOCGATE", env!("CARGO_BIN_EXE_allocgate"))
            .env("ALLOCGATE_CACHE", self.folder.path().join("cache"))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTION_PATH", action)
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("GITHUB_ENV", &environment)
            .env("GITHUB_PATH", &path)
            .env("GITHUB_STATE", &state)
            .env("RUNNER_TEMP", self.temp())
            .env("RUNNER_OS", "Linux")
            .env("RUNNER_ARCH", "X64")
            .env("ACTION_REPOSITORY", "")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        let finished = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let outputs = fs::read_to_string(&output).unwrap();
        let outputs = outputs.lines().map(|line| {
            let (name, value) = line.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        });
        Step {
            code: finished.status.code().unwrap(),
            log: text(&finished.stdout) + &text(&finished.stderr),
            outputs: outputs.collect(),
            summary: fs::read_to_string(&summary).unwrap(),
            later: [environment, path, state]
                .map(|file| fs::read_to_string(file).unwrap())
                .concat(),
        }
    }

    /// The step that judges.
    pub(crate) fn judge(&self) -> Step {
        self.run(root(), "judge.sh")
    }
}

const EMPTY_INPUTS: [&str; 14] = [
    "INPUT_BASE",
    "INPUT_PACKAGES",
    "INPUT_BENCH",
    "INPUT_MAX_TIME",
    "INPUT_BASELINE",
    "INPUT_CANDIDATE",
    "INPUT_MANIFESTS",
    "INPUT_REPORT",
    "INPUT_POLICY",
    "INPUT_POLICY_FROM",
    "INPUT_ARGS",
    "INPUT_REPORTS",
    "INPUT_REPORT_DIRECTORY",
    "INPUT_BINARY",
];
