//! The memory budget in Markdown: a table of the checks, worst first.

use std::fmt::Write as _;

use super::{name, sentence};
use crate::gate::MemoryReport;
use crate::report::digest;

pub(super) fn write(memory: &MemoryReport, page: &mut String) -> std::fmt::Result {
    for (container, checks) in digest::containers(memory) {
        match container {
            Some(container) => writeln!(page, "### Memory budget of {}\n", name(container))?,
            None => writeln!(page, "### Memory budget\n")?,
        }
        page.push_str(
            "| | check | finding | figure and bound | what to do |\n|:--|:--|:--|:--|:--|\n",
        );
        for check in checks {
            let evidence = digest::evidence(check).unwrap_or_default();
            let remedy = check.remedy.as_deref().unwrap_or_default();
            writeln!(
                page,
                "| {} | `{}` | {} | {} | {} |",
                digest::judgement(check.judgement),
                check.id,
                sentence(&check.message),
                sentence(&evidence),
                sentence(remedy)
            )?;
        }
        page.push('\n');
    }
    for text in digest::not_asked(memory) {
        writeln!(page, "Not asked: {}\n", sentence(&text))?;
    }
    for remark in &memory.remarks {
        writeln!(page, "- note {}", sentence(remark))?;
    }
    if !memory.remarks.is_empty() {
        page.push('\n');
    }
    if let Some(command) = &memory.command {
        writeln!(page, "{}\n", sentence(&digest::command(command)))?;
    }
    Ok(())
}
