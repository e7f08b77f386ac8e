//! Draws the frames of `git jit watch`: pure functions from plain data to a buffer, so that tests can check them.
//!
//! The buffer can have any size, also none. Text is cut by its width in terminal columns.

pub(crate) mod keys;
#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::output::width::{cut, pad, width, widths};

pub(crate) use crate::output::watch::keys::{KeyEffect, WatchCursor};

/// The number of panels.
pub(crate) const PANELS: usize = 4;
/// The minimum height of a panel: its head and one line.
const MIN_HEIGHT: u16 = 2;
/// The minimum height of a frame that shows the details of the selected line.
const MIN_HEIGHT_WITH_DETAIL: u16 = 11;

/// The meaning of a cell, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CellStyle {
    /// No special meaning.
    #[default]
    Plain,
    /// An id.
    Id,
    /// Fine.
    Good,
    /// Needs attention.
    Warn,
    /// An error.
    Bad,
    /// Less important.
    Faint,
}

/// The content of a column of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    style: CellStyle,
}

impl Cell {
    /// A cell, without the control characters of `text`.
    pub(crate) fn new(text: &str, style: CellStyle) -> Self {
        Self { text: crate::output::text::plain_line(text), style }
    }

    /// A cell without a special meaning.
    pub(crate) fn plain(text: &str) -> Self {
        Self::new(text, CellStyle::Plain)
    }
}

/// A line of a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatchRow {
    /// Identifies the line across frames.
    pub key: String,
    /// Its columns.
    pub cells: Vec<Cell>,
    /// The details that are shown while it is selected.
    pub detail: Cell,
}

/// A panel: a head and lines in columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panel {
    /// The name.
    pub title: &'static str,
    /// Its lines.
    pub rows: Vec<WatchRow>,
    /// The number of lines, including those that were left out.
    pub total: usize,
    /// The text that is shown if there are no lines.
    pub empty: &'static str,
}

/// The content of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatchFrame {
    /// The agent and the branch.
    pub head: Cell,
    /// The panels, from top to bottom.
    pub panels: [Panel; PANELS],
    /// What is wrong.
    pub trouble: Option<Cell>,
}

/// Draws a frame.
pub(crate) fn draw(frame: &mut Frame<'_>, state: &WatchFrame, view: &WatchCursor, has_colour: bool) {
    let area = frame.area();
    paint(frame.buffer_mut(), area, state, view, FrameStyles { has_colour });
}

/// A frame as text with all lines, and none selected.
pub(crate) fn text(state: &WatchFrame, columns: u16) -> String {
    let styles = FrameStyles { has_colour: false };
    let mut lines = vec![styles.cell(&state.head, columns)];
    lines.extend(state.trouble.iter().map(|trouble| styles.cell(trouble, columns)));
    for panel in &state.panels {
        lines.push(styles.head(panel, panel.rows.len(), 0, false, columns));
        lines.extend(styles.body(panel, 0..panel.rows.len(), None, columns));
    }
    lines.iter().map(|line| format!("{}\n", line.to_string().trim_end())).collect()
}

fn paint(buffer: &mut Buffer, area: Rect, state: &WatchFrame, view: &WatchCursor, styles: FrameStyles) {
    let columns = area.width;
    let (has_footer, has_detail) = (area.height >= 4, area.height >= MIN_HEIGHT_WITH_DETAIL);
    let below = u16::from(has_footer) + u16::from(has_detail);
    let mut lines = vec![styles.cell(state.trouble.as_ref().unwrap_or(&state.head), columns)];
    let room = area.height.saturating_sub(1 + below);
    if view.is_helping {
        lines.extend(keys::HELP.iter().map(|line| styles.cell(&Cell::plain(line), columns)));
    } else {
        for (panel, height) in heights(state, view, room).into_iter().enumerate() {
            lines.extend(styles.panel(state, view, panel, height, columns));
        }
    }
    lines.truncate(usize::from(room) + 1);
    lines.resize(usize::from(room) + 1, Line::default());
    if has_detail {
        lines.push(view.selected(state).map(|row| styles.cell(&row.detail, columns)).unwrap_or_default());
    }
    if has_footer {
        lines.push(styles.cell(&Cell::new(keys::FOOTER, CellStyle::Faint), columns));
    }
    for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
        buffer.set_line(area.left(), y, line, columns);
    }
}

/// The height of each panel. The lines are distributed one by one, to each panel as many as it needs. If there are too few for
/// all panels, the selected panel gets them all.
fn heights(state: &WatchFrame, view: &WatchCursor, room: u16) -> [u16; PANELS] {
    let mut heights = [0; PANELS];
    if usize::from(room) < PANELS * usize::from(MIN_HEIGHT) {
        heights[view.panel] = room;
        return heights;
    }
    let needed = state.panels.each_ref().map(|panel| u16::try_from(panel.rows.len().max(1)).unwrap_or(u16::MAX - 1) + 1);
    heights = [MIN_HEIGHT; PANELS];
    let mut left = room - heights.iter().sum::<u16>();
    while left > 0 && (0..PANELS).any(|panel| heights[panel] < needed[panel]) {
        for panel in (0..PANELS).filter(|panel| heights[*panel] < needed[*panel]).collect::<Vec<_>>() {
            if left > 0 {
                heights[panel] += 1;
                left -= 1;
            }
        }
    }
    heights
}

/// The styles of a frame.
#[derive(Clone, Copy)]
struct FrameStyles {
    has_colour: bool,
}

impl FrameStyles {
    fn style(self, style: CellStyle) -> Style {
        if !self.has_colour {
            return Style::new();
        }
        match style {
            CellStyle::Plain => Style::new(),
            CellStyle::Id => Style::new().yellow(),
            CellStyle::Good => Style::new().green(),
            CellStyle::Warn => Style::new().yellow().bold(),
            CellStyle::Bad => Style::new().red().bold(),
            CellStyle::Faint => Style::new().dim(),
        }
    }

    /// A line with one cell.
    fn cell(self, cell: &Cell, columns: u16) -> Line<'static> {
        Line::from(Span::styled(cut(&cell.text, usize::from(columns)), self.style(cell.style)))
    }

    fn panel(self, state: &WatchFrame, view: &WatchCursor, at: usize, height: u16, columns: u16) -> Vec<Line<'static>> {
        let panel = &state.panels[at];
        if height == 0 {
            return Vec::new();
        }
        let rows = usize::from(height - 1);
        let is_selected = view.panel == at;
        let line = view.line(at);
        let first = line.saturating_sub(rows / 2).min(panel.rows.len().saturating_sub(rows));
        let shown = first..panel.rows.len().min(first + rows);
        let mut lines = vec![self.head(panel, shown.len(), first, is_selected, columns)];
        lines.extend(self.body(panel, shown, is_selected.then_some(line), columns));
        lines.truncate(usize::from(height));
        lines.resize(usize::from(height), Line::default());
        lines
    }

    fn head(self, panel: &Panel, shown: usize, first: usize, is_selected: bool, columns: u16) -> Line<'static> {
        let count = if shown < panel.total && shown > 0 {
            format!("{}-{} of {}", first + 1, first + shown, panel.total)
        } else {
            panel.total.to_string()
        };
        let title = format!("{} {} {count} ", if is_selected { "▶─" } else { "──" }, panel.title);
        let rule = "─".repeat(usize::from(columns).saturating_sub(width(&title)));
        let style = if is_selected { Style::new().add_modifier(Modifier::BOLD) } else { self.style(CellStyle::Faint) };
        Line::from(Span::styled(cut(&(title + &rule), usize::from(columns)), style))
    }

    fn body(self, panel: &Panel, shown: std::ops::Range<usize>, selected: Option<usize>, columns: u16) -> Vec<Line<'static>> {
        if panel.rows.is_empty() {
            return vec![self.cell(&Cell::new(panel.empty, CellStyle::Faint), columns)];
        }
        let gap = if columns < 60 { 1 } else { 2 };
        // From all lines, so that the columns do not move while the user scrolls.
        let texts = panel.rows.iter().map(|row| row.cells.iter().map(|cell| cell.text.as_str()).collect());
        let texts: Vec<Vec<&str>> = texts.collect();
        let id = panel.rows.first().and_then(|row| row.cells.iter().position(|cell| cell.style == CellStyle::Id));
        let widths = widths(&texts, usize::from(columns), gap, id);
        let row = |(at, row): (usize, &WatchRow)| {
            let mut spans = Vec::new();
            for (cell, width) in row.cells.iter().zip(&widths).filter(|(_, width)| **width > 0) {
                if !spans.is_empty() {
                    spans.push(Span::raw(" ".repeat(gap)));
                }
                spans.push(Span::styled(pad(&cell.text, *width), self.style(cell.style)));
            }
            let line = Line::from(spans);
            if selected == Some(at) { line.style(Style::new().add_modifier(Modifier::REVERSED)) } else { line }
        };
        shown.clone().zip(&panel.rows[shown]).map(row).collect()
    }
}
