//! Where the two sides come from: branches, modules, submodules, what lies around them.

use std::fs;
use std::process::Command;

use crate::repository::{COUNTING_TEST, Repo, SUM, counting, sum_test};
use crate::{row, statuses};

#[test]
fn modules_lie_as_they_lie() {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("with space");
    let repo = Repo::at(&root.join("repo"));
    // A module beside the repository, one in a sibling folder of it, a workspace, and one vendored.
    fs::create_dir_all(root.join("beside")).unwrap();
    fs::write(
        root.join("beside/go.mod"),
        "module example.com/beside\n\ngo 1.21\n",
    )
    .unwrap();
    fs::write(
        root.join("beside/b.go"),
        "package beside\n\nfunc N() int { return 100 }\n",
    )
    .unwrap();
    repo.write("go.mod", "module example.com/m\n\ngo 1.21\n\nrequire example.com/beside v0.0.0\n\nreplace example.com/beside => ../beside\n");
    repo.write(
        "sum/sum.go",
        &SUM.replace(
            "package sum",
            "package sum\n\nimport \"example.com/beside\"\n\nvar N = beside.N()",
        ),
    );
    repo.write("sum/sum_test.go", &sum_test(""));
    repo.write("nested/go.mod", "module example.com/nested\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n");
    repo.write(
        "nested/n.go",
        &SUM.replace(
            "package sum",
            "package nested\n\nimport \"example.com/lib\"\n\nvar L = lib.L",
        ),
    );
    repo.write(
        "nested/n_test.go",
        &sum_test("").replace("package sum", "package nested"),
    );
    repo.write("lib/go.mod", "module example.com/lib\n\ngo 1.21\n");
    repo.write("lib/l.go", "package lib\n\nvar L = 1\n");
    repo.write(
        "vendored/go.mod",
        "module example.com/vendored\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n",
    );
    repo.write(
        "vendored/vendor/modules.txt",
        "# example.com/dep v1.0.0\n## explicit; go 1.21\nexample.com/dep\n",
    );
    repo.write(
        "vendored/vendor/example.com/dep/d.go",
        "package dep\n\nfunc Grow(n int) []int { return make([]int, 0, n) }\n",
    );
    repo.write("vendored/v.go", "package vendored\n\nimport \"example.com/dep\"\n\nfunc Sum(n int) []int { return append(dep.Grow(n), 1) }\n");
    repo.write(
        "vendored/v_test.go",
        &sum_test("").replace("package sum", "package vendored"),
    );
    repo.commit("base");
    repo.write(
        "sum/sum.go",
        &SUM.replace(
            "package sum",
            "package sum\n\nimport \"example.com/beside\"\n\nvar N = beside.N()",
        )
        .replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    repo.write(
        "lib/l.go",
        "package lib\n\nvar L = 1 + len(make([]int, 3))\n",
    );
    repo.write("vendored/vendor/example.com/dep/d.go", "package dep\n\nfunc Grow(n int) []int { return append(make([]int, 0), make([]int, 0, n+1)[:n]...)[:0] }\n");
    let before = repo.state();
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    let mut packages: Vec<_> = run.report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["package"].as_str().unwrap().to_owned())
        .collect();
    packages.sort();
    packages.dedup();
    assert_eq!(
        packages,
        [
            "example.com/m/sum",
            "example.com/nested",
            "example.com/vendored"
        ]
    );
    assert_eq!(repo.state(), before);

    // A workspace that git ignores, in the repository.
    repo.write(".gitignore", "go.work\n");
    repo.write(
        "nested/go.mod",
        "module example.com/nested\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n",
    );
    repo.write("go.work", "go 1.21\n\nuse (\n\t.\n\t./nested\n\t./lib\n)\n");
    let run = repo.run(&["-C", "nested"]);
    assert_eq!(run.code, 0, "{run}");
    run.left_nothing();
}

#[test]
fn submodules_come_along() {
    let library = Repo::new();
    library.write("go.mod", "module example.com/lib\n\ngo 1.21\n");
    library.write(
        "lib.go",
        "package lib\n\nfunc Make(n int) []int { return make([]int, 0, n) }\n",
    );
    library.commit("one");
    let repo = Repo::new();
    repo.write("go.mod", "module example.com/m\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n");
    repo.write("sum/sum.go", "package sum\n\nimport \"example.com/lib\"\n\nfunc Sum(n int) []int { return append(lib.Make(n), 1) }\n");
    repo.write("sum/sum_test.go", &sum_test(""));
    repo.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        &library.root().display().to_string(),
        "lib",
    ]);
    repo.commit("base");
    let module = repo.path("lib");
    let lib = "package lib\n\nfunc Make(n int) []int { return make([]int, 0, n*2) }\n";
    fs::write(module.join("lib.go"), lib).unwrap();
    let dirty = repo.run(&[]);
    assert_eq!(dirty.code, 2, "{dirty}");
    assert!(
        dirty
            .stderr
            .contains("the submodule lib has changes of its own"),
        "{dirty}"
    );
    repo.git(&["-C", "lib", "commit", "-qam", "two"]);
    let before = repo.state();
    let moved = repo.run(&[]);
    assert_eq!(moved.code, 1, "{moved}");
    assert_eq!(
        statuses(&moved.report, "B/op"),
        [row("BenchmarkSum", "regressed")],
        "{moved}"
    );
    assert_eq!(repo.state(), before);
}

#[test]
fn large_files_are_there_if_git_lfs_has_them_here() {
    let repo = Repo::with_sum();
    let pointer = |name: &str| {
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize 5\n")
    };
    let (here, elsewhere) = ("ab".repeat(32), "cd".repeat(32));
    repo.write(
        ".gitattributes",
        "*.big filter=lfs diff=lfs merge=lfs -text\n",
    );
    repo.write("sum/testdata/here.big", &pointer(&here));
    repo.write("sum/testdata/elsewhere.big", &pointer(&elsewhere));
    repo.write("sum/sum_test.go", &sum_test("").replace("import \"testing\"", "import (\n\t\"os\"\n\t\"testing\"\n)").replace("\tfor i", "\tif text, _ := os.ReadFile(\"testdata/here.big\"); string(text) != \"large\" {\n\t\tb.Fatal(string(text))\n\t}\n\tfor i"));
    repo.git(&["-c", "filter.lfs.required=false", "add", "-A"]);
    repo.git(&[
        "-c",
        "filter.lfs.required=false",
        "commit",
        "-q",
        "-m",
        "pointers",
    ]);
    repo.write(&format!(".git/lfs/objects/ab/ab/{here}"), "large");
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    repo.commit("worse");
    let run = repo.run(&["--base", "HEAD~1", "--head", "HEAD"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(
        run.has_finding("remark", "1 large files of git-lfs are not here"),
        "{run}"
    );
}

#[test]
fn a_pull_request_is_compared_with_its_base() {
    let repo = Repo::with_sum();
    repo.git(&["checkout", "-q", "-b", "feature"]);
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    repo.commit("worse");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("notes", "meanwhile");
    repo.commit("meanwhile");
    repo.git(&["checkout", "-q", "--detach"]);
    repo.git(&["merge", "-q", "--no-edit", "feature"]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    let ci = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SHA", head.trim()),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_REF", "refs/pull/7/merge"),
        ("GITHUB_BASE_REF", "main"),
    ];
    let run = repo.run_with(&ci, &[]);
    assert_eq!(run.code, 1, "{run}");
    // With the head of the pull request checked out, which is a merge, too, and no such base here.
    repo.git(&["checkout", "-q", "feature"]);
    repo.git(&["merge", "-q", "--no-edit", "main"]);
    let other = repo.run_with(&ci, &[]);
    assert_eq!(other.code, 2, "{other}");
    assert!(
        other.stderr.contains("`origin/main` names no commit"),
        "{other}"
    );
    repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    assert_eq!(repo.run_with(&ci, &[]).code, 1);
    repo.git(&["checkout", "-q", "--detach", head.trim()]);
    // What actions/checkout fetches unless it is told otherwise.
    let clone = tempfile::tempdir().unwrap();
    let to = clone.path().join("clone");
    let from = format!("file://{}", repo.root().display());
    let git = |arguments: &[&str]| {
        assert!(
            Command::new("git")
                .args(arguments)
                .status()
                .unwrap()
                .success()
        )
    };
    git(&[
        "clone",
        "-q",
        "--depth",
        "1",
        &from,
        &to.display().to_string(),
    ]);
    let shallow = repo.run_with(&ci, &["-C", &to.display().to_string()]);
    assert_eq!(shallow.code, 2, "{shallow}");
    assert!(shallow.stderr.contains("fetch-depth: 2"), "{shallow}");
    git(&[
        "-C",
        &to.display().to_string(),
        "fetch",
        "-q",
        "--depth",
        "2",
        "origin",
        "HEAD",
    ]);
    let deeper = repo.run_with(&ci, &["-C", &to.display().to_string()]);
    assert_eq!(deeper.code, 1, "{deeper}");
}

#[test]
fn a_baseline_that_go_cannot_list_is_no_absence() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    repo.write(
        "go.mod",
        "module example.com/m\n\ngo 1.21\n\nrequire nonsense\n",
    );
    repo.commit("base");
    repo.write("go.mod", "module example.com/m\n\ngo 1.21\n");
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 2, "{run}");
}

#[test]
fn a_baseline_that_does_not_build_is_no_pass_and_a_new_package_is() {
    let repo = Repo::new();
    repo.write(
        "sum/sum.go",
        "package sum\n\nfunc Sum(n int) []int { return undefined }\n",
    );
    repo.write("sum/sum_test.go", &sum_test(""));
    repo.commit("base");
    repo.write("sum/sum.go", SUM);
    let run = repo.run(&[]);
    assert_eq!(run.code, 3, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [row("BenchmarkSum", "failed")],
        "{run}"
    );

    let repo = Repo::new();
    repo.write("README", "nothing yet");
    repo.commit("base");
    repo.write("sum/sum.go", SUM);
    repo.write("sum/sum_test.go", &sum_test(""));
    let run = repo.run(&[]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [row("BenchmarkSum", "new")],
        "{run}"
    );
}

#[test]
fn modules_that_come_go_or_share_a_name_are_seen() {
    // One that becomes part of the one above.
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    repo.write("p/go.mod", "module example.com/m/p\n\ngo 1.21\n");
    repo.commit("base");
    fs::remove_file(repo.path("p/go.mod")).unwrap();
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    let run = repo.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    // One that goes.
    fs::remove_dir_all(repo.path("p")).unwrap();
    let run = repo.run(&[]);
    assert_eq!(run.code, 3, "{run}");
    assert!(
        run.has_finding("deleted", "BenchmarkF of example.com/m/p"),
        "{run}"
    );
    // Two of one name.
    let repo = Repo::new();
    for folder in ["a", "b"] {
        repo.write(
            &format!("{folder}/go.mod"),
            "module example.com/x\n\ngo 1.21\n",
        );
        repo.write(
            &format!("{folder}/x_test.go"),
            &COUNTING_TEST.replace("F()", "_ = i"),
        );
    }
    repo.commit("base");
    let run = repo.run(&[]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("is both in"), "{run}");
}

#[test]
fn a_path_that_became_something_else_is_what_it_was_in_the_baseline() {
    let repo = Repo::new();
    counting(&repo, "const N = 0");
    repo.write("shared/n.go", "package p\n\nconst N = 0\n");
    fs::remove_file(repo.path("p/n.go")).unwrap();
    std::os::unix::fs::symlink("../shared/n.go", repo.path("p/n.go")).unwrap();
    repo.write("data", "a file");
    repo.write("folder/file", "in a folder");
    repo.commit("base");
    for path in ["p/n.go", "data", "folder/file"] {
        fs::remove_file(repo.path(path)).unwrap();
    }
    fs::remove_dir(repo.path("folder")).unwrap();
    repo.write("p/n.go", "package p\n\nconst N = 1\n");
    repo.write("data/now", "a folder");
    repo.write("folder", "a file");
    repo.commit("worse");
    let run = repo.run(&["--base", "HEAD~1"]);
    assert_eq!(run.code, 1, "{run}");
    // And the other way round.
    let run = repo.run(&["--base", "HEAD", "--exact-base", "--head", "HEAD~1"]);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(
        statuses(&run.report, "allocs/op"),
        [row("BenchmarkF", "improved")],
        "{run}"
    );
}

#[test]
fn github_says_which_branch_is_the_default_one() {
    let repo = Repo::with_sum();
    let base = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["branch", "-m", "develop"]);
    repo.write(
        "sum/sum.go",
        &SUM.replace("make([]int, 0, n)", "make([]int, 0)"),
    );
    repo.commit("worse");
    let head = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["update-ref", "refs/remotes/origin/develop", base.trim()]);
    // A branch of a usual name, which nobody merges into.
    repo.git(&["update-ref", "refs/remotes/origin/main", head.trim()]);
    let payload = tempfile::NamedTempFile::new().unwrap();
    let path = payload.path().display().to_string();
    let run = |name: &str, reference: &str, before: &str| {
        let text =
            format!(r#"{{"before": "{before}", "repository": {{"default_branch": "develop"}}}}"#);
        fs::write(payload.path(), text).unwrap();
        let ci = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SHA", head.trim()),
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_REF", reference),
            ("GITHUB_EVENT_PATH", path.as_str()),
        ];
        repo.run_with(&ci, &[])
    };
    let (nothing, gone) = ("0".repeat(40), "1234567890".repeat(4));
    // By hand, of a new branch, and of one that was rebased.
    for (name, before) in [
        ("workflow_dispatch", ""),
        ("push", nothing.as_str()),
        ("push", &gone),
    ] {
        let run = run(name, "refs/heads/feature", before);
        assert_eq!(run.code, 1, "{run}");
        assert!(
            run.stdout.contains("merge base with origin/develop"),
            "{run}"
        );
    }
    // Of the default branch itself nothing is left to compare with.
    let run = run("push", "refs/heads/develop", &gone);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("names no commit"), "{run}");
}
