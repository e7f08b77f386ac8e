//! The cursor of `git jit watch`: the selected panel and line, and the effect of each key.
//!
//! Pure, like the drawing: what the caller must do is returned as a [`KeyEffect`].

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::output::watch::{PANELS, WatchFrame, WatchRow};

/// The last line of a frame.
pub(crate) const FOOTER: &str = "q quit  Tab panel  ↑↓ line  r refresh  ? help";

/// What `?` shows.
pub(crate) const HELP: [&str; 9] = [
    "",
    "q  Esc  Ctrl-C     quit",
    "Tab  → l           next panel",
    "Shift-Tab  ← h     previous panel",
    "↓ j  ↑ k           next line, previous line",
    "PgDn  PgUp         ten lines down, ten lines up",
    "Home g  End G      first line, last line",
    "r                  read everything again",
    "?                  show or hide this help",
];

/// The number of lines of a page.
const PAGE: usize = 10;

/// What the caller must do after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyEffect {
    /// Nothing.
    None,
    /// Draw a frame.
    Draw,
    /// Read everything again.
    Refresh,
    /// Quit.
    Quit,
}

/// The selected panel, and the selected line of each panel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WatchCursor {
    /// The selected panel.
    pub panel: usize,
    /// Whether the help is shown instead of the panels.
    pub is_helping: bool,
    pub(crate) lines: [usize; PANELS],
    pub(crate) keys: [Option<String>; PANELS],
}

impl WatchCursor {
    /// The selected line of a panel.
    pub(crate) fn line(&self, panel: usize) -> usize {
        self.lines[panel]
    }

    /// The selected line of the selected panel.
    pub(crate) fn selected<'s>(&self, state: &'s WatchFrame) -> Option<&'s WatchRow> {
        state.panels[self.panel].rows.get(self.lines[self.panel])
    }

    /// Selects the same lines in a new frame, wherever they are now.
    pub(crate) fn clamp(&mut self, state: &WatchFrame) {
        for (at, panel) in state.panels.iter().enumerate() {
            let same = |key: &String| panel.rows.iter().position(|row| row.key == *key);
            // Before the first move the first line is selected, which may be a new one.
            let found = self.keys[at].as_ref().and_then(same);
            self.lines[at] = found.unwrap_or(self.lines[at]).min(panel.rows.len().saturating_sub(1));
        }
    }

    /// Handles an event of the terminal.
    pub(crate) fn handle(&mut self, event: &Event, state: &WatchFrame) -> KeyEffect {
        match event {
            Event::Resize(..) => KeyEffect::Draw,
            Event::Key(key) if key.kind != KeyEventKind::Release => self.press(*key, state),
            _ => KeyEffect::None,
        }
    }

    fn press(&mut self, key: KeyEvent, state: &WatchFrame) -> KeyEffect {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if matches!(key.code, KeyCode::Char('c' | 'C' | 'd' | 'D')) { KeyEffect::Quit } else { KeyEffect::None };
        }
        match key.code {
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => return KeyEffect::Quit,
            KeyCode::Char('r' | 'R') => return KeyEffect::Refresh,
            KeyCode::Char('?') => self.is_helping = !self.is_helping,
            KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => self.panel = (self.panel + 1) % PANELS,
            KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') => self.panel = (self.panel + PANELS - 1) % PANELS,
            KeyCode::Down | KeyCode::Char('j') => self.move_to(state, |line| line + 1),
            KeyCode::Up | KeyCode::Char('k') => self.move_to(state, |line| line.saturating_sub(1)),
            KeyCode::PageDown => self.move_to(state, |line| line + PAGE),
            KeyCode::PageUp => self.move_to(state, |line| line.saturating_sub(PAGE)),
            KeyCode::Home | KeyCode::Char('g') => self.move_to(state, |_| 0),
            KeyCode::End | KeyCode::Char('G') => self.move_to(state, |_| usize::MAX),
            _ => return KeyEffect::None,
        }
        KeyEffect::Draw
    }

    fn move_to(&mut self, state: &WatchFrame, to: impl Fn(usize) -> usize) {
        let rows = &state.panels[self.panel].rows;
        let line = to(self.lines[self.panel]).min(rows.len().saturating_sub(1));
        self.lines[self.panel] = line;
        self.keys[self.panel] = rows.get(line).filter(|_| line > 0).map(|row| row.key.clone());
    }
}
