//! A grid of cells for a fixed-width font, laid out as benchstat lays out its tables: each column has
//! the left margin that its widest margin needs, cells may span columns, and what a span needs beyond
//! its columns is dealt out among those of them that stretch.

use anstyle::Style;

use crate::text;

/// Where in its width a cell's text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Center,
    Right,
}

/// What stands before a cell's text, with the number of its columns.
pub(super) struct Margin {
    text: &'static str,
    width: usize,
}

impl Margin {
    pub(super) const NONE: &Margin = &Margin::new("");
    pub(super) const SPACE: &Margin = &Margin::new(" ");

    /// Each character takes a column.
    pub(super) const fn new(text: &'static str) -> Self {
        let (bytes, mut at, mut width) = (text.as_bytes(), 0, 0);
        while at < bytes.len() {
            // Not a byte in the middle of a character.
            if bytes[at] & 0xc0 != 0x80 {
                width += 1;
            }
            at += 1;
        }
        Margin { text, width }
    }
}

/// How a cell looks besides its text.
#[derive(Clone, Copy)]
pub(super) struct Look {
    margin: &'static Margin,
    align: Align,
    style: Style,
}

impl Look {
    pub(super) fn new(align: Align, margin: &'static Margin) -> Self {
        Look {
            margin,
            align,
            style: Style::new(),
        }
    }

    pub(super) fn styled(self, style: Style) -> Self {
        Look { style, ..self }
    }
}

struct Cell {
    row: usize,
    column: usize,
    span: usize,
    /// Where in the grid's text the cell's ends; it begins where the one before ends.
    end: usize,
    width: usize,
    look: Look,
}

/// The cells, row by row and from left to right.
pub(super) struct Grid {
    cells: Vec<Cell>,
    text: String,
    row: usize,
    column: usize,
    columns: usize,
    /// Columns that take no more than their own cells need.
    shrinks: Vec<bool>,
}

impl Grid {
    pub(super) fn new() -> Self {
        Grid {
            cells: Vec::new(),
            text: String::new(),
            row: 0,
            column: 0,
            columns: 0,
            shrinks: Vec::new(),
        }
    }

    /// Makes room for so many cells of some characters each.
    pub(super) fn reserve(&mut self, cells: usize) {
        self.cells.reserve(cells);
        self.text.reserve(cells * 8);
    }

    /// Begins a row.
    pub(super) fn row(&mut self) {
        self.row += usize::from(!self.cells.is_empty());
        self.column = 0;
    }

    /// Skips to a column that has not been passed.
    pub(super) fn skip_to(&mut self, column: usize) {
        self.column = self.column.max(column);
    }

    /// The column that comes next.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    pub(super) fn shrink(&mut self, column: usize) {
        if self.shrinks.len() <= column {
            self.shrinks.resize(column + 1, false);
        }
        self.shrinks[column] = true;
    }

    /// Adds a cell of one column.
    pub(super) fn cell(&mut self, look: Look, write: impl FnOnce(&mut String)) {
        self.span(1, look, write);
    }

    /// Adds a cell of several columns.
    pub(super) fn span(&mut self, span: usize, look: Look, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        let shown = &self.text[start..];
        // As a rule there is nothing to be warned of.
        if !(shown.is_empty() && look.margin.text.is_empty()) {
            let width = width(shown);
            self.cells.push(Cell {
                row: self.row,
                column: self.column,
                span,
                end: self.text.len(),
                width,
                look,
            });
        }
        self.column += span;
        self.columns = self.columns.max(self.column);
    }

    /// Writes the grid, a line a row.
    pub(super) fn write(&self, out: &mut String) {
        let margins = self.margins();
        let offsets = self.offsets(&margins);
        // Where a line has got to. A text can be longer than its room: then it is ahead of the next
        // cell, and benchstat (Go's padding to a negative width) goes on as far behind it.
        let (mut row, mut at, mut start) = (0, 0, 0);
        for cell in &self.cells {
            let shown = &self.text[start..cell.end];
            start = cell.end;
            // No spaces are written for what ends a line with nothing.
            let is_blank = |text: &str| text.bytes().all(|byte| byte == b' ');
            if is_blank(shown) && is_blank(cell.look.margin.text) {
                continue;
            }
            while row < cell.row {
                out.push('\n');
                row += 1;
                at = 0;
            }
            let margin = margins[cell.column];
            let own = cell.look.margin.width;
            let offset = offsets[cell.column];
            let mut spaces = offset.abs_diff(at) + margin;
            if !is_blank(cell.look.margin.text) {
                pad(out, spaces - own);
                out.push_str(cell.look.margin.text);
                spaces = 0;
            }
            at = offset + margin;
            let end = offsets[cell.column + cell.span];
            let before = match cell.look.align {
                Align::Left => 0,
                Align::Center => end.abs_diff(at + cell.width) / 2,
                Align::Right => end.saturating_sub(at + cell.width),
            };
            pad(out, spaces + before);
            let style = cell.look.style;
            if style.is_plain() {
                out.push_str(shown);
            } else {
                out.push_str(&format!("{style}{shown}{style:#}"));
            }
            at += before + cell.width;
        }
        if !self.cells.is_empty() {
            out.push('\n');
        }
    }

    /// The left margin of each column.
    fn margins(&self) -> Vec<usize> {
        let mut margins = vec![0; self.columns];
        for cell in &self.cells {
            let margin = &mut margins[cell.column];
            *margin = cell.look.margin.width.max(*margin);
        }
        margins
    }

    /// Where each column begins, its margin included, and where the last one ends.
    fn offsets(&self, margins: &[usize]) -> Vec<usize> {
        let mut widths = vec![0; self.columns];
        let mut spans: Vec<&Cell> = Vec::new();
        for cell in &self.cells {
            if cell.span == 1 {
                let width = &mut widths[cell.column];
                *width = (cell.width + margins[cell.column]).max(*width);
            } else {
                spans.push(cell);
            }
        }
        // The narrow ones first.
        spans.sort_by_key(|cell| cell.span);
        for cell in spans {
            self.stretch(cell, cell.width + margins[cell.column], &mut widths);
        }
        let mut offsets = Vec::with_capacity(widths.len() + 1);
        let mut offset = 0;
        offsets.push(offset);
        for width in widths {
            offset += width;
            offsets.push(offset);
        }
        offsets
    }

    /// Widens the columns of a cell to `wanted` in all: to the same width, but for those that are wider
    /// already.
    fn stretch(&self, cell: &Cell, wanted: usize, widths: &mut [usize]) {
        let columns = cell.column..cell.column + cell.span;
        if widths[columns.clone()].iter().sum::<usize>() >= wanted {
            return;
        }
        let shrinks = |column: &usize| self.shrinks.get(*column).copied().unwrap_or(false);
        let fixed: usize = columns
            .clone()
            .filter(shrinks)
            .map(|column| widths[column])
            .sum();
        let mut left = wanted.saturating_sub(fixed);
        let mut stretching: Vec<usize> = columns.filter(|column| !shrinks(column)).collect();
        stretching.sort_by_key(|column| std::cmp::Reverse(widths[*column]));
        for (index, column) in stretching.iter().enumerate() {
            let share = left.div_ceil(stretching.len() - index);
            widths[*column] = widths[*column].max(share);
            left = left.saturating_sub(widths[*column]);
        }
    }
}

/// The columns that a text takes.
fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let (mut width, mut greatest) = (0, 0);
    for byte in text.bytes() {
        // Not in the middle of a character.
        width += usize::from(byte & 0xc0 != 0x80);
        greatest = byte.max(greatest);
    }
    // Before the first combining character, U+0300, each takes one column.
    match greatest < 0xcc {
        true => width,
        false => text::width(text),
    }
}

fn pad(out: &mut String, spaces: usize) {
    const SPACES: &str = "                                                                ";
    let mut left = spaces;
    while left > 0 {
        let some = left.min(SPACES.len());
        out.push_str(&SPACES[..some]);
        left -= some;
    }
}
