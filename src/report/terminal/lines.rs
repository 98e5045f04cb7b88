//! The lines that allocate more at the terminal.

use std::io;

use super::{BOLD, DIM, Page};
use crate::figure::count;
use crate::gate::Report;
use crate::report::digest::Names;
use crate::report::lines;

/// Lines that are shown unless everything is.
const MOST: usize = 10;

impl Page<'_> {
    pub(super) fn lines(&mut self, report: &Report, names: &Names) -> io::Result<()> {
        let lines = lines::all(report);
        if lines.is_empty() {
            return Ok(());
        }
        let most = if self.style.all_rows {
            lines.len()
        } else {
            MOST
        };
        self.line(anstyle::Style::new(), "")?;
        self.line(BOLD, "lines that allocate more")?;
        for line in lines.iter().take(most) {
            let (at, function) = (line.at(), line.function());
            let (shown, rises) = (line.benchmarks(names), line.rises());
            let text = format!("{at} in {function}: {rises} ({shown})");
            self.paragraph(anstyle::Style::new(), 2, 2, &text)?;
        }
        if lines.len() > most {
            let left = count(lines.len() - most, "more line");
            self.line(DIM, &format!("  … and {left} (--all shows them)"))?;
        }
        Ok(())
    }
}
