//! A page of Markdown that never grows past its bounds, and always ends whole: lists and tables stop at
//! a line, and what comes after them has its room.

use crate::figure::count;
use crate::text::markdown as escape;

/// How much a page holds.
#[derive(Debug)]
pub(super) struct Bounds {
    /// The most bytes.
    pub(super) bytes: usize,
    /// Rows shown of a status that needs attention, of one that is only for information, and of those
    /// without a difference.
    pub(super) rows: usize,
    pub(super) calm_rows: usize,
    pub(super) unchanged_rows: usize,
    /// Findings, checks and remarks shown.
    pub(super) findings: usize,
    /// Columns of a name, and of a sentence.
    pub(super) name_columns: usize,
    pub(super) sentence_columns: usize,
}

/// Of a job summary. GitHub takes 1 MiB, and others may add to it.
pub(super) const SUMMARY: Bounds = Bounds {
    bytes: 960 << 10,
    rows: 500,
    calm_rows: 100,
    unchanged_rows: 100,
    findings: 50,
    name_columns: 100,
    sentence_columns: 400,
};

/// Of a comment. GitHub takes 65,536 characters, and a line before and after comes to it.
pub(super) const COMMENT: Bounds = Bounds {
    bytes: 60_000,
    rows: 30,
    calm_rows: 15,
    unchanged_rows: 0,
    findings: 10,
    name_columns: 60,
    sentence_columns: 240,
};

/// A page as it is written.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) text: String,
    pub(super) bounds: &'static Bounds,
    /// Where lists end for now.
    room: usize,
}

impl Page {
    pub(super) fn new(bounds: &'static Bounds) -> Self {
        Page {
            text: String::new(),
            bounds,
            room: 0,
        }
    }

    /// The lists that follow may use this share of the page, in percent: those after them have the rest.
    pub(super) fn lists_up_to(&mut self, percent: usize) {
        self.room = self.bounds.bytes / 100 * percent;
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes lines below a head for as long as there is room, and says how many. Without a line there is
    /// no head.
    pub(super) fn list(&mut self, head: &str, lines: impl IntoIterator<Item = String>) -> usize {
        let mut written = 0;
        for line in lines {
            let head = if written == 0 { head } else { "" };
            if self.text.len() + head.len() + line.len() > self.room {
                break;
            }
            self.push(head);
            self.push(&line);
            written += 1;
        }
        if written > 0 {
            self.push("\n");
        }
        written
    }

    /// `… and 12 more rows`, if any are left out.
    pub(super) fn left_out(&mut self, number: usize, thing: &str) {
        if number > 0 {
            let text = format!("… and {}\n\n", count(number, &format!("more {thing}")));
            self.push(&text);
        }
    }

    pub(super) fn name(&self, text: &str) -> String {
        escape::name(text, self.bounds.name_columns)
    }

    pub(super) fn sentence(&self, text: &str) -> String {
        escape::sentence(text, self.bounds.sentence_columns)
    }
}
