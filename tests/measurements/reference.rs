//! benchfmt itself: the program of `testdata/benchfmt`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use allocgate::stat::Input;

use crate::{testdata, tools};

/// Builds the program of `testdata/benchfmt`, or says that the test was not run.
pub(crate) fn program(test: &str, folder: &Path) -> Option<PathBuf> {
    let Some(go) = tools::tool("go") else {
        tools::not_run(test, "there is no go");
        return None;
    };
    let program = folder.join("benchfmt");
    let built = Command::new(go)
        .args(["build", "-o", program.to_str().unwrap(), "."])
        .current_dir(testdata().join("benchfmt"))
        .output()
        .unwrap();
    if built.status.success() {
        return Some(program);
    }
    let why = String::from_utf8_lossy(&built.stderr).into_owned();
    tools::not_run(test, &format!("benchfmt cannot be built: {why}"));
    None
}

pub(crate) fn answer(command: &mut Command, input: &[u8]) -> Vec<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// As the program quotes texts.
pub(crate) fn quote(text: &[u8]) -> String {
    text.iter()
        .map(|byte| match byte {
            b' '..=b'~' if *byte != b'\\' => char::from(*byte).to_string(),
            _ => format!("\\{byte:02x}"),
        })
        .collect()
}

/// The program's records. A NaN has one bit pattern here and another in Go.
pub(crate) fn records_by_go(program: &Path, inputs: &[Input]) -> Vec<String> {
    let named = inputs.iter().map(|i| format!("{}={}", i.label, i.path));
    let mut all = answer(Command::new(program).arg("records").args(named), b"");
    let ours = format!("{:016x}", f64::NAN.to_bits());
    for record in &mut all {
        *record = record.replace("7ff8000000000001", &ours);
    }
    all
}
