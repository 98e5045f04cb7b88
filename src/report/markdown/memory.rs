//! The memory budget in Markdown: a table of the checks, worst first.

use super::page::Page;
use crate::gate::{Check, Judgement, MemoryReport};
use crate::report::digest;

const HEAD: &str = "| | check | finding |\n|:--|:--|:--|\n";

pub(super) fn write(memory: &MemoryReport, page: &mut Page) {
    let containers = digest::containers(memory);
    let all: usize = containers.iter().map(|(_, checks)| checks.len()).sum();
    let mut written = 0;
    for (container, checks) in containers {
        let title = match container {
            Some(container) => format!("### Memory budget of {}\n\n", page.name(container)),
            None => "### Memory budget\n\n".to_owned(),
        };
        let lines: Vec<String> = checks.iter().map(|check| line(check, page)).collect();
        written += page.list(&format!("{title}{HEAD}"), lines);
    }
    page.left_out(all - written, "memory check");
    let most = page.bounds.findings;
    let not_asked = digest::not_asked(memory);
    let lines: Vec<String> = not_asked
        .iter()
        .take(most)
        .map(|text| format!("Not asked: {}\n\n", page.sentence(text)))
        .collect();
    let remarks: Vec<String> = memory
        .remarks
        .iter()
        .take(most)
        .map(|remark| format!("- note {}\n", page.sentence(remark)))
        .collect();
    let shown = page.list("", lines);
    page.left_out(not_asked.len() - shown, "reason");
    let shown = page.list("", remarks);
    page.left_out(memory.remarks.len() - shown, "note");
    if let Some(command) = &memory.command {
        let command = page.sentence(&digest::command(command));
        page.push(&format!("The command {command}\n\n"));
    }
}

/// What was found; below it what it was held against, and what to do.
fn line(check: &Check, page: &Page) -> String {
    let word = digest::judgement(check.judgement);
    let word = match check.judgement {
        Judgement::Fail | Judgement::CouldNotJudge => format!("**{word}**"),
        _ => word.to_owned(),
    };
    let mut cell = page.sentence(&check.message);
    if let Some(evidence) = digest::evidence(check) {
        cell.push_str(&format!("<br><sub>{}</sub>", page.sentence(&evidence)));
    }
    if let Some(remedy) = &check.remedy {
        cell.push_str(&format!("<br>→ {}", page.sentence(remedy)));
    }
    format!("| {word} | `{}` | {cell} |\n", check.id)
}
