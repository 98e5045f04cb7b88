//! A real git repository with a real Go module, and `allocgate` run in it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A function that allocates once.
pub(crate) const SUM: &str = "package sum\n\n// Sum counts.\nfunc Sum(n int) []int {\n\ts := make([]int, 0, n)\n\
    \tfor i := 0; i < n; i++ {\n\t\ts = append(s, i)\n\t}\n\treturn s\n}\n";

/// Its benchmark, with more before it.
pub(crate) fn sum_test(more: &str) -> String {
    format!(
        "package sum\n\nimport \"testing\"\n{more}\nvar sink []int\n\nfunc BenchmarkSum(b *testing.B) {{\n\
         \tfor i := 0; i < b.N; i++ {{\n\t\tsink = Sum(100)\n\t}}\n}}\n"
    )
}

/// A package whose benchmark calls a function that allocates as often as a constant says.
pub(crate) fn counting(repo: &Repo, constant: &str) {
    repo.write(
        "p/p.go",
        "package p\n\nvar sink []byte\n\nfunc F() {\n\tfor i := 0; i < N; i++ {\n\t\tsink = make([]byte, 64)\n\t}\n}\n",
    );
    repo.write("p/n.go", &format!("package p\n\n{constant}\n"));
    repo.write("p/p_test.go", COUNTING_TEST);
}

/// Its benchmark.
pub(crate) const COUNTING_TEST: &str = "package p\n\nimport \"testing\"\n\nfunc BenchmarkF(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t\tF()\n\t}\n}\n";

/// Commits a repository made by [`counting`], with a constant of 0, as the base, makes it 1, and expects
/// that to fail.
pub(crate) fn sees_the_rise(repo: &Repo) -> Run {
    repo.commit("base");
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    run
}

pub(crate) struct Repo {
    root: PathBuf,
    /// What runs leave behind, and what they keep.
    temporary: TempDir,
    _folder: Option<TempDir>,
}

/// A finished call of `allocgate`.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) report: serde_json::Value,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    left: Vec<PathBuf>,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

impl Run {
    pub(crate) fn has_finding(&self, code: &str, text: &str) -> bool {
        let findings = self.report["findings"].as_array().into_iter().flatten();
        let message = |finding: &serde_json::Value| finding["message"].as_str().unwrap().to_owned();
        findings
            .into_iter()
            .any(|one| one["code"] == code && message(one).contains(text))
    }

    pub(crate) fn left_nothing(&self) {
        assert!(self.left.is_empty(), "{:?}", self.left);
    }
}

impl Repo {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut repo = Repo::at(&folder.path().join("repo"));
        repo._folder = Some(folder);
        repo
    }

    pub(crate) fn at(root: &Path) -> Self {
        fs::create_dir_all(root).unwrap();
        let root = root.canonicalize().unwrap();
        let repo = Repo {
            root,
            temporary: tempfile::tempdir().unwrap(),
            _folder: None,
        };
        fs::create_dir_all(repo.temporary.path().join("tmp")).unwrap();
        repo.git(&["init", "-q", "-b", "main"]);
        repo.write("go.mod", "module example.com/m\n\ngo 1.21\n");
        repo
    }

    /// With one package, committed.
    pub(crate) fn with_sum() -> Self {
        let repo = Repo::new();
        repo.write("sum/sum.go", SUM);
        repo.write("sum/sum_test.go", &sum_test(""));
        repo.commit("base");
        repo
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.temporary.path().join("cache")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=Tester",
                "-c",
                "user.email=tester@example.com",
            ])
            .args([
                "-c",
                "commit.gpgsign=false",
                "-c",
                "protocol.file.allow=always",
            ])
            .args(arguments)
            .current_dir(&self.root)
            .output()
            .expect("these tests need git on PATH");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// All that a run must not change: status, branches, worktrees, and every byte of the repository
    /// and of the working tree.
    pub(crate) fn state(&self) -> (Vec<String>, BTreeMap<PathBuf, Vec<u8>>) {
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(&self.root) {
            let entry = entry.unwrap();
            if entry.file_type().is_file() {
                files.insert(entry.path().to_owned(), fs::read(entry.path()).unwrap());
            }
        }
        // These may refresh the index: they come after.
        let told = [
            self.git(&["--no-optional-locks", "status", "--porcelain"]),
            self.git(&["show-ref"]),
            self.git(&["worktree", "list", "--porcelain"]),
        ];
        (told.to_vec(), files)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_allocgate"));
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("TMPDIR", self.temporary.path().join("tmp"))
            .env("ALLOCGATE_CACHE", self.cache())
            .env("GOPROXY", "off")
            .env("GOFLAGS", "")
            .env("GOTOOLCHAIN", "local")
            .env_remove("GITHUB_ACTIONS")
            .env_remove("GOWORK")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Any command of `allocgate`, with its JSON report.
    pub(crate) fn allocgate(&self, arguments: &[&str]) -> Run {
        self.call(&[], arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(&[], arguments)
    }

    pub(crate) fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
        self.call(variables, &[&["run"], arguments].concat())
    }

    pub(crate) fn run_in(&self, folder: &Path, arguments: &[&str]) -> Run {
        let folder = folder.display().to_string();
        self.call(&[("RUN_IN", &folder)], &[&["run"], arguments].concat())
    }

    fn call(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
        let report = tempfile::NamedTempFile::new().unwrap();
        let flag = format!("--report=json={}", report.path().display());
        let mut all = vec![arguments[0], flag.as_str()];
        all.extend(&arguments[1..]);
        let mut command = self.command(&all);
        for (name, value) in variables {
            match *name {
                "RUN_IN" => command.current_dir(value),
                name => command.env(name, value),
            };
        }
        let output = command.output().unwrap();
        let text = fs::read(report.path()).unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            report: serde_json::from_slice(&text).unwrap_or_default(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            left: self.left(),
        }
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut all = vec!["run"];
        all.extend(arguments);
        let mut command = self.command(&all);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// What is in the folder for temporary files.
    pub(crate) fn left(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.temporary.path().join("tmp")).unwrap();
        entries.flatten().map(|entry| entry.path()).collect()
    }

    fn processes(&self) -> Vec<u32> {
        let folder = self.temporary.path().display().to_string();
        let entries = fs::read_dir("/proc").unwrap().flatten();
        entries
            .filter_map(|entry| {
                let id = entry.file_name().to_string_lossy().parse().ok()?;
                let line = fs::read(entry.path().join("cmdline")).ok()?;
                let line = String::from_utf8_lossy(&line).into_owned();
                (line.starts_with(&folder) && line.contains("-test.bench")).then_some(id)
            })
            .collect()
    }

    /// Whether a test binary of a run runs.
    pub(crate) fn is_measuring(&self) -> bool {
        !self.processes().is_empty()
    }

    /// Ends what a killed run has left running.
    pub(crate) fn kill_leftovers(&self) {
        for id in self.processes() {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        }
    }
}
