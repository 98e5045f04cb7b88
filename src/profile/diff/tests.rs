use super::*;

/// The lines of the function `m.F` but for those of others, each with its text.
struct Text(Vec<(bool, &'static str, usize, &'static str)>);

impl Source for Text {
    fn text(&self, candidate: bool, site: &Site) -> Option<String> {
        let line = |(side, function, line, _): &&(bool, &str, usize, &str)| {
            *side == candidate && *function == site.function.1 && *line == site.line
        };
        let found = self.0.iter().find(line);
        found.map(|(_, _, _, text)| (*text).to_owned())
    }

    fn is_old(&self, site: &Site) -> bool {
        let text = self.text(true, site);
        self.0
            .iter()
            .any(|(side, _, _, own)| !side && text.as_deref() == Some(own))
    }
}

fn at(function: &str, line: usize, size: i64, objects: f64) -> Allocation {
    Allocation {
        site: Some(Site {
            function: ("m".to_owned(), function.to_owned()),
            file: "m/f.go".to_owned(),
            line,
        }),
        by: Vec::new(),
        size,
        objects,
    }
}

/// A side that reports what its profile has, and what shares blocks beside it.
fn side(allocations: &[Allocation], beside: f64) -> Side {
    let objects = allocations.iter().map(|one| one.objects).sum::<f64>() + beside;
    Side {
        allocations: allocations.to_vec(),
        objects,
        value: objects,
    }
}

fn found(old: &Side, new: &Side, text: &Text) -> Vec<(String, usize, f64)> {
    let rises = rises(old, new, Measure::Objects, 0.5, text);
    let plain = |one: Rise| (one.site.function.1, one.site.line, one.rise);
    rises.into_iter().map(plain).collect()
}

fn named(function: &str, line: usize, rise: f64) -> (String, usize, f64) {
    (function.to_owned(), line, rise)
}

const OLD: bool = false;
const NEW: bool = true;

#[test]
fn lines_that_move_are_no_rise() {
    let text = Text(vec![
        (OLD, "F", 5, "a"),
        (OLD, "F", 7, "b"),
        (NEW, "F", 15, "a"),
        (NEW, "F", 16, "new"),
        (NEW, "F", 17, "b"),
    ]);
    let old = side(&[at("F", 5, 64, 1.0), at("F", 7, 64, 1.0)], 0.0);
    let moved = side(&[at("F", 15, 64, 1.0), at("F", 17, 64, 1.0)], 0.0);
    assert_eq!(found(&old, &moved, &text), []);
    let more = [
        at("F", 15, 64, 1.0),
        at("F", 16, 64, 1.0),
        at("F", 17, 64, 1.0),
    ];
    assert_eq!(found(&old, &side(&more, 0.0), &text), [named("F", 16, 1.0)]);
    let often = [at("F", 15, 64, 3.0), at("F", 17, 64, 1.0)];
    assert_eq!(
        found(&old, &side(&often, 0.0), &text),
        [named("F", 15, 2.0)]
    );
}

#[test]
fn a_line_whose_text_has_changed_is_the_one_that_allocates_alike() {
    let text = Text(vec![
        (OLD, "F", 5, "f(a)"),
        (NEW, "F", 5, "f(a, b)"),
        (NEW, "F", 6, "g()"),
    ]);
    let old = side(&[at("F", 5, 64, 1.0)], 0.0);
    let new = [at("F", 5, 64, 1.0), at("F", 6, 32, 1.0)];
    assert_eq!(found(&old, &side(&new, 0.0), &text), [named("F", 6, 1.0)]);
    // Either may be the one that was there.
    let new = [at("F", 5, 64, 1.0), at("F", 6, 64, 1.0)];
    assert_eq!(found(&old, &side(&new, 0.0), &text), []);
}

#[test]
fn what_fell_elsewhere_may_have_moved() {
    let text = Text(vec![
        (OLD, "F", 5, "a"),
        (NEW, "G", 9, "a"),
        (NEW, "H", 20, "c"),
    ]);
    let old = side(&[at("F", 5, 64, 1.0)], 0.0);
    let new = [at("G", 9, 64, 1.0), at("H", 20, 64, 1.0)];
    assert_eq!(found(&old, &side(&new, 0.0), &text), []);
    let new = [at("G", 9, 32, 1.0), at("H", 20, 64, 3.0)];
    assert_eq!(found(&old, &side(&new, 0.0), &text), [named("H", 20, 2.0)]);
    // The only one that allocates what F did.
    let new = [at("G", 9, 64, 1.0), at("H", 20, 64, 3.0)];
    assert_eq!(found(&old, &side(&new, 0.0), &text), [named("H", 20, 3.0)]);
}

#[test]
fn lines_of_equal_text_are_told_apart_only_by_their_order() {
    let text = Text(vec![
        (OLD, "F", 5, "a"),
        (OLD, "F", 6, "a"),
        (NEW, "F", 5, "a"),
        (NEW, "F", 6, "a"),
        (NEW, "F", 7, "a"),
    ]);
    let old = side(&[at("F", 5, 64, 1.0), at("F", 6, 64, 1.0)], 0.0);
    let often = [at("F", 5, 64, 1.0), at("F", 6, 64, 2.0)];
    assert_eq!(found(&old, &side(&often, 0.0), &text), [named("F", 6, 1.0)]);
    let another = [5, 6, 7].map(|line| at("F", line, 64, 1.0));
    assert_eq!(found(&old, &side(&another, 0.0), &text), []);
}

#[test]
fn a_profile_that_does_not_show_the_rise_names_nothing() {
    let text = Text(vec![(NEW, "F", 5, "a")]);
    let new = side(&[at("F", 5, 64, 1.0)], 0.0);
    let old = side(&[], 0.0);
    assert_eq!(found(&old, &new, &text), [named("F", 5, 1.0)]);
    let reported = |value| Side {
        value,
        objects: 0.0,
        ..new.clone()
    };
    assert_eq!(found(&old, &reported(5.0), &text), []);
    assert_eq!(found(&old, &reported(f64::NAN), &text), []);
    // A file that cannot be mapped.
    assert_eq!(found(&old, &new, &Text(Vec::new())), []);
}

#[test]
fn objects_that_share_blocks_are_of_a_line_only_if_it_is_new() {
    // A and B allocate eight bytes each: A begins every block, and seems to allocate more.
    let text = Text(vec![
        (OLD, "F", 5, "a"),
        (NEW, "F", 5, "a"),
        (NEW, "F", 6, "b"),
    ]);
    let old = side(&[at("F", 5, BLOCK, 0.5)], 0.5);
    let shadowed = side(&[at("F", 5, BLOCK, 1.0)], 1.0);
    assert_eq!(found(&old, &shadowed, &text), []);
    let seen = side(&[at("F", 5, BLOCK, 0.5), at("F", 6, BLOCK, 0.5)], 1.0);
    assert_eq!(found(&old, &seen, &text), [named("F", 6, 1.0)]);
    // What was hidden in the baseline is not new.
    let was_hidden = Text(vec![(OLD, "F", 4, "b"), (NEW, "F", 6, "b")]);
    let new = side(&[at("F", 6, BLOCK, 0.5)], 0.5);
    assert_eq!(found(&side(&[], 0.0), &new, &was_hidden), []);
    // Of other sizes a profile has all.
    let mixed = side(&[at("F", 5, BLOCK, 1.0), at("F", 6, 32, 1.0)], 0.0);
    assert_eq!(found(&old, &mixed, &text), [named("F", 6, 1.0)]);
}

#[test]
fn bytes_are_counted_by_size() {
    let text = Text(vec![(OLD, "F", 5, "a"), (NEW, "F", 5, "a")]);
    let of = |size: i64| Side {
        value: size as f64,
        ..side(&[at("F", 5, size, 1.0)], 0.0)
    };
    let rises = rises(&of(64), &of(96), Measure::Bytes, 1.0, &text);
    assert_eq!(rises.len(), 1);
    assert!((rises[0].rise - 32.0).abs() < 1e-9);
}

proptest::proptest! {
    /// No line is ever told to allocate more than the whole does, and none if nothing rose.
    #[test]
    fn no_line_exceeds_the_rise(
        old in proptest::collection::vec((0_usize..4, 1_usize..9, 0_usize..4), 0..12),
        new in proptest::collection::vec((0_usize..4, 1_usize..9, 0_usize..4), 0..12),
        texts in proptest::collection::vec(0_usize..5, 72),
    ) {
        const NAMES: [&str; 4] = ["F", "G", "H", "(*T).M"];
        const TEXTS: [&str; 5] = ["a", "b", "c", "d", "e"];
        let side = |lines: &[(usize, usize, usize)]| {
            let one = |(function, line, objects): &(usize, usize, usize)| at(NAMES[*function], *line, 64, *objects as f64);
            side(&lines.iter().map(one).collect::<Vec<_>>(), 0.0)
        };
        let mut text = Vec::new();
        for (index, own) in texts.iter().enumerate() {
            let (side, rest) = (index % 2 == 1, index / 2);
            text.push((side, NAMES[rest / 9], rest % 9, TEXTS[*own]));
        }
        let (old, new, text) = (side(&old), side(&new), Text(text));
        let rise = new.value - old.value;
        for (_, _, own) in found(&old, &new, &text) {
            proptest::prop_assert!(own <= rise + 0.01 * rise.abs() + 0.01, "{own} of {rise}");
        }
        proptest::prop_assert_eq!(found(&old, &old, &text), []);
    }
}

#[test]
fn what_moved_to_another_function_is_not_named_whatever_else_its_function_allocates() {
    let text = Text(vec![
        (OLD, "F", 5, "p := new(T)"),
        (NEW, "F", 5, "p := make()"),
        (NEW, "F", 6, "q := new(U)"),
        (NEW, "make", 9, "return new(T)"),
    ]);
    let old = side(&[at("F", 5, 64, 10.0)], 0.0);
    let new = [at("F", 6, 32, 12.0), at("make", 9, 64, 10.0)];
    assert_eq!(found(&old, &side(&new, 0.0), &text), [named("F", 6, 12.0)]);
    // Either may be what was there.
    let new = [at("F", 6, 64, 10.0), at("make", 9, 64, 10.0)];
    assert_eq!(found(&old, &side(&new, 0.0), &text), []);
    let new = [at("F", 6, 64, 12.0), at("make", 9, 64, 11.0)];
    assert_eq!(
        found(&old, &side(&new, 0.0), &text),
        [named("F", 6, 2.0), named("make", 9, 1.0)]
    );
}

#[test]
fn of_lines_with_the_same_text_one_is_named_only_if_the_others_are_as_they_were() {
    let text = Text(vec![
        (OLD, "F", 5, "a"),
        (OLD, "F", 8, "a"),
        (NEW, "F", 5, "a"),
        (NEW, "F", 8, "a"),
    ]);
    let old = side(&[at("F", 5, 64, 1.0), at("F", 8, 64, 5.0)], 0.0);
    let new = side(&[at("F", 5, 64, 1.0), at("F", 8, 64, 7.0)], 0.0);
    assert_eq!(found(&old, &new, &text), [named("F", 8, 2.0)]);
    // The first may be gone, and the last be new.
    let new = side(&[at("F", 5, 64, 5.0), at("F", 8, 64, 6.0)], 0.0);
    assert_eq!(found(&old, &new, &text), []);
}
