use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;

use super::*;

fn row(key: &str, cells: &[(&str, CellStyle)]) -> WatchRow {
    let cells = cells.iter().map(|(text, style)| Cell::new(text, *style)).collect();
    WatchRow { key: key.to_owned(), cells, detail: Cell::plain(&format!("all of {key}")) }
}

fn panel(title: &'static str, rows: Vec<WatchRow>) -> Panel {
    Panel { title, total: rows.len(), rows, empty: "None" }
}

fn state() -> WatchFrame {
    let lease = |key: &str, left: &str, style, holder: &str, title: &str| {
        row(
            key,
            &[("", CellStyle::Good), (key, CellStyle::Id), (left, style), (holder, CellStyle::Plain), (title, CellStyle::Plain)],
        )
    };
    let leases = vec![
        lease("0a1b2c3d", "9m 12s", CellStyle::Plain, "agent:alice", "Log in without a password"),
        lease("1a1b2c3d", "stale, silent for 2h 0m", CellStyle::Bad, "agent:bob", "Evil\u{1b}[31m\u{202e}title\r\n日本語"),
    ];
    let issues = (0..40).map(|n| row(&format!("i{n}"), &[(&format!("i{n}"), CellStyle::Id), ("high", CellStyle::Warn)])).collect();
    let events = vec![row("e", &[("3s", CellStyle::Faint), ("created", CellStyle::Plain)])];
    WatchFrame {
        head: Cell::plain("git jit watch  agent:alice on main"),
        panels: [panel("Leases", leases), panel("Worktrees", Vec::new()), panel("Available", issues), panel("Events", events)],
        trouble: None,
    }
}

/// A terminal of this size with the frame.
fn screen(columns: u16, lines: u16, state: &WatchFrame, view: &WatchCursor) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).expect("a backend");
    terminal.draw(|frame| draw(frame, state, view, true)).expect("drawn");
    terminal
}

fn lines(terminal: &Terminal<TestBackend>) -> Vec<String> {
    let text = terminal.backend().to_string();
    // The backend notes at the end of a line which cells a wide letter hides.
    let shown = |line: &str| line.split("\" Hidden").next().unwrap_or_default().trim_matches('"').trim_end().to_owned();
    text.lines().map(shown).collect()
}

fn press(view: &mut WatchCursor, state: &WatchFrame, codes: &[KeyCode]) -> KeyEffect {
    codes.iter().map(|code| view.handle(&Event::Key(KeyEvent::from(*code)), state)).last().unwrap_or(KeyEffect::None)
}

#[test]
fn a_frame_has_all_panels_and_the_number_of_hidden_lines() {
    let shown = lines(&screen(80, 24, &state(), &WatchCursor::default()));
    assert_eq!(shown.len(), 24);
    assert_eq!(shown[0], "git jit watch  agent:alice on main");
    assert!(shown[1].starts_with("▶─ Leases 2 ──"), "{shown:#?}");
    assert_eq!(shown[2], "0a1b2c3d  9m 12s                   agent:alice  Log in without a password");
    assert_eq!(shown[3], "1a1b2c3d  stale, silent for 2h 0m  agent:bob    Evil\u{fffd}[31m\u{fffd}title\u{fffd} 日本語");
    assert!(shown[4].starts_with("── Worktrees 0 ──") && shown[5] == "None", "{shown:#?}");
    assert!(shown[6].starts_with("── Available 1-13 of 40 ──") && shown[7] == "i0   high", "{shown:#?}");
    assert!(shown[20].starts_with("── Events 1 ──") && shown[21] == "3s  created", "{shown:#?}");
    assert_eq!(shown[22], "all of 0a1b2c3d");
    assert!(shown[23].starts_with("q quit"));
}

#[test]
fn every_size_can_be_drawn_with_every_selection() {
    let state = state();
    for columns in [1, 2, 3, 7, 20, 40, 79, 80, 200] {
        for lines in [1, 2, 3, 4, 5, 8, 10, 11, 12, 24, 60] {
            for panel in 0..PANELS {
                for is_helping in [false, true] {
                    let mut view = WatchCursor { panel, is_helping, ..WatchCursor::default() };
                    press(&mut view, &state, &[KeyCode::End]);
                    screen(columns, lines, &state, &view);
                }
            }
        }
        assert!(text(&state, columns).lines().all(|line| width(line) <= usize::from(columns)), "{columns}");
    }
    let narrow = lines(&screen(30, 24, &state, &WatchCursor::default()));
    assert_eq!(narrow[2], "0a1b2c3d 9m 12s  agent… Log i…", "{narrow:#?}");
    assert_eq!(text(&state, 0), "\n".repeat(1 + 4 + 2 + 1 + 40 + 1));
}

#[test]
fn a_low_terminal_shows_only_the_selected_panel() {
    let state = state();
    let mut view = WatchCursor::default();
    press(&mut view, &state, &[KeyCode::Tab, KeyCode::Tab, KeyCode::End]);
    let shown = lines(&screen(40, 6, &state, &view));
    assert!(shown[1].starts_with("▶─ Available 38-40 of 40"), "{shown:#?}");
    assert_eq!(&shown[2..5], ["i37 high", "i38 high", "i39 high"]);
}

#[test]
fn keys_move_and_the_selection_stays() {
    let mut state = state();
    let mut view = WatchCursor::default();
    assert_eq!(press(&mut view, &state, &[KeyCode::Down, KeyCode::Down, KeyCode::Char('j')]), KeyEffect::Draw);
    assert_eq!((view.line(0), view.selected(&state).map(|row| row.key.as_str())), (1, Some("1a1b2c3d")));
    state.panels[0].rows.swap(0, 1);
    view.clamp(&state);
    assert_eq!((view.line(0), view.selected(&state).map(|row| row.key.as_str())), (0, Some("1a1b2c3d")));
    press(&mut view, &state, &[KeyCode::BackTab]);
    assert_eq!(view.panel, 3);
    press(&mut view, &state, &[KeyCode::Right, KeyCode::Left, KeyCode::Left, KeyCode::PageDown, KeyCode::PageDown, KeyCode::Up]);
    assert_eq!((view.panel, view.line(2)), (2, 19));
    state.panels[2].rows.truncate(5);
    view.clamp(&state);
    assert_eq!(view.line(2), 4);
    state.panels[2].rows.clear();
    view.clamp(&state);
    assert_eq!((view.line(2), view.selected(&state)), (0, None));
    assert_eq!(press(&mut view, &state, &[KeyCode::Down, KeyCode::End, KeyCode::PageUp, KeyCode::Home]), KeyEffect::Draw);
}

#[test]
fn keys_quit_refresh_and_show_help() {
    let state = state();
    let mut view = WatchCursor::default();
    for code in [KeyCode::Char('q'), KeyCode::Esc] {
        assert_eq!(press(&mut view, &state, &[code]), KeyEffect::Quit);
    }
    let control = |letter| Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL));
    assert_eq!((view.handle(&control('c'), &state), view.handle(&control('z'), &state)), (KeyEffect::Quit, KeyEffect::None));
    assert_eq!(press(&mut view, &state, &[KeyCode::Char('r')]), KeyEffect::Refresh);
    assert_eq!(press(&mut view, &state, &[KeyCode::Char('x')]), KeyEffect::None);
    assert_eq!(view.handle(&Event::Resize(1, 1), &state), KeyEffect::Draw);
    press(&mut view, &state, &[KeyCode::Char('?')]);
    let shown = lines(&screen(80, 24, &state, &view));
    assert!(shown.iter().any(|line| line.starts_with("Tab")) && !shown.iter().any(|line| line.contains("Leases")), "{shown:#?}");
    press(&mut view, &state, &[KeyCode::Char('?')]);
    assert!(!view.is_helping);
}

#[test]
fn trouble_replaces_the_head_and_colour_is_optional() {
    let mut state = state();
    state.trouble = Some(Cell::new("it cannot be read", CellStyle::Bad));
    let terminal = screen(80, 24, &state, &WatchCursor::default());
    assert_eq!(lines(&terminal)[0], "it cannot be read");
    assert_eq!(terminal.backend().buffer()[(0, 0)].fg, Color::Red);
    let mut plain = Terminal::new(TestBackend::new(80, 24)).expect("a backend");
    plain.draw(|frame| draw(frame, &state, &WatchCursor::default(), false)).expect("drawn");
    assert!(plain.backend().buffer().content().iter().all(|cell| cell.fg == Color::Reset));
    assert!(text(&state, 80).starts_with("git jit watch  agent:alice on main\nit cannot be read\n── Leases 2 ─"));
}
