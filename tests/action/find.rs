//! Where the program comes from: a release, its checksum verified, else the action's own sources.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::root;
use crate::runner::{Runner, Step};

/// The sources of an action of a version.
fn action(folder: &Path, version: &str) {
    let manifest = format!("[package]\nname = \"allocgate\"\nversion = \"{version}\"\n");
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::create_dir_all(folder.join("action")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("Cargo.lock"), "").unwrap();
    fs::write(folder.join("src/main.rs"), "fn main() {}\n").unwrap();
    for script in ["find.sh", "build.sh"] {
        fs::copy(
            root().join("action").join(script),
            folder.join("action").join(script),
        )
        .unwrap();
    }
}

/// Serves the files of a folder, as a release does.
fn serve(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &folder);
        }
    });
    address
}

fn answer(mut stream: TcpStream, folder: &Path) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let request = lines.next().unwrap().unwrap();
    for line in lines.by_ref() {
        if line.unwrap().is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap().trim_start_matches('/');
    let (status, body) = match fs::read(folder.join(path)) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&body));
}

const NAME: &str = "allocgate-v1.2.3-x86_64-unknown-linux-musl";

/// A release of version 1.2.3 of `owner/allocgate`.
fn release(folder: &Path) {
    let files = folder.join("owner/allocgate/releases/download/v1.2.3");
    fs::create_dir_all(files.join(NAME)).unwrap();
    let program = files.join(NAME).join("allocgate");
    fs::write(&program, "#!/bin/sh\necho allocgate 1.2.3\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let shell =
        format!("tar -czf {NAME}.tar.gz {NAME} && rm -r {NAME} && sha256sum *.tar.gz >SHA256SUMS");
    let made = Command::new("sh")
        .args(["-c", &shell])
        .current_dir(&files)
        .status()
        .unwrap();
    assert!(made.success());
}

struct Case {
    runner: Runner,
    action: tempfile::TempDir,
    site: tempfile::TempDir,
}

impl Case {
    fn new(version: &str) -> Self {
        let (action_folder, site) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        action(action_folder.path(), version);
        release(site.path());
        let runner = Runner::new()
            .set("ACTION_REPOSITORY", "owner/allocgate")
            .set("GITHUB_SERVER_URL", serve(site.path()));
        Case {
            runner,
            action: action_folder,
            site,
        }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        let folder = self
            .site
            .path()
            .join("owner/allocgate/releases/download/v1.2.3");
        folder.join(name)
    }

    fn find(&self) -> Step {
        self.runner.run(self.action.path(), "find.sh")
    }
}

#[test]
fn a_release_is_taken_if_its_checksum_is_right() {
    let case = Case::new("1.2.3");
    let step = case.find();
    assert_eq!(
        (step.code, step.output("build")),
        (0, Some("false")),
        "{step:?}"
    );
    let version = Command::new(step.output("binary").unwrap())
        .arg("--version")
        .output()
        .unwrap();
    assert!(version.status.success());
    // As git checks it out on Windows.
    let case = Case::new("1.2.3");
    let manifest = case.action.path().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace('\n', "\r\n")).unwrap();
    assert_eq!(case.find().output("build"), Some("false"));
}

#[test]
fn the_repository_of_the_action_is_handed_in() {
    // The runner leaves its own variable empty in the steps of a composite action (actions/runner#2473).
    let action = fs::read_to_string(root().join("action.yml")).unwrap();
    assert!(action.contains("\n        ACTION_REPOSITORY: ${{ github.action_repository }}\n"));
    let case = Case::new("1.2.3");
    let runner = case.runner.set("GITHUB_ACTION_REPOSITORY", "");
    let step = runner.run(case.action.path(), "find.sh");
    assert_eq!(step.output("build"), Some("false"), "{step:?}");
}

#[test]
fn a_release_with_another_checksum_is_refused() {
    let case = Case::new("1.2.3");
    let archive = case.file(&format!("{NAME}.tar.gz"));
    let mut bytes = fs::read(&archive).unwrap();
    bytes.push(0);
    fs::write(&archive, bytes).unwrap();
    let step = case.find();
    assert_eq!((step.code, step.output("binary")), (2, None), "{step:?}");
    assert!(
        step.commands()[0].contains("its checksum differs"),
        "{step:?}"
    );
    // What is unpacked is what was listed, and a program.
    let mut empty = Command::new("tar");
    empty.arg("-czf").arg(&archive).args(["-T", "/dev/null"]);
    let listed = |case: &Case| {
        let made = Command::new("sh")
            .args(["-c", "sha256sum *.tar.gz >SHA256SUMS"])
            .current_dir(case.file(""))
            .status();
        assert!(made.unwrap().success());
        let step = case.find();
        assert_eq!((step.code, step.output("binary")), (2, None), "{step:?}");
        step
    };
    assert!(empty.status().unwrap().success());
    let step = listed(&case);
    assert!(
        step.commands()[0].contains("holds no allocgate"),
        "{step:?}"
    );
    fs::write(&archive, "no archive").unwrap();
    // What was unpacked before does not stand in for it.
    let old = case.runner.temp().join("allocgate-release").join(NAME);
    fs::create_dir_all(&old).unwrap();
    fs::copy("/bin/true", old.join("allocgate")).unwrap();
    let step = listed(&case);
    assert!(
        step.commands()[0].contains("cannot be unpacked"),
        "{step:?}"
    );
}

#[test]
fn what_is_not_released_is_built() {
    let builds = |case: &Case| {
        let step = case.find();
        assert_eq!(
            (step.code, step.output("build")),
            (0, Some("true")),
            "{step:?}"
        );
        step.output("key").unwrap().to_owned()
    };
    // A commit between two releases is none of them.
    let case = Case::new("1.2.3-dev");
    let key = builds(&case);
    assert_eq!(builds(&case), key);
    fs::write(case.action.path().join("src/main.rs"), "fn main() { }\n").unwrap();
    assert_ne!(builds(&case), key, "other sources, another build");
    // A version without a release, a platform without a binary, an action from a local folder.
    builds(&Case::new("1.2.4"));
    let mut case = Case::new("1.2.3");
    case.runner = case.runner.set("RUNNER_ARCH", "RISCV64");
    builds(&case);
    let mut case = Case::new("1.2.3");
    case.runner = case.runner.set("ACTION_REPOSITORY", "");
    builds(&case);
    // A page for a login, in place of what is there for who has logged in; a release without this platform.
    for sums in ["<html>Sign in</html>\n", ""] {
        let case = Case::new("1.2.3");
        fs::write(case.file("SHA256SUMS"), sums).unwrap();
        builds(&case);
    }
}

#[test]
fn a_given_program_is_used() {
    let program = env!("CARGO_BIN_EXE_allocgate");
    let step = Runner::new()
        .set("INPUT_BINARY", program)
        .run(root(), "find.sh");
    assert_eq!((step.code, step.output("binary")), (0, Some(program)));
    let step = Runner::new()
        .set("INPUT_BINARY", "/no/such")
        .run(root(), "find.sh");
    assert_eq!(step.code, 2);
    let step = Runner::new()
        .set("INPUT_BINARY", "/bin")
        .run(root(), "find.sh");
    assert_eq!(step.code, 2);
    // Later steps run in other folders.
    let runner = Runner::new().set("INPUT_BINARY", "tools/allocgate");
    fs::create_dir(runner.workspace().join("tools")).unwrap();
    let place = runner.workspace().join("tools/allocgate");
    fs::copy("/bin/true", &place).unwrap();
    let step = runner.run(root(), "find.sh");
    let found = fs::canonicalize(step.output("binary").unwrap());
    assert_eq!(found.unwrap(), fs::canonicalize(place).unwrap());
    assert!(Path::new(step.output("binary").unwrap()).is_absolute());
}

#[test]
fn the_sources_build_into_the_program_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    action(folder.path(), "1.2.3-dev");
    let lock = "version = 4\n\n[[package]]\nname = \"allocgate\"\nversion = \"1.2.3-dev\"\n";
    fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
    let runner = Runner::new();
    // What is judged has no say in the build.
    runner.write(
        ".cargo/config.toml",
        "[build]\nrustc-wrapper = \"/no/such/program\"\n",
    );
    runner.write(
        "rust-toolchain.toml",
        "[toolchain]\npath = \"/no/such/toolchain\"\n",
    );
    let step = runner.run(folder.path(), "find.sh");
    let binary = step.output("binary").unwrap().to_owned();
    let runner = runner.set("BINARY", binary.clone());
    let step = runner.run(folder.path(), "build.sh");
    assert_eq!(step.code, 0, "{step:?}");
    assert!(Command::new(binary).status().unwrap().success());
}
