//! What the system asks a running program for: to end, to end at once, to read its configuration again.

use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// To end cleanly: SIGTERM or SIGINT, the first time.
    End,
    /// To read the configuration again: SIGHUP.
    Reload,
}

/// What is to be done before a second signal ends the program.
static BEFORE_THE_END: OnceLock<fn()> = OnceLock::new();

/// Has this done before a second signal ends the program at once: the terminal put in order. The first to ask is heard.
pub fn before_a_sudden_end(what: fn()) {
    let _ = BEFORE_THE_END.set(what);
}

/// Signals from now on. The second SIGTERM or SIGINT ends the program at once.
///
/// # Errors
/// The system does not let them be caught.
#[cfg(unix)]
pub fn signals() -> io::Result<Receiver<Signal>> {
    let mut caught = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let (tell, told) = channel();
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut ending = false;
        for signal in caught.forever() {
            let what = if signal == SIGHUP { Signal::Reload } else { Signal::End };
            if what == Signal::End && std::mem::replace(&mut ending, true) {
                if let Some(what) = BEFORE_THE_END.get() {
                    what();
                }
                std::process::exit(130);
            }
            if tell.send(what).is_err() {
                return;
            }
        }
    })?;
    Ok(told)
}

/// Signals from now on; there is none that asks to reload.
///
/// # Errors
/// The system does not let them be caught.
#[cfg(not(unix))]
pub fn signals() -> io::Result<Receiver<Signal>> {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let (tell, told) = channel();
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&asked))?;
        signal_hook::flag::register(signal, Arc::clone(&asked))?;
    }
    thread::Builder::new().name("signals".into()).spawn(move || {
        while !asked.load(Ordering::Relaxed) {
            thread::sleep(std::time::Duration::from_millis(100));
        }
        let _ = tell.send(Signal::End);
    })?;
    Ok(told)
}
