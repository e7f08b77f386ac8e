//! What `git jit watch` shows: a frame from a plain state, a pure function, so that a test can look at it.
//!
//! Knows neither where the state comes from nor what terminal it goes to: it draws into a buffer of any size, also of
//! none. Everything is cut by the columns that it takes up, which for some letters are two and for some are none.

pub(crate) mod keys;
#[cfg(test)]
mod tests;
mod text;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::output::watch::text::{cut, pad, width, widths};

pub(crate) use crate::output::watch::keys::{KeyEffect, WatchCursor};

/// How many panels there are.
pub(crate) const PANELS: usize = 4;
/// The least that a panel takes: its head and one line.
const LEAST: u16 = 2;
/// The height from which there is room for all that is known of the chosen line.
const ROOMY: u16 = 11;

/// What a word is about, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mood {
    /// Nothing in particular.
    #[default]
    Plain,
    /// An id.
    Id,
    /// All is well.
    Good,
    /// Look at it.
    Warn,
    /// It is wrong.
    Bad,
    /// By the way.
    Faint,
}

/// A word or more in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    mood: Mood,
}

impl Cell {
    /// A cell, made harmless whoever wrote it.
    pub(crate) fn new(text: &str, mood: Mood) -> Self {
        Self { text: crate::output::text::plain_line(text), mood }
    }

    /// One of no particular meaning.
    pub(crate) fn plain(text: &str) -> Self {
        Self::new(text, Mood::Plain)
    }
}

/// A line of a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatchRow {
    /// What it stays itself by, wherever it moves to.
    pub key: String,
    /// Its columns.
    pub cells: Vec<Cell>,
    /// All that is known of it, for when it is chosen.
    pub detail: Cell,
}

/// A panel: a head and lines in columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panel {
    /// What it is about.
    pub title: &'static str,
    /// Its lines.
    pub rows: Vec<WatchRow>,
    /// How many lines there would be, if some were left out.
    pub total: usize,
    /// What it says without a line.
    pub empty: &'static str,
}

/// Everything that a frame shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatchFrame {
    /// Who looks, from where.
    pub head: Cell,
    /// The panels, from above.
    pub panels: [Panel; PANELS],
    /// What is wrong, if something is.
    pub trouble: Option<Cell>,
}

/// Draws a frame.
pub(crate) fn draw(frame: &mut Frame<'_>, state: &WatchFrame, view: &WatchCursor, is_colourful: bool) {
    let area = frame.area();
    paint(frame.buffer_mut(), area, state, view, FrameStyles { is_colourful });
}

/// One frame as text, as high as it needs to be and without a choice.
pub(crate) fn text(state: &WatchFrame, columns: u16) -> String {
    let look = FrameStyles { is_colourful: false };
    let mut lines = vec![look.cell(&state.head, columns)];
    lines.extend(state.trouble.iter().map(|trouble| look.cell(trouble, columns)));
    for panel in &state.panels {
        lines.push(look.head(panel, panel.rows.len(), 0, false, columns));
        lines.extend(look.body(panel, 0..panel.rows.len(), None, columns));
    }
    lines.iter().map(|line| format!("{}\n", line.to_string().trim_end())).collect()
}

fn paint(buffer: &mut Buffer, area: Rect, state: &WatchFrame, view: &WatchCursor, look: FrameStyles) {
    let columns = area.width;
    let (has_foot, is_roomy) = (area.height >= 4, area.height >= ROOMY);
    let below = u16::from(has_foot) + u16::from(is_roomy);
    let mut lines = vec![look.cell(state.trouble.as_ref().unwrap_or(&state.head), columns)];
    let room = area.height.saturating_sub(1 + below);
    if view.is_helping {
        lines.extend(keys::HELP.iter().map(|line| look.cell(&Cell::plain(line), columns)));
    } else {
        for (panel, height) in heights(state, view, room).into_iter().enumerate() {
            lines.extend(look.panel(state, view, panel, height, columns));
        }
    }
    lines.truncate(usize::from(room) + 1);
    lines.resize(usize::from(room) + 1, Line::default());
    if is_roomy {
        lines.push(view.chosen(state).map(|row| look.cell(&row.detail, columns)).unwrap_or_default());
    }
    if has_foot {
        lines.push(look.cell(&Cell::new(keys::FOOT, Mood::Faint), columns));
    }
    for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
        buffer.set_line(area.left(), y, line, columns);
    }
}

/// How high each panel is: what it has, as far as there is room, shared out line by line; where there is room for few
/// lines, all of it goes to the panel that is looked at.
fn heights(state: &WatchFrame, view: &WatchCursor, room: u16) -> [u16; PANELS] {
    let mut heights = [0; PANELS];
    if usize::from(room) < PANELS * usize::from(LEAST) {
        heights[view.panel] = room;
        return heights;
    }
    let wanted = state.panels.each_ref().map(|panel| u16::try_from(panel.rows.len().max(1)).unwrap_or(u16::MAX - 1) + 1);
    heights = [LEAST; PANELS];
    let mut left = room - heights.iter().sum::<u16>();
    while left > 0 && (0..PANELS).any(|panel| heights[panel] < wanted[panel]) {
        for panel in (0..PANELS).filter(|panel| heights[*panel] < wanted[*panel]).collect::<Vec<_>>() {
            if left > 0 {
                heights[panel] += 1;
                left -= 1;
            }
        }
    }
    heights
}

/// How things look.
#[derive(Clone, Copy)]
struct FrameStyles {
    is_colourful: bool,
}

impl FrameStyles {
    fn style(self, mood: Mood) -> Style {
        if !self.is_colourful {
            return Style::new();
        }
        match mood {
            Mood::Plain => Style::new(),
            Mood::Id => Style::new().yellow(),
            Mood::Good => Style::new().green(),
            Mood::Warn => Style::new().yellow().bold(),
            Mood::Bad => Style::new().red().bold(),
            Mood::Faint => Style::new().dim(),
        }
    }

    /// One cell as a line of its own.
    fn cell(self, cell: &Cell, columns: u16) -> Line<'static> {
        Line::from(Span::styled(cut(&cell.text, usize::from(columns)), self.style(cell.mood)))
    }

    fn panel(self, state: &WatchFrame, view: &WatchCursor, at: usize, height: u16, columns: u16) -> Vec<Line<'static>> {
        let panel = &state.panels[at];
        if height == 0 {
            return Vec::new();
        }
        let rows = usize::from(height - 1);
        let is_chosen = view.panel == at;
        let line = view.line(at);
        let first = line.saturating_sub(rows / 2).min(panel.rows.len().saturating_sub(rows));
        let shown = first..panel.rows.len().min(first + rows);
        let mut lines = vec![self.head(panel, shown.len(), first, is_chosen, columns)];
        lines.extend(self.body(panel, shown, is_chosen.then_some(line), columns));
        lines.truncate(usize::from(height));
        lines.resize(usize::from(height), Line::default());
        lines
    }

    fn head(self, panel: &Panel, shown: usize, first: usize, is_chosen: bool, columns: u16) -> Line<'static> {
        let count = if shown < panel.total && shown > 0 {
            format!("{}-{} of {}", first + 1, first + shown, panel.total)
        } else {
            panel.total.to_string()
        };
        let title = format!("{} {} {count} ", if is_chosen { "▶─" } else { "──" }, panel.title);
        let rule = "─".repeat(usize::from(columns).saturating_sub(width(&title)));
        let style = if is_chosen { Style::new().add_modifier(Modifier::BOLD) } else { self.style(Mood::Faint) };
        Line::from(Span::styled(cut(&(title + &rule), usize::from(columns)), style))
    }

    fn body(self, panel: &Panel, shown: std::ops::Range<usize>, chosen: Option<usize>, columns: u16) -> Vec<Line<'static>> {
        if panel.rows.is_empty() {
            return vec![self.cell(&Cell::new(panel.empty, Mood::Faint), columns)];
        }
        let gap = if columns < 60 { 1 } else { 2 };
        // Of all lines, so that columns stay where they are while one goes through them.
        let texts = panel.rows.iter().map(|row| row.cells.iter().map(|cell| cell.text.as_str()).collect());
        let texts: Vec<Vec<&str>> = texts.collect();
        let id = panel.rows.first().and_then(|row| row.cells.iter().position(|cell| cell.mood == Mood::Id));
        let widths = widths(&texts, usize::from(columns), gap, id);
        let row = |(at, row): (usize, &WatchRow)| {
            let mut spans = Vec::new();
            for (cell, width) in row.cells.iter().zip(&widths).filter(|(_, width)| **width > 0) {
                if !spans.is_empty() {
                    spans.push(Span::raw(" ".repeat(gap)));
                }
                spans.push(Span::styled(pad(&cell.text, *width), self.style(cell.mood)));
            }
            let line = Line::from(spans);
            if chosen == Some(at) { line.style(Style::new().add_modifier(Modifier::REVERSED)) } else { line }
        };
        shown.clone().zip(&panel.rows[shown]).map(row).collect()
    }
}
