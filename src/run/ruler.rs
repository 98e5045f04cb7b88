//! The same ruler for both sides: where the test files of a package differ, the code of one side is
//! built with the other's. What of them does not compile (a test of a function that is new, most
//! often) is left out, declaration by declaration, as the compiler names it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::RunError;
use super::packages::{Subject, Tests};
use crate::golang::{Build, Go, SourceFile, TEST_SUFFIX};

/// How often the compiler is asked before the old benchmarks are taken after all.
const MOST_ATTEMPTS: usize = 8;

/// The test files of one side over the other's, ready to build.
#[derive(Clone, Debug)]
pub(super) struct Overlay {
    /// Where go reads a file, and what it is to read instead; nothing removes it.
    pub(super) replacements: BTreeMap<PathBuf, Option<PathBuf>>,
    /// The benchmarks that it has.
    pub(super) benchmarks: BTreeSet<String>,
}

/// A test file of one side on its way into the other.
struct Page {
    /// Where it lies in the other's tree.
    place: PathBuf,
    /// The file that is read instead: the compiler speaks of this one.
    file: PathBuf,
    text: Vec<u8>,
    source: SourceFile,
    changed: bool,
}

impl Overlay {
    /// Finds out how much of the other side's test files compiles with the code of side `onto`. `None`
    /// if nothing of use does. Files go to `into`, which is made.
    pub(super) fn fit(
        subject: &Subject,
        onto: usize,
        roots: &[PathBuf; 2],
        go: &Go,
        into: &Path,
    ) -> Result<Option<Overlay>, RunError> {
        let [Some(_), Some(_)] = &subject.sides else {
            return Ok(None);
        };
        let folders = [onto, 1 - onto].map(|side| roots[side].join(subject.folder(side)));
        fs::create_dir_all(into).map_err(RunError::io(into))?;
        let mut pages = Vec::new();
        let mut left_out: BTreeSet<String> = BTreeSet::new();
        let mut replacements = BTreeMap::new();
        for entry in fs::read_dir(&folders[0])
            .map_err(RunError::io(&folders[0]))?
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(TEST_SUFFIX) && !folders[1].join(&name).exists() {
                replacements.insert(folders[0].join(&name), None);
            }
        }
        // Those that the build leaves out here come, too: it leaves them out again.
        for entry in fs::read_dir(&folders[1])
            .map_err(RunError::io(&folders[1]))?
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(TEST_SUFFIX) {
                continue;
            }
            let text = fs::read(entry.path()).map_err(RunError::io(&entry.path()))?;
            let source = SourceFile::parse(&text);
            replacements.insert(folders[0].join(&name), Some(entry.path()));
            let place = folders[0].join(&name);
            pages.push(Page {
                place,
                file: entry.path(),
                text,
                source,
                changed: false,
            });
        }
        let Some(own) = subject.side(onto) else {
            return Ok(None);
        };
        let module = roots[onto].join(&own.scope.folder);
        let file = into.join("overlay.json");
        for _ in 0..MOST_ATTEMPTS {
            write(&file, &replacements)?;
            let build = Build {
                module: &module,
                trimpath: false,
                overlay: Some(&file),
                into,
            };
            let Some(log) = build.errors(&own.scope.go(go), &subject.package)? else {
                let Some(theirs) = &subject.sides[1 - onto] else {
                    return Ok(None);
                };
                // What reaches anything that was left out would measure something else.
                let whole = |name: &&String| {
                    reach(theirs, name).is_some_and(|texts| texts.is_disjoint(&left_out))
                };
                let benchmarks: BTreeSet<String> =
                    theirs.benchmarks.iter().filter(whole).cloned().collect();
                return Ok((!benchmarks.is_empty()).then_some(Overlay {
                    replacements,
                    benchmarks,
                }));
            };
            if !leave_out(&log, &module, &mut pages, &mut left_out) {
                return Ok(None);
            }
            for (number, page) in pages
                .iter_mut()
                .enumerate()
                .filter(|(_, page)| page.changed)
            {
                let file = into.join(format!("{number}.go"));
                fs::write(&file, &page.text).map_err(RunError::io(&file))?;
                replacements.insert(page.place.clone(), Some(file.clone()));
                page.file = file;
                page.source = SourceFile::parse(&page.text);
            }
        }
        Ok(None)
    }

    /// What it replaces, as a digest: it decides what the baseline's binary is.
    pub(super) fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for (place, file) in &self.replacements {
            hasher.update(place.file_name().unwrap_or_default().as_encoded_bytes());
            let text = file
                .as_ref()
                .and_then(|file| fs::read(file).ok())
                .unwrap_or_default();
            hasher.update(text.len().to_le_bytes());
            hasher.update(text);
        }
        hex(&hasher.finalize())
    }
}

/// Writes what `go build -overlay` reads.
pub(super) fn write(
    file: &Path,
    replacements: &BTreeMap<PathBuf, Option<PathBuf>>,
) -> Result<(), RunError> {
    let empty = PathBuf::new();
    let replace: BTreeMap<&PathBuf, &PathBuf> = replacements
        .iter()
        .map(|(place, by)| (place, by.as_ref().unwrap_or(&empty)))
        .collect();
    let text = serde_json::json!({ "Replace": replace }).to_string();
    fs::write(file, text).map_err(RunError::io(file))
}

/// Blanks what the compiler complains about in the pages, and notes it. Whether anything was.
fn leave_out(
    log: &str,
    module: &Path,
    pages: &mut [Page],
    left_out: &mut BTreeSet<String>,
) -> bool {
    let mut blanked = false;
    for line in log.lines() {
        let Some((file, number, message)) = position(line.trim_start()) else {
            continue;
        };
        let at = module.join(file);
        let at = at.canonicalize().unwrap_or(at);
        if let Some(page) = pages
            .iter_mut()
            .find(|page| page.file == at || page.place == at)
        {
            blanked |= page.leave_out(number, message, left_out);
        }
    }
    blanked
}

/// `./x_test.go:12:5: undefined: X` → file, line, message.
fn position(line: &str) -> Option<(&str, usize, &str)> {
    let at = line.find(".go:")? + 3;
    let (file, rest) = line.split_at(at);
    let mut parts = rest[1..].splitn(3, ':');
    let number = parts.next()?.parse().ok()?;
    let second = parts.next()?;
    let message = match second.trim().parse::<usize>() {
        Ok(_) => parts.next().unwrap_or_default(),
        Err(_) => second,
    };
    Some((file, number, message.trim()))
}

impl Page {
    fn leave_out(&mut self, line: usize, message: &str, left_out: &mut BTreeSet<String>) -> bool {
        if let Some(import) = self
            .source
            .imports
            .iter()
            .find(|import| import.line == line)
        {
            let unused = message.contains("imported") && message.contains("not used");
            if unused {
                if import.tokens.starts_with('_') {
                    return false;
                }
                let range = import.name_range.clone();
                let by: &[u8] = if range.is_empty() { b"_ " } else { b"_" };
                self.text.splice(range, by.iter().copied());
            } else {
                left_out.insert(import.tokens.clone());
                blank(&mut self.text[import.range.clone()]);
            }
            // Later positions have moved.
            self.source = SourceFile::parse(&self.text);
            self.changed = true;
            return true;
        }
        let found = self
            .source
            .declarations
            .iter()
            .find(|one| one.lines.contains(&line));
        let Some(declaration) = found else {
            return false;
        };
        // What sets everything up cannot be left out: the figures would be of something else.
        if declaration
            .names
            .iter()
            .any(|name| name == "TestMain" || name == "init")
        {
            return false;
        }
        let range = declaration.range.clone();
        if self.text[range.clone()]
            .iter()
            .all(|byte| byte.is_ascii_whitespace())
        {
            return false;
        }
        left_out.insert(declaration.tokens.clone());
        blank(&mut self.text[range]);
        self.changed = true;
        true
    }
}

/// Makes text blank and keeps its lines.
fn blank(text: &mut [u8]) {
    text.iter_mut()
        .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        .for_each(|byte| *byte = b' ');
}

/// The benchmarks of the candidate whose code, with all of the test files that it reaches, is not the
/// baseline's.
pub(super) fn changed(subject: &Subject) -> BTreeSet<String> {
    let [Some(old), Some(new)] = &subject.sides else {
        return BTreeSet::new();
    };
    new.benchmarks
        .iter()
        .filter(|name| reach(old, name) != reach(new, name))
        .cloned()
        .collect()
}

/// Everything of the test files that a benchmark reaches, as text. Names decide, not types: rather
/// too much than too little.
fn reach(tests: &Tests, benchmark: &str) -> Option<BTreeSet<String>> {
    let declarations: Vec<_> = tests
        .files
        .values()
        .flat_map(|file| &file.declarations)
        .collect();
    let imports: Vec<_> = tests
        .files
        .values()
        .flat_map(|file| &file.imports)
        .collect();
    if !declarations
        .iter()
        .any(|one| one.benchmark && one.names[0] == benchmark)
    {
        return None;
    }
    // What runs before every benchmark, named or not.
    let always = ["init", "TestMain", "_"];
    let mut names: Vec<&str> = always.to_vec();
    names.push(benchmark);
    let mut seen: BTreeSet<&str> = names.iter().copied().collect();
    let mut texts = BTreeSet::new();
    while let Some(name) = names.pop() {
        for one in declarations
            .iter()
            .filter(|one| one.names.iter().any(|own| own == name))
        {
            if texts.insert(one.tokens.clone()) {
                let further = one.mentions.iter().chain(&one.names).map(String::as_str);
                names.extend(further.filter(|name| seen.insert(name)));
            }
        }
        let named = imports.iter().filter(|import| import.name == name);
        texts.extend(named.map(|import| import.tokens.clone()));
    }
    Some(texts)
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn tests(text: &str) -> Tests {
        let source = SourceFile::parse(text.as_bytes());
        let benchmarks = source.benchmarks().map(str::to_owned).collect();
        Tests {
            files: [("x_test.go".to_owned(), source)].into(),
            benchmarks,
            ..Tests::default()
        }
    }

    const OLD: &str = "package p\nimport \"testing\"\nvar table = []int{1}\n\
        type T struct{}\nfunc (T) Helper() int { return limit }\nconst limit = 3\n\
        func BenchmarkA(b *testing.B) { for range table { new(T).Helper() } }\n\
        func BenchmarkB(b *testing.B) { }\nfunc TestX(t *testing.T) { }\n";

    fn differ(new: &str) -> Vec<bool> {
        let (old, new) = (tests(OLD), tests(new));
        let of = |name| reach(&old, name) != reach(&new, name);
        ["BenchmarkA", "BenchmarkB"].map(of).to_vec()
    }

    #[test]
    fn a_benchmark_has_changed_if_anything_has_that_it_reaches() {
        assert_eq!(differ(OLD), [false, false]);
        assert_eq!(differ(&OLD.replace("{1}", "{1, 2}")), [true, false]);
        assert_eq!(
            differ(&OLD.replace("limit = 3", "limit = 4")),
            [true, false]
        );
        assert_eq!(
            differ(&OLD.replace("TestX(t *testing.T) { }", "TestX(t *testing.T) { t.Log() }")),
            [false, false]
        );
        assert_eq!(
            differ(&OLD.replace("b *testing.B) { }", "b *testing.B) { b.Log() }")),
            [false, true]
        );
        assert_eq!(differ(&format!("{OLD}func init() {{ }}\n")), [true, true]);
        assert_eq!(differ(&OLD.replace("// x", "")), [false, false]);
    }

    #[test]
    fn positions_are_read_as_the_compiler_writes_them() {
        assert_eq!(
            position("./p/x_test.go:12:5: undefined: X"),
            Some(("./p/x_test.go", 12, "undefined: X"))
        );
        assert_eq!(
            position("x_test.go:12: oops"),
            Some(("x_test.go", 12, "oops"))
        );
        assert_eq!(position("# example.com/p [example.com/p.test]"), None);
        assert_eq!(position("FAIL\texample.com/p [setup failed]"), None);
    }

    #[test]
    fn what_is_left_out_keeps_the_lines_of_the_rest() {
        let text = OLD.as_bytes().to_vec();
        let source = SourceFile::parse(&text);
        let mut page = Page {
            place: PathBuf::new(),
            file: PathBuf::new(),
            text,
            source,
            changed: false,
        };
        let mut out = BTreeSet::new();
        assert!(page.leave_out(7, "undefined: table", &mut out));
        assert!(page.leave_out(2, "\"testing\" imported and not used", &mut out));
        assert!(!page.leave_out(100, "?", &mut out));
        let text = String::from_utf8(page.text).unwrap();
        assert_eq!(text.lines().count(), OLD.lines().count());
        assert!(text.contains("import _ \"testing\"") && !text.contains("BenchmarkA"));
        assert!(text.contains("func BenchmarkB"));
    }
}
