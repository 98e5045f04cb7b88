//! Readings of cgroups and processes: of those that were recorded on four kernels, of directories
//! with something odd in them, and of this very process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::float_cmp,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use allocgate::memory::reading::{Bound, Reading, Word, cgroup, process};

const MI: f64 = 1_048_576.0;

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/memory/cgroups")
        .join(name)
}

/// Every recording of a situation, one a kernel.
fn kernels(situation: &str) -> impl Iterator<Item = (PathBuf, Reading)> {
    ["v1", "v1-linux-6.1", "v2", "v2-linux-6.12"]
        .map(|kernel| recorded(kernel).join(situation))
        .into_iter()
        .map(|dir| (dir.clone(), cgroup::read(&dir).unwrap()))
}

fn value(reading: &Reading, word: Word) -> f64 {
    let figure = reading.get(word);
    figure
        .unwrap_or_else(|| panic!("no {word:?} in {reading:#?}"))
        .value
}

/// A directory of files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn a_healthy_process() {
    for (dir, reading) in kernels("healthy") {
        assert_eq!(value(&reading, Word::Limit), 64.0 * MI, "{}", dir.display());
        for word in [
            Word::Usage,
            Word::WorkingSet,
            Word::Anonymous,
            Word::PeakUsage,
        ] {
            let mebibytes = value(&reading, word) / MI;
            assert!(
                (20.0..21.0).contains(&mebibytes),
                "{word:?} {mebibytes} {}",
                dir.display()
            );
            assert_eq!(reading.get(word).unwrap().bound, Bound::Exact);
        }
        assert_eq!(value(&reading, Word::OomKills), 0.0);
        assert_eq!(value(&reading, Word::LimitHits), 0.0);
        assert!(reading.get(Word::LazyFree).is_none(), "{}", dir.display());
        assert!(reading.taken.is_none());

        let process = process::read(&dir.join("proc")).unwrap();
        assert!(
            process.source.ends_with("proc (hold)"),
            "{}",
            process.source
        );
        assert_eq!(value(&process, Word::Gomemlimit), 50.0 * MI);
        assert_eq!(value(&process, Word::Gogc), 50.0);
        assert!(process.get(Word::Gogc).unwrap().remark.is_some());
        assert_eq!(value(&process, Word::Resident), value(&process, Word::Rss));
        assert!((20.0..21.0).contains(&(value(&process, Word::Resident) / MI)));
        assert!(process.get(Word::UsedCpu).is_some() && process.get(Word::Started).is_none());
    }
}

#[test]
fn page_cache_fills_the_limit_and_not_the_working_set() {
    for (dir, reading) in kernels("page-cache") {
        assert!(
            value(&reading, Word::Usage) > 60.0 * MI,
            "{}",
            dir.display()
        );
        assert_eq!(value(&reading, Word::PeakUsage), 64.0 * MI);
        assert!(
            value(&reading, Word::WorkingSet) < 4.0 * MI,
            "{}",
            dir.display()
        );
        assert!(value(&reading, Word::LimitHits) > 0.0);
        assert_eq!(reading.get(Word::Anonymous).unwrap().bound, Bound::Exact);
    }
}

#[test]
fn an_oom_kill_is_counted_wherever_the_limit_was() {
    for (dir, reading) in kernels("oom-killed") {
        assert_eq!(value(&reading, Word::OomKills), 1.0, "{}", dir.display());
        assert_eq!(
            value(&reading, Word::PeakUsage),
            value(&reading, Word::Limit)
        );
    }
    for kernel in ["v2", "v2-linux-6.12"] {
        let parent = recorded(kernel).join("oom-by-ancestor/parent");
        for dir in [parent.clone(), parent.join("child")] {
            let reading = cgroup::read(&dir).unwrap();
            assert_eq!(value(&reading, Word::OomKills), 1.0, "{}", dir.display());
            assert_eq!(value(&reading, Word::Limit), 32.0 * MI);
        }
    }
}

#[test]
fn the_least_limit_above_binds_and_is_named() {
    for (dir, reading) in kernels("no-limit/parent/child") {
        let limit = reading.get(Word::Limit).unwrap();
        let of_parent = dir.parent().unwrap().display().to_string();
        assert_eq!(limit.value, 128.0 * MI, "{}", dir.display());
        assert!(limit.from.starts_with(&of_parent), "{}", limit.from);
    }
    // What is above a container's own directory is not mounted in it.
    let dir = directory(&[
        ("memory.limit_in_bytes", "9223372036854771712\n"),
        ("memory.stat", "hierarchical_memory_limit 1048576\n"),
    ]);
    let limit = cgroup::read(dir.path())
        .unwrap()
        .get(Word::Limit)
        .unwrap()
        .clone();
    assert_eq!(
        (limit.value, limit.from.as_str()),
        (MI, "memory.stat: hierarchical_memory_limit")
    );
    let dir = directory(&[("memory.limit_in_bytes", "9223372036854771712\n")]);
    assert_eq!(
        value(&cgroup::read(dir.path()).unwrap(), Word::Limit),
        f64::INFINITY
    );
}

#[test]
fn lazily_freed_pages_are_left_out_of_the_working_set_once() {
    for (dir, reading) in kernels("lazy-free") {
        assert!(
            value(&reading, Word::Usage) > 40.0 * MI,
            "{}",
            dir.display()
        );
        assert!(value(&reading, Word::WorkingSet) < MI, "{}", dir.display());
        let anonymous = reading.get(Word::Anonymous).unwrap();
        assert!(anonymous.value > 40.0 * MI && anonymous.bound == Bound::AtMost);
        let lazy = reading.get(Word::LazyFree).unwrap();
        assert!((39.0..41.0).contains(&(lazy.value / MI)) && lazy.bound == Bound::Doubtful);
        let process = process::read(&dir.join("proc")).unwrap();
        assert_eq!(value(&process, Word::LazyFree), 40.0 * MI);
        assert!(value(&process, Word::Resident) < MI);
    }
}

#[test]
fn what_a_kernel_does_not_have_is_absent() {
    for kernel in ["v2", "v2-linux-6.12"] {
        let root = cgroup::read(&recorded(kernel).join("root")).unwrap();
        for word in [
            Word::Limit,
            Word::Usage,
            Word::WorkingSet,
            Word::PeakUsage,
            Word::OomKills,
        ] {
            assert!(root.get(word).is_none(), "{word:?}");
        }
        assert!(root.get(Word::Anonymous).is_some());
    }
    let old = directory(&[
        ("memory.current", "5000\n"),
        (
            "memory.stat",
            "anon 1\nfile 2\nkernel_stack 4\nslab 8\ninactive_file 9000\n",
        ),
    ]);
    let old = cgroup::read(old.path()).unwrap();
    assert_eq!(value(&old, Word::WorkingSet), 0.0);
    let kernel = old.get(Word::KernelMemory).unwrap();
    assert_eq!((kernel.value, kernel.bound), (12.0, Bound::AtLeast));
    let first = directory(&[
        ("memory.usage_in_bytes", "5000\n"),
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n"),
    ]);
    let first = cgroup::read(first.path()).unwrap();
    assert_eq!(first.figures.len(), 1, "{first:?}");
    assert!(first.figures[0].remark.is_some());
}

#[test]
fn what_is_no_cgroup_gets_a_sentence() {
    let error = |files: &[(&str, &str)]| {
        let dir = directory(files);
        cgroup::read(dir.path()).unwrap_err().to_string()
    };
    assert!(error(&[]).contains("no directory of a memory cgroup"));
    assert!(error(&[("cgroup.controllers", "")]).contains("without the memory controller"));
    let garbage = error(&[
        ("memory.current", "1\n"),
        ("memory.stat", "anon 1\nfile ?\n"),
    ]);
    assert!(
        garbage.contains("memory.stat:2: `?` is not a number"),
        "{garbage}"
    );
    let garbage = error(&[("memory.max", "lots\n"), ("memory.stat", "")]);
    assert!(garbage.contains("memory.max:1: `lots` is not"), "{garbage}");
}

#[test]
fn processes_without_memory_get_a_sentence() {
    let error = |files: &[(&str, &str)]| {
        let dir = directory(files);
        process::read(dir.path()).unwrap_err().to_string()
    };
    assert!(error(&[]).contains("there is no process"));
    assert!(error(&[("status", "Name:\tx\nState:\tZ (zombie)\n")]).contains("zombie"));
    assert!(
        error(&[("status", "Name:\tkthreadd\nState:\tS (sleeping)\n")])
            .contains("thread of the kernel")
    );
    let garbage = error(&[("status", "Name:\tx\nVmRSS:\tx kB\n")]);
    assert!(
        garbage.contains("status:2: `x kB` is not a number"),
        "{garbage}"
    );
}

#[test]
fn without_smaps_rollup_what_is_resident_is_known_from_above() {
    let dir = directory(&[
        ("1/status", "Name:\tx\nVmRSS:\t12 kB\nRssAnon:\t8 kB\n"),
        (
            "1/stat",
            "1 (a) b) S 0 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 250 0 0\n",
        ),
        ("1/environ", "GOGC=off\0GOMEMLIMIT=nonsense\0"),
        ("stat", "cpu 1 2\nbtime 1000\n"),
    ]);
    let reading = process::read(&dir.path().join("1")).unwrap();
    let resident = reading.get(Word::Resident).unwrap();
    assert_eq!(
        (resident.value, resident.bound),
        (12.0 * 1024.0, Bound::AtMost)
    );
    assert_eq!(value(&reading, Word::UsedCpu), 2.0);
    assert_eq!(value(&reading, Word::Started), 1002.5);
    assert_eq!(value(&reading, Word::Gogc), f64::INFINITY);
    assert!(reading.get(Word::Gomemlimit).is_none());
}

#[cfg(target_os = "linux")]
#[test]
fn this_process_and_its_cgroup() {
    let reading = process::read(Path::new("/proc/self")).unwrap();
    for word in [
        Word::Rss,
        Word::Resident,
        Word::PeakRss,
        Word::Vsz,
        Word::Started,
    ] {
        assert!(value(&reading, word) > 0.0, "{word:?}");
    }
    let gone = process::read(Path::new("/proc/4194305")).unwrap_err();
    assert!(gone.to_string().contains("there is no process"));
    match cgroup::of_process(None, Path::new("/proc")) {
        Ok(dir) => {
            let reading = cgroup::read(&dir).unwrap();
            assert!(value(&reading, Word::Anonymous) > 0.0);
        }
        Err(error) => eprintln!("not run: {error}"),
    }
}
