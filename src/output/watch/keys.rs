//! Where somebody looks: the panel, the line, the help; and what a key makes of it.
//!
//! Pure as the drawing is: what has to be done outside is answered as an [`KeyEffect`].

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::output::watch::{PANELS, WatchFrame, WatchRow};

/// The last line of a frame.
pub(crate) const FOOT: &str = "q quit  Tab panel  ↑↓ line  r refresh  ? help";

/// What `?` shows.
pub(crate) const HELP: [&str; 9] = [
    "",
    "q  Esc  Ctrl-C     end",
    "Tab  → l           next panel",
    "Shift-Tab  ← h     panel before",
    "↓ j  ↑ k           next line, line before",
    "PgDn  PgUp         ten lines on, ten lines back",
    "Home g  End G      first line, last line",
    "r                  read everything anew",
    "?                  this help, or back",
];

/// Lines that a page is.
const PAGE: usize = 10;

/// What has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyEffect {
    /// Nothing.
    None,
    /// A frame has to be drawn.
    Draw,
    /// Everything is to be read anew.
    Refresh,
    /// That was it.
    Quit,
}

/// Where somebody looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WatchCursor {
    /// In which panel.
    pub panel: usize,
    /// Whether the help is there in the place of the panels.
    pub is_helping: bool,
    pub(crate) lines: [usize; PANELS],
    pub(crate) keys: [Option<String>; PANELS],
}

impl WatchCursor {
    /// The line that is looked at in a panel.
    pub(crate) fn line(&self, panel: usize) -> usize {
        self.lines[panel]
    }

    /// The line that is looked at.
    pub(crate) fn chosen<'s>(&self, state: &'s WatchFrame) -> Option<&'s WatchRow> {
        state.panels[self.panel].rows.get(self.lines[self.panel])
    }

    /// Finds the lines again that were looked at, wherever they are by now.
    pub(crate) fn clamp(&mut self, state: &WatchFrame) {
        for (at, panel) in state.panels.iter().enumerate() {
            let same = |key: &String| panel.rows.iter().position(|row| row.key == *key);
            // Who has not moved stays with the first line, which may be a new one.
            let found = self.keys[at].as_ref().and_then(same);
            self.lines[at] = found.unwrap_or(self.lines[at]).min(panel.rows.len().saturating_sub(1));
        }
    }

    /// What an event of the terminal asks for.
    pub(crate) fn take(&mut self, event: &Event, state: &WatchFrame) -> KeyEffect {
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
            KeyCode::Down | KeyCode::Char('j') => self.go(state, |line| line + 1),
            KeyCode::Up | KeyCode::Char('k') => self.go(state, |line| line.saturating_sub(1)),
            KeyCode::PageDown => self.go(state, |line| line + PAGE),
            KeyCode::PageUp => self.go(state, |line| line.saturating_sub(PAGE)),
            KeyCode::Home | KeyCode::Char('g') => self.go(state, |_| 0),
            KeyCode::End | KeyCode::Char('G') => self.go(state, |_| usize::MAX),
            _ => return KeyEffect::None,
        }
        KeyEffect::Draw
    }

    fn go(&mut self, state: &WatchFrame, to: impl Fn(usize) -> usize) {
        let rows = &state.panels[self.panel].rows;
        let line = to(self.lines[self.panel]).min(rows.len().saturating_sub(1));
        self.lines[self.panel] = line;
        self.keys[self.panel] = rows.get(line).filter(|_| line > 0).map(|row| row.key.clone());
    }
}
