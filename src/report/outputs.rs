//! The verdict and its counts as lines of `name=value`: what later steps of a workflow take
//! decisions on (`$GITHUB_OUTPUT`), and what a shell script reads. No text of others is in it.

use std::io::{self, Write};

use crate::gate::{Judgement, Report, Status};

pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let verdict = report.verdict;
    writeln!(out, "verdict={}", verdict.as_str())?;
    writeln!(out, "exit-code={}", verdict.exit_code())?;
    writeln!(out, "filtered={}", report.settings.filter.is_some())?;
    for status in Status::ALL {
        writeln!(out, "{}={}", status.as_str(), report.counts.of(*status))?;
    }
    let checks = |judgement| {
        let memory = report.memory.as_ref();
        memory.map_or(0, |memory| memory.count(judgement))
    };
    writeln!(out, "memory-failed={}", checks(Judgement::Fail))?;
    writeln!(out, "memory-unknown={}", checks(Judgement::CouldNotJudge))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn snapshot() {
        let memory = fixture::rendered(render, &fixture::memory());
        insta::assert_snapshot!("outputs_memory", memory);
    }

    #[test]
    fn every_line_is_a_name_and_a_plain_value() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        for report in fixture::all() {
            for line in fixture::rendered(render, &report).lines() {
                let (name, value) = line.split_once('=').unwrap();
                assert!(name.chars().chain(value.chars()).all(plain), "{line}");
            }
        }
    }
}
