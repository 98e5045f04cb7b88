//! Pages that the program writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A page in a folder of its own, and the same report as JSON.
pub(super) struct Page {
    folder: TempDir,
}

impl Page {
    /// What the program writes with these arguments, run where its sources are.
    pub(super) fn of(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let report = |format: &str| {
            let file = folder.path().join(format!("report.{format}"));
            format!("--report={format}={}", file.display())
        };
        let [command, rest @ ..] = arguments else {
            panic!("no command");
        };
        // `memory` has commands of its own.
        let split = usize::from(*command == "memory");
        let output = Command::new(env!("CARGO_BIN_EXE_allocgate"))
            .arg(command)
            .args(&rest[..split])
            .args(["--quiet".to_owned(), report("html"), report("json")])
            .args(&rest[split..])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let page = Page { folder };
        assert!(page.path().exists(), "{output:?}");
        page
    }

    /// Of two sides of benchmark output.
    pub(super) fn of_sides(baseline: &str, candidate: &str) -> Self {
        let sides = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = sides.path().join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let files = [file("a.txt", baseline), file("b.txt", candidate)];
        Page::of(&["check", &files[0], &files[1]])
    }

    /// Of a real change of gorilla/mux.
    pub(super) fn of_mux() -> Self {
        Page::of(&[
            "check",
            "testdata/measured/gorilla__mux__10f71ea4.txt",
            "testdata/measured/gorilla__mux__1a848bfc.txt",
        ])
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("report.html")
    }

    pub(super) fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    /// The same report for programs.
    pub(super) fn json(&self) -> Value {
        let text = fs::read(self.folder.path().join("report.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// The page with something else in it.
    pub(super) fn write(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }

    pub(super) fn url(&self) -> String {
        format!("file://{}", Path::display(&self.path()))
    }
}
