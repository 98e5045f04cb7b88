//! The memory budget at the terminal: the checks, worst first, then the command's memory over time.

use std::io;

use super::{DIM, GREEN, Page, RED, YELLOW};
use crate::gate::{Check, CommandRun, Judgement, MemoryReport};
use crate::report::chart;
use crate::report::digest;
use crate::text::plain;

impl Page<'_> {
    pub(super) fn memory(&mut self, memory: &MemoryReport) -> io::Result<()> {
        for (container, checks) in digest::containers(memory) {
            self.line(anstyle::Style::new(), "")?;
            let title = match container {
                Some(container) => format!("memory budget of {}", plain(container)),
                None => "memory budget".to_owned(),
            };
            self.paragraph(super::BOLD, 0, 2, &title)?;
            for check in checks {
                self.check(check)?;
            }
        }
        for sentence in digest::not_asked(memory) {
            self.paragraph(DIM, 2, 2, &format!("not asked: {sentence}"))?;
        }
        for remark in &memory.remarks {
            self.paragraph(YELLOW, 0, 2, &format!("note: {}", plain(remark)))?;
        }
        match &memory.command {
            Some(command) => self.command(command),
            None => Ok(()),
        }
    }

    fn check(&mut self, check: &Check) -> io::Result<()> {
        let color = match check.judgement {
            Judgement::Fail => RED,
            Judgement::CouldNotJudge => YELLOW,
            Judgement::Pass => GREEN,
            Judgement::Advice | Judgement::NotAsked => DIM,
        };
        let word = digest::judgement(check.judgement);
        let message = plain(&check.message);
        self.paragraph(color, 2, 2, &format!("{word} {}: {message}", check.id))?;
        if let Some(evidence) = digest::evidence(check) {
            self.paragraph(DIM, 6, 2, &evidence)?;
        }
        if let Some(remedy) = &check.remedy {
            self.paragraph(anstyle::Style::new(), 6, 2, &format!("→ {}", plain(remedy)))?;
        }
        Ok(())
    }

    fn command(&mut self, command: &CommandRun) -> io::Result<()> {
        self.line(anstyle::Style::new(), "")?;
        self.paragraph(super::BOLD, 0, 2, &digest::command(command))?;
        for line in chart::terminal(command, self.style.width) {
            self.line(anstyle::Style::new(), &line)?;
        }
        Ok(())
    }
}
