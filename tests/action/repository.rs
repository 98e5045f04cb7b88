//! A Go module in a git repository, with a change merged into its main branch as GitHub merges a
//! pull request to test it.

use std::fs;
use std::path::Path;
use std::process::Command;

const MODULE: &str = "module example.com/shop\n\ngo 1.24\n";
const TEST: &str = "package shop\n\nimport \"testing\"\n\nvar sink []byte\n\n\
    func BenchmarkPrice(b *testing.B) {\n\tbuffer := make([]byte, 0, 64)\n\tfor i := 0; i < b.N; i++ {\n\
    \t\tsink = Price(buffer[:0], 1999)\n\t}\n}\n";
const LEAN: &str = "package shop\n\nimport \"strconv\"\n\n// Price appends a price.\n\
    func Price(into []byte, cents int) []byte {\n\treturn strconv.AppendInt(into, int64(cents), 10)\n}\n";
const WASTEFUL: &str = "package shop\n\nimport \"strconv\"\n\n// Price appends a price.\n\
    func Price(into []byte, cents int) []byte {\n\treturn append(into, []byte(strconv.Itoa(cents))...)[:len(strconv.Itoa(cents)):len(strconv.Itoa(cents))]\n}\n";
/// Another way to the same figures.
const OTHER: &str = "package shop\n\nimport \"strconv\"\n\n// Price appends a price.\n\
    func Price(into []byte, cents int) []byte {\n\tinto = strconv.AppendInt(into, int64(cents), 10)\n\treturn into\n}\n";

/// What the change does.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    Regression,
    Nothing,
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.email=dev@example.com", "-c", "user.name=dev"])
        .args(["-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Makes it, the merge checked out. `more` adds files to the base.
pub(crate) fn pull_request(folder: &Path, change: Change, more: impl Fn(&Path)) {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    fs::create_dir_all(folder).unwrap();
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    write("go.mod", MODULE);
    write("shop.go", LEAN);
    write("shop_test.go", TEST);
    more(folder);
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message=base"]);
    git(folder, &["switch", "--quiet", "--create", "change"]);
    write(
        "shop.go",
        match change {
            Change::Regression => WASTEFUL,
            Change::Nothing => OTHER,
        },
    );
    git(folder, &["commit", "--quiet", "--all", "--message=change"]);
    git(folder, &["switch", "--quiet", "main"]);
    git(
        folder,
        &["merge", "--quiet", "--no-ff", "--message=merge", "change"],
    );
}

/// The payload of the event that the merge is tested for.
pub(crate) fn event(folder: &Path) -> String {
    serde_json::json!({
        "number": 7,
        "pull_request": {
            "number": 7,
            "base": { "ref": "main", "sha": git(folder, &["rev-parse", "HEAD^1"]) },
            "head": { "ref": "change", "sha": git(folder, &["rev-parse", "HEAD^2"]) },
        },
    })
    .to_string()
}
