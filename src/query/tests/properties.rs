//! What holds of every expression and every key.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::{Measured, result, unit};
use crate::query::order::Order;
use crate::query::regexp::Regexp;
use crate::query::{Expressions, Filter, Projections};

/// Expressions of a key and a value, joined in every way.
fn filters() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just(".name"),
        Just("/n"),
        Just("goos"),
        Just(".unit"),
        Just("\"a b\"")
    ];
    let value = prop_oneof![
        "[a-c0-2]{1,2}",
        "\"[ -!#-\\[\\]-~é☃]{0,4}\"",
        "/[a-c.*]{1,3}/".prop_filter("no expression", |text| {
            Regexp::parse(&text[1..text.len() - 1]).is_ok()
        }),
    ];
    let leaf = (key, value).prop_map(|(key, value)| format!("{key}:{value}"));
    let leaf = prop_oneof![9 => leaf, 1 => Just("*".to_owned())];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("-{a}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} AND {b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} OR {b})")),
        ]
    })
}

fn results() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = "[A-C]{1,2}(/n=[a-c0-2]{0,2}){0,2}(-[0-9])?";
    let value = prop_oneof!["[0-9.]{0,3}[kKMi]{0,2}B?", Just("NaN".to_owned()), "[a-c]"];
    let settings = value.prop_map(|value| format!("v={value} goos=a"));
    prop::collection::vec((name, settings), 1..12)
}

fn measured(results: &[(String, String)]) -> Vec<Measured<'_>> {
    results
        .iter()
        .map(|(name, settings)| result(name, settings))
        .collect()
}

proptest! {
    #[test]
    fn a_filter_written_and_read_again_is_the_same(query in filters(), results in results()) {
        let filter = Filter::parse(&query).unwrap();
        let written = filter.to_string();
        let again = Filter::parse(&written).unwrap();
        prop_assert_eq!(again.to_string(), written);
        for result in measured(&results) {
            let passes = filter.matches(&result, unit("a"));
            prop_assert_eq!(again.matches(&result, unit("a")), passes);
            let negated = Filter::parse(&format!("-({query})")).unwrap();
            prop_assert_eq!(negated.matches(&result, unit("a")), !passes);
        }
    }

    #[test]
    fn no_text_is_too_much(text in any::<String>(), other in "[ -~]{0,24}") {
        for text in [text, other] {
            let expressions = Expressions { table: &text, row: "", col: "", ignore: "" };
            if let Ok(filter) = Filter::parse(&text) {
                let written = filter.to_string();
                prop_assert_eq!(Filter::parse(&written).unwrap().to_string(), written);
            }
            let _ = Projections::parse(&expressions, &mut Filter::everything());
            let _ = Regexp::parse(&text);
        }
    }

    #[test]
    fn orders_are_total(a in ".{0,5}", b in "[0-9.]{0,3}[kKi]{0,2}", c in "(NaN|[0-9]|0x1p-?[0-9]|1e9)") {
        let fixed = Order::Fixed(vec![b.clone().into(), a.clone().into()]);
        for order in [Order::Alpha, Order::Num, fixed] {
            let [a, b, c] = [&a, &b, &c].map(|text| order.place(text.as_bytes()));
            prop_assert_eq!(a.compare(&a), Ordering::Equal);
            prop_assert_eq!(a.compare(&b), b.compare(&a).reverse());
            if a.compare(&b).is_le() && b.compare(&c).is_le() {
                prop_assert!(a.compare(&c).is_le());
            }
        }
    }

    #[test]
    fn keys_are_equal_where_their_values_are(results in results(), by in 0..4_usize) {
        let row = ["v@num", ".fullname,v", "/n@alpha .config@num", ".name@(A B) /gomaxprocs"][by];
        let expressions = Expressions { table: "", row, col: "", ignore: "" };
        let mut row = Projections::parse(&expressions, &mut Filter::everything()).unwrap().row;
        let keys: Vec<_> = measured(&results).iter().map(|result| row.project(result)).collect();
        for (a, b) in keys.iter().zip(&keys[1..]) {
            prop_assert_eq!(a == b, row.differing(&[*a, *b]).is_empty());
        }
        let mut forwards = keys.clone();
        let mut backwards: Vec<_> = keys.iter().rev().copied().collect();
        row.sort(&mut forwards);
        row.sort(&mut backwards);
        prop_assert_eq!(forwards, backwards);
    }
}
