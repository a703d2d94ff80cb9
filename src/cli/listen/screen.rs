//! The terminal of the live view: takes it, draws what is published, reads the keys, and gives it back whatever happens.

use std::io;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal::{EnterAlternateScreen, enable_raw_mode};
use ratatui::crossterm::{cursor, execute};
use ratatui::{DefaultTerminal, Terminal};

use crate::relay::{LogLines, before_a_sudden_end};
use crate::report::{LiveKey, LiveView};

use super::super::Failure;
use super::Shared;

/// The longest wait for a key: so soon a new moment is drawn.
const WAIT: Duration = Duration::from_millis(100);
/// The view is drawn anew at least so often.
const REDRAW: Duration = Duration::from_secs(1);

/// Set once the terminal was given back: nothing may be drawn any more.
static GIVEN_BACK: AtomicBool = AtomicBool::new(false);

/// The view with its terminal.
pub(super) struct Screen {
    terminal: DefaultTerminal,
    view: LiveView,
    log: LogLines,
}

impl Screen {
    /// Takes the terminal. A panic in any thread gives it back before it is told.
    pub(super) fn open(color: bool, log: LogLines) -> Result<Self, Failure> {
        GIVEN_BACK.store(false, Ordering::SeqCst);
        before_a_sudden_end(give_back);
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            told(info);
        }));
        let terminal = take().map_err(|e| {
            give_back();
            Failure(format!("--tui: the terminal can't be used: {e}"))
        })?;
        Ok(Self { terminal, view: LiveView::new(color), log })
    }

    /// Shows the run until it is over. A key that asks for its end is like SIGINT: the first ends it cleanly, the second at once.
    pub(super) fn run(mut self, shared: &Shared, done: &AtomicBool) -> io::Result<()> {
        // Whatever ends the view ends the run: nobody could see it.
        let _end = Asks(shared);
        let mut shown = None;
        let mut drawn: Option<Instant> = None;
        while !done.load(Ordering::Relaxed) && !GIVEN_BACK.load(Ordering::SeqCst) {
            let mut changed = drawn.is_none_or(|at| at.elapsed() >= REDRAW);
            if let Some((live, _)) = shared.published.latest()
                && shown.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &live))
            {
                self.view.take(Arc::clone(&live));
                shown = Some(live);
                changed = true;
            }
            for line in self.log.take() {
                self.view.log(line.time, line.severity, &line.text);
                changed = true;
            }
            if changed {
                self.draw()?;
                drawn = Some(Instant::now());
            }
            if event::poll(WAIT)? {
                match event::read()? {
                    Event::Key(key) if key.kind != KeyEventKind::Release => self.key(key, shared),
                    _ => {}
                }
                self.draw()?;
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        if !GIVEN_BACK.load(Ordering::SeqCst) {
            let view = &mut self.view;
            self.terminal.draw(|frame| view.draw(frame))?;
        }
        Ok(())
    }

    fn key(&mut self, key: KeyEvent, shared: &Shared) {
        let Some(key) = live_key(key) else { return };
        if self.view.key(key) {
            if shared.quit.swap(true, Ordering::Relaxed) {
                give_back();
                std::process::exit(130);
            }
            self.view.ending();
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

struct Asks<'a>(&'a Shared);

impl Drop for Asks<'_> {
    fn drop(&mut self) {
        self.0.quit.store(true, Ordering::Relaxed);
    }
}

fn take() -> io::Result<DefaultTerminal> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen)?;
    Terminal::new(CrosstermBackend::new(io::stdout()))
}

/// Puts the terminal in order, once.
fn give_back() {
    if !GIVEN_BACK.swap(true, Ordering::SeqCst) {
        // There is nobody left to tell if it fails.
        let _ = ratatui::try_restore();
        let _ = execute!(io::stdout(), cursor::Show);
    }
}

fn live_key(key: KeyEvent) -> Option<LiveKey> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(LiveKey::Interrupt);
    }
    Some(match key.code {
        KeyCode::Char(c) => LiveKey::Char(c),
        KeyCode::Enter => LiveKey::Enter,
        KeyCode::Esc => LiveKey::Escape,
        KeyCode::Up => LiveKey::Up,
        KeyCode::Down => LiveKey::Down,
        KeyCode::PageUp => LiveKey::PageUp,
        KeyCode::PageDown => LiveKey::PageDown,
        KeyCode::Home => LiveKey::Home,
        KeyCode::End => LiveKey::End,
        _ => return None,
    })
}
