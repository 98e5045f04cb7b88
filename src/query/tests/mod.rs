//! The language as a whole. What is expected here, benchproc answered.

mod filters;
mod projections;
mod properties;

use super::{Subject, UnitNames};

/// A result: its full name, `.file` and its settings.
struct Measured<'a> {
    name: &'a str,
    file: &'a str,
    settings: Vec<(&'a str, &'a str)>,
}

/// `a=1 b=2` are settings.
fn result<'a>(name: &'a str, settings: &'a str) -> Measured<'a> {
    let settings = settings
        .split_whitespace()
        .filter_map(|setting| setting.split_once('='));
    Measured {
        name,
        file: "f.txt",
        settings: settings.collect(),
    }
}

impl Subject for Measured<'_> {
    fn full_name(&self) -> &[u8] {
        self.name.as_bytes()
    }

    fn setting(&self, key: &str) -> Option<&[u8]> {
        if key == ".file" {
            return Some(self.file.as_bytes());
        }
        let mut settings = self.settings.iter();
        settings
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value.as_bytes())
    }

    fn for_each_setting(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        for (name, value) in &self.settings {
            visit(name.as_bytes(), value.as_bytes());
        }
    }
}

fn unit(unit: &str) -> UnitNames<'_> {
    UnitNames {
        unit: unit.as_bytes(),
        printed: None,
    }
}

#[test]
fn threads_can_share_filters_and_hand_over_projections() {
    fn shared<T: Send + Sync>() {}
    shared::<super::Filter>();
    shared::<super::Projections>();
}
