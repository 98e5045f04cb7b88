//! Tests: what no one should write, and every manifest cut off in the middle. Nothing panics, and
//! nothing takes long.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io;
use std::path::Path;

use proptest::prelude::*;

use super::{Declaration, File, Manifest, ManifestError, ManifestKind, Options, read_all};

fn options(kind: Option<ManifestKind>) -> Options<'static> {
    Options {
        kind,
        stage: None,
        read_beside: &|_, name| match name {
            "broken.env" => Err(io::Error::other("no")),
            name if name.ends_with(".env") => Ok(Some(b"A='\nB=$A\nGOMEMLIMIT".to_vec())),
            _ => Ok(None),
        },
    }
}

fn read(path: &str, text: &[u8], options: &Options<'_>) -> Result<Manifest, ManifestError> {
    read_all(&[File { path, text }], options).map(|mut manifests| manifests.remove(0))
}

/// Reads a text as whatever it looks like, and as each kind.
fn read_as_all(text: &[u8]) -> Vec<Manifest> {
    let kinds = ManifestKind::ALL.map(Some).into_iter().chain([None]);
    kinds
        .filter_map(|kind| read("f", text, &options(kind)).ok())
        .collect()
}

#[test]
fn manifests_cut_anywhere() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/memory/manifests");
    let mut files = 0;
    for entry in walkdir::WalkDir::new(directory) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            files += 1;
            let text = std::fs::read(entry.path()).unwrap();
            let path = entry.path().to_str().unwrap();
            let whole = read(path, &text, &options(None)).unwrap();
            let windows = String::from_utf8(text.clone())
                .unwrap()
                .replace('\n', "\r\n");
            let windows = read(path, windows.as_bytes(), &options(None)).unwrap();
            assert_eq!(windows.containers, whole.containers, "{path}");
            for end in 0..text.len() {
                let _ = read(path, &text[..end], &options(None));
            }
        }
    }
    assert!(files > 8);
}

#[test]
fn hostile_files() {
    let object =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\e[2J\\nb\"}\nspec:\n  containers:\n";
    let mut variables = "  - name: a\n    env:\n    - {name: V0, value: xxxxxxxx}\n".to_owned();
    for number in 1..2_000 {
        let last = number - 1;
        variables += &format!("    - {{name: V{number}, value: $(V{last})$(V{last})}}\n");
    }
    let arguments: String = (1..20_000)
        .map(|number| format!("ENV V{number}=$V{}$V{}\n", number - 1, number - 1))
        .collect();
    let stages: String = (1..20_000)
        .map(|number| format!("FROM s{} AS s{number}\nENV A{number}=1\n", number - 1))
        .collect();
    let services: String = (1..5_000)
        .map(|number| format!("  s{number}: {{extends: s{}}}\n", number - 1))
        .collect();
    let documents = "RUN <<A\n".repeat(100_000);
    // One long text that much is made of, by aliases.
    let name = "x".repeat(1 << 19);
    let references = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: &n {name}}}\nspec:\n  containers:\n  - name: *n\n    env:\n{}",
        "    - {name: GOMEMLIMIT, valueFrom: {secretKeyRef: {name: *n, key: *n}}}\n".repeat(1_000)
    );
    let split = format!(
        "services: {{a: {{command: [env, {}x]}}}}",
        "-S, '-S x', ".repeat(50_000)
    );
    let shells = format!("FROM a\nCMD {}x GOGC=1", "env sh -c ".repeat(50_000));
    for text in [
        format!("{object}{variables}"),
        references,
        split,
        shells,
        format!("FROM s0\nENV V0=x\n{arguments}ENV GOMEMLIMIT=$V19999"),
        stages,
        format!("services:\n  s0: {{}}\n{services}"),
        format!("FROM a\n{documents}"),
        format!("FROM a\nENV GOMEMLIMIT={}", "${A:-".repeat(100_000)),
        format!("services: {{a: {{mem_limit: '{}'}}}}", "${A:-".repeat(90)),
        format!("[Service]\nEnvironment={}", "\\\n".repeat(100_000)),
        "services: {a: {env_file: [x.env, broken.env]}}".to_owned(),
        "{".repeat(1 << 20),
        "- ".repeat(1 << 20),
        "a: &a [*a]".to_owned(),
        "'".repeat(1 << 20),
        "\\".repeat(1 << 20),
        "FROM a\nENV A=\"\\".to_owned(),
        "? ".repeat(1 << 16),
        "%TAG ! !\n---\n!<x> a".to_owned(),
        "--- |\n\u{2028}\u{85}\n...\n".to_owned(),
    ] {
        for manifest in read_as_all(text.as_bytes()) {
            for container in manifest.containers.iter().map(Declaration::container) {
                let names = [container.name, container.workload].concat();
                assert!(!names.contains(char::is_control), "{names:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(?s)[-\\[\\]{}:,&*<?|>'\"$%#!=\\\\ \\t\\na-cA/0-9]{0,200}") {
        read_as_all(text.as_bytes());
        read_as_all(format!("services: {{a: {{environment: [\"A={text}\"]}}}}").as_bytes());
        read_as_all(format!("FROM a\nENV A={text}\nCMD {text}").as_bytes());
        read_as_all(format!("[Service]\nEnvironment={text}\nExecStart={text}").as_bytes());
    }
}
