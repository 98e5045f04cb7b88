//! The words of a shell's command line, and the simple commands that it is made of.

/// A word, or an operator between words.
#[derive(Clone, Default)]
pub(super) struct Word {
    /// Without its quotes.
    pub text: String,
    /// It parts two commands.
    pub operator: bool,
    /// It holds what the shell replaces.
    pub worked_out: bool,
}

impl Word {
    /// A word as it stands.
    pub(super) fn literal(text: &str) -> Word {
        Word {
            text: text.to_owned(),
            ..Word::default()
        }
    }
}

/// The words of a command line, without their quotes and without comments.
pub(super) fn split(script: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote = None;
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        let redirects = word
            .as_ref()
            .is_some_and(|word| word.text.ends_with(['<', '>']));
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t' | '\r') => words.extend(word.take()),
            (None, '#') if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            (None, '&') if redirects || chars.peek() == Some(&'>') => {
                word.get_or_insert_default().text.push(c);
            }
            (None, ';' | '&' | '|' | '\n' | '(' | ')') => {
                words.extend(word.take());
                let mut text = c.to_string();
                if matches!(c, '&' | '|' | ';') {
                    text.extend(chars.next_if_eq(&c));
                }
                words.push(Word {
                    text,
                    operator: true,
                    worked_out: false,
                });
            }
            (None | Some('"'), '\\') => match chars.next() {
                Some('\n') | None => {}
                Some(c) => word.get_or_insert_default().text.push(c),
            },
            (quote, c) => {
                let word = word.get_or_insert_default();
                word.worked_out |= quote != Some('\'') && matches!(c, '$' | '`');
                word.text.push(c);
            }
        }
    }
    words.extend(word);
    words
}

/// The texts of the words of a command line.
pub(super) fn words(line: &str) -> Vec<String> {
    split(line).into_iter().map(|word| word.text).collect()
}

/// The simple commands, if each is run after the one before it, and none is empty.
pub(super) fn in_a_row(words: Vec<Word>) -> Option<Vec<Vec<Word>>> {
    let mut commands = vec![Vec::new()];
    for word in words {
        match &*word.text {
            ";" | "\n" | "&&" if word.operator => commands.push(Vec::new()),
            _ if word.operator => return None,
            _ => commands.last_mut()?.push(word),
        }
    }
    commands.retain(|command| !command.is_empty());
    let controls = |command: &Vec<Word>| {
        matches!(
            &*command[0].text,
            "if" | "then"
                | "elif"
                | "else"
                | "fi"
                | "for"
                | "while"
                | "until"
                | "do"
                | "done"
                | "case"
                | "esac"
                | "select"
                | "function"
                | "{"
                | "}"
                | "!"
                | "[["
        )
    };
    (!commands.iter().any(controls)).then_some(commands)
}

/// Whether a word before a command assigns a variable.
pub(super) fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// What `exec` starts in place of the shell, and whether with an empty environment; `None` if it
/// only redirects.
pub(super) fn exec(arguments: &[Word]) -> Option<(bool, Vec<Word>)> {
    let mut words = Vec::new();
    let mut cleared = false;
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let redirection = word
            .text
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
        if redirection.starts_with(['<', '>']) {
            if redirection.trim_start_matches(['<', '>']).is_empty() {
                rest.next();
            }
        } else if words.is_empty() && word.text.starts_with('-') {
            cleared |= word.text.contains('c');
            if word.text.ends_with('a') {
                rest.next();
            }
        } else {
            words.push(word.clone());
        }
    }
    (!words.is_empty()).then_some((cleared, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_commands() {
        let texts =
            |script| -> Vec<String> { split(script).into_iter().map(|word| word.text).collect() };
        assert_eq!(
            texts("a 'b c'\"d\"\\ e # f\n&& g 2>&1"),
            ["a", "b cd e", "\n", "&&", "g", "2>&1"]
        );
        assert_eq!(
            texts("a&&b||c;d;;e&f|g"),
            [
                "a", "&&", "b", "||", "c", ";", "d", ";;", "e", "&", "f", "|", "g"
            ]
        );
        let lengths = |script| {
            let commands = in_a_row(split(script))?;
            Some(commands.iter().map(Vec::len).collect::<Vec<_>>())
        };
        assert_eq!(lengths("a b && c\n\n; d;"), Some(vec![2, 1, 1]));
        for script in [
            "a || b",
            "a | b",
            "(a)",
            "a &",
            "if a; then b; fi",
            "{ a; }",
        ] {
            assert_eq!(lengths(script), None, "{script}");
        }
        for (text, yes) in [
            ("A=", true),
            ("_a1=b=c", true),
            ("=", false),
            ("1=", false),
            ("a-b=", false),
            ("a", false),
        ] {
            assert_eq!(is_assignment(text), yes, "{text}");
        }
        let started = |script| {
            let (cleared, words) = exec(&split(script))?;
            Some((
                cleared,
                words.into_iter().map(|word| word.text).collect::<Vec<_>>(),
            ))
        };
        assert_eq!(started("> /log 2>&1 </x"), None);
        assert_eq!(
            started("-a b -c app -c 2> /x"),
            Some((true, vec!["app".to_owned(), "-c".to_owned()]))
        );
    }
}
