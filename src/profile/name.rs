//! Names of functions as the Go linker writes them: the import path, escaped after its last slash, a
//! dot, and what the source calls it, with marks of the compiler behind that.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What the compiler appends for closures, wrappers, bodies of range loops and method values. Their
/// numbers change when another comes before them: they belong to the function that they are written in.
const MARKS: [&str; 5] = [".func", ".gowrap", ".deferwrap", "-range", "-fm"];

/// The import path of a function: `example.com/m/shop` of `example.com/m/shop.(*Cart).Total.func1`.
pub fn package(name: &str) -> Cow<'_, str> {
    let (path, _) = split(name);
    percent_decode_str(path).decode_utf8_lossy()
}

/// The function as the source has it: `(*Cart).Total`. That of a closure is the one around it, and what
/// stands for the types of a generic one is `[...]`.
pub fn function(name: &str) -> String {
    let own = without_types(split(name).1);
    let end = MARKS.iter().filter_map(|mark| marked(&own, mark)).min();
    let own = own.get(..end.unwrap_or(own.len())).unwrap_or(&own);
    own.trim_end_matches('.').to_owned()
}

/// A closure in a function that was inlined bears the names of all functions around it: `F.G` of a
/// closure in G, which F calls. The innermost is the one that it is written in.
pub(super) fn innermost(own: String, callers: &[String]) -> String {
    let below = |caller: &String, whole: &str| {
        let rest = whole.strip_prefix(caller.as_str());
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    if !callers.iter().any(|caller| below(caller, &own)) {
        return own;
    }
    let ends = |caller: &&String| {
        let rest = own.strip_suffix(caller.as_str());
        rest.is_some_and(|rest| rest.ends_with('.'))
    };
    callers.iter().find(ends).cloned().unwrap_or(own)
}

/// Where a mark and a number begin.
fn marked(own: &str, mark: &str) -> Option<usize> {
    let mut found = own.match_indices(mark);
    let numbered = |at: usize| {
        let next = own[at + mark.len()..].bytes().next();
        next.is_none_or(|next| next.is_ascii_digit())
    };
    found.find(|(at, _)| numbered(*at)).map(|(at, _)| at)
}

fn split(name: &str) -> (&str, &str) {
    // Types between brackets have paths of their own.
    let plain = name.split('[').next().unwrap_or(name);
    let start = plain.rfind('/').map_or(0, |slash| slash + 1);
    match plain[start..].find('.') {
        Some(dot) => (&name[..start + dot], &name[start + dot + 1..]),
        None => (name, ""),
    }
}

fn without_types(name: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0_usize;
    for c in name.chars() {
        match c {
            '[' => {
                if depth == 0 {
                    plain.push_str("[...]");
                }
                depth += 1;
            }
            ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_linker_are_taken_apart() {
        let of = |name: &str| (package(name).into_owned(), function(name));
        let is = |package: &str, function: &str| (package.to_owned(), function.to_owned());
        assert_eq!(
            of("example.com/m/shop.Price"),
            is("example.com/m/shop", "Price")
        );
        assert_eq!(
            of("example.com/m/shop.(*Cart).Total.func1.2"),
            is("example.com/m/shop", "(*Cart).Total")
        );
        assert_eq!(
            of("gopkg.in/yaml%2ev3.(*T[go.shape.int,example.com/x.Y[go.shape.string]]).M-fm"),
            is("gopkg.in/yaml.v3", "(*T[...]).M")
        );
        assert_eq!(of("m.Map[go.shape.string]"), is("m", "Map[...]"));
        assert_eq!(of("m.F-range1"), is("m", "F"));
        assert_eq!(of("m.F.gowrap2"), is("m", "F"));
        assert_eq!(of("m.F.functional"), is("m", "F.functional"));
        assert_eq!(of("m.glob..func3"), is("m", "glob"));
        let callers = ["(*T).M", "G", "F"].map(str::to_owned);
        let inner = |own: &str| innermost(own.to_owned(), &callers);
        assert_eq!(inner("F.G.(*T).M"), "(*T).M");
        assert_eq!(
            (inner("F"), inner("(*U).G")),
            ("F".to_owned(), "(*U).G".to_owned())
        );
        assert_eq!(of("main.main"), is("main", "main"));
        assert_eq!(of(""), is("", ""));
        assert_eq!(of("[a/b.c"), is("[a/b.c", ""));
    }
}
