//! The instructions of a Dockerfile: lines that go on behind a backslash, comments, and here-documents,
//! which are text of another language.

use super::words::split;
use crate::memory::manifest::{ManifestError, Place};

/// An instruction.
pub(super) struct Instruction {
    /// In capitals: `ENV`.
    pub keyword: String,
    /// What stands behind it, its lines put together.
    pub text: String,
    /// Its line, counted from 1.
    pub line: usize,
    /// Where in the text a further line starts, and which.
    starts: Vec<(usize, usize)>,
}

impl Instruction {
    /// The line of a byte of the text.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        let further = self.starts.partition_point(|(start, _)| *start <= offset);
        let last = further.checked_sub(1);
        last.map_or(self.line, |index| self.starts[index].1)
    }
}

/// What continues a line, and takes the meaning from the character behind it. The first lines of the
/// file can say another one.
pub(super) fn escape(text: &str) -> char {
    let directives = text.lines().map_while(|line| {
        let (name, value) = line.trim().strip_prefix('#')?.split_once('=')?;
        Some((name.trim(), value.trim()))
    });
    let mut escapes = directives.filter(|(name, _)| name.eq_ignore_ascii_case("escape"));
    match escapes.next() {
        Some((_, "`")) => '`',
        _ => '\\',
    }
}

/// The instructions of a text.
pub(super) fn instructions(
    place: Place<'_>,
    text: &str,
) -> Result<Vec<Instruction>, ManifestError> {
    let escape = escape(text);
    let mut instructions = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((line, first)) = lines.next() {
        let first = first.trim_start();
        if first.is_empty() || first.starts_with('#') {
            continue;
        }
        let mut whole = String::new();
        let mut starts = Vec::new();
        let mut continued = push(&mut whole, first, escape);
        while continued {
            let Some((line, next)) = lines.next() else {
                break;
            };
            let trimmed = next.trim_start();
            // Comments and empty lines between do not end it.
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                starts.push((whole.len(), line));
                continued = push(&mut whole, next, escape);
            }
        }
        let (keyword, text) = whole
            .split_once(char::is_whitespace)
            .unwrap_or((&whole, ""));
        let behind = whole.len() - text.len();
        let instruction = Instruction {
            keyword: keyword.to_ascii_uppercase(),
            text: text.to_owned(),
            line,
            starts: starts
                .into_iter()
                .map(|(start, line)| (start.saturating_sub(behind), line))
                .collect(),
        };
        for (delimiter, tabs) in documents(&instruction, escape) {
            let ends = |line: &str| {
                delimiter
                    == if tabs {
                        line.trim_start_matches('\t')
                    } else {
                        line
                    }
            };
            if !lines.any(|(_, line)| ends(line)) {
                let message = format!("the here-document is not ended by a line `{delimiter}`");
                return Err(place.error_at(line, message));
            }
        }
        instructions.push(instruction);
    }
    Ok(instructions)
}

/// Adds a line, and says whether the next one belongs to it.
fn push(whole: &mut String, line: &str, escape: char) -> bool {
    let cut = line.trim_end().strip_suffix(escape);
    whole.push_str(cut.unwrap_or(line));
    cut.is_some()
}

/// How the here-documents end that an instruction opens, and whether tabs may stand before that.
fn documents(instruction: &Instruction, escape: char) -> Vec<(String, bool)> {
    if !matches!(&*instruction.keyword, "RUN" | "COPY" | "ADD") || !instruction.text.contains("<<")
    {
        return Vec::new();
    }
    let opened = split(instruction, escape).into_iter().filter_map(|word| {
        let digits = |c: char| c.is_ascii_digit();
        let delimiter = word.text.trim_start_matches(digits).strip_prefix("<<")?;
        let name = delimiter.strip_prefix('-').unwrap_or(delimiter);
        let name = name.replace(['"', '\''], "");
        let usable = !name.is_empty() && !name.contains('<');
        usable.then(|| (name, delimiter.starts_with('-')))
    });
    opened.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn read(text: &str) -> Vec<(String, String, usize)> {
        let found = instructions(Place("Dockerfile"), text).unwrap();
        found
            .into_iter()
            .map(|i| (i.keyword, i.text, i.line))
            .collect()
    }

    #[test]
    fn lines_are_put_together() {
        let text = "# c\n  from a \\ \n\n# c\n  as b\r\n\r\nENV A=1 \\\n  B=2\nRUN x \\";
        let expected = [
            ("FROM", "a   as b", 2),
            ("ENV", "A=1   B=2", 7),
            ("RUN", "x ", 9),
        ];
        assert_eq!(
            read(text),
            expected.map(|(k, t, l)| (k.to_owned(), t.to_owned(), l))
        );
        assert_eq!(read("# escape=`\nENV A=\\ `\n B\n")[0].1, "A=\\  B");
        let env = instructions(Place("d"), "ENV A=1 \\\n# c\n  B=2 \\\nC=3")
            .unwrap()
            .swap_remove(0);
        let lines: Vec<_> = split(&env, '\\').iter().map(|word| word.line).collect();
        assert_eq!(lines, [1, 3, 4]);
    }

    #[test]
    fn here_documents_are_skipped() {
        let text = "\
RUN cat <<EOF > a && cat <<-'END' > b
ENV A=1
EOF
ENV B=1
\tEND
COPY <<\"X\" /x
ENV C=1
X
RUN echo \"<<Y\" $((1 << 3)) <<<z
ENV D=1
";
        let keywords: Vec<_> = read(text)
            .into_iter()
            .map(|(keyword, ..)| keyword)
            .collect();
        assert_eq!(keywords, ["RUN", "COPY", "RUN", "ENV"]);
        let open = "FROM a\nRUN <<EOF\nENV A=1\n";
        let error = instructions(Place("d"), open).err().unwrap();
        assert_eq!(
            error.to_string(),
            "d:2: the here-document is not ended by a line `EOF`"
        );
    }
}
