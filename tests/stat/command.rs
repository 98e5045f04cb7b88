//! Running a program within a limit of time: benchstat hangs or crashes on some inputs.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a program may take over one of these small inputs. The machine may be busy.
const LIMIT: Duration = Duration::from_secs(20);

/// More than any answer here has; what prints on and on is cut off by the closed pipe.
const LONGEST: u64 = 64 << 20;

/// A program and the arguments that come before all others.
#[derive(Clone)]
pub(crate) struct Program {
    path: PathBuf,
    before: Vec<OsString>,
}

/// What a program said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Program {
    pub(crate) fn benchstat(path: PathBuf) -> Program {
        Program {
            path,
            before: Vec::new(),
        }
    }

    /// `allocgate stat`, or that of another build, which `ALLOCGATE_STAT_PROGRAM` names.
    pub(crate) fn ours() -> Program {
        let path = std::env::var_os("ALLOCGATE_STAT_PROGRAM")
            .unwrap_or_else(|| env!("CARGO_BIN_EXE_allocgate").into());
        Program {
            path: path.into(),
            before: vec!["stat".into()],
        }
    }

    /// Runs it in a folder; `None` if it did not end in time.
    pub(crate) fn run(&self, folder: &Path, arguments: &[String]) -> Option<Answer> {
        let mut child = Command::new(&self.path)
            .args(&self.before)
            .args(arguments)
            .current_dir(folder)
            .env_remove("NO_COLOR")
            .stdin(stdin(folder, arguments))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        let out = child.stdout.take().unwrap().take(LONGEST);
        let err = child.stderr.take().unwrap().take(LONGEST);
        let child = Mutex::new(child);
        let (ended, end) = mpsc::channel::<()>();
        let end = Mutex::new(end);
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let in_time = thread::scope(|scope| {
            let watch = scope.spawn(|| match end.lock().unwrap().recv_timeout(LIMIT) {
                Err(RecvTimeoutError::Timeout) => {
                    child.lock().unwrap().kill().unwrap();
                    false
                }
                _ => true,
            });
            let errors = scope.spawn(|| read(err, &mut stderr));
            read(out, &mut stdout);
            errors.join().unwrap();
            drop(ended);
            watch.join().unwrap()
        });
        let status = child.into_inner().unwrap().wait().unwrap();
        in_time.then_some(Answer {
            code: status.code(),
            stdout,
            stderr,
        })
    }
}

/// Takes the pipe, so that it is closed afterwards.
fn read(mut pipe: impl Read, into: &mut Vec<u8>) {
    pipe.read_to_end(into).unwrap();
}

/// What `-` reads: the first file.
fn stdin(folder: &Path, arguments: &[String]) -> Stdio {
    let wanted = arguments
        .iter()
        .any(|argument| argument == "-" || argument.ends_with("=-"));
    match File::open(folder.join("a.txt")) {
        Ok(file) if wanted => file.into(),
        _ => Stdio::null(),
    }
}
