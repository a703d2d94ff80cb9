//! `listen --tui` in a terminal that `script` of util-linux makes: keys, what it writes, how it leaves the terminal.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{PROGRAM, program, skip};

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";
const SHOW_CURSOR: &str = "\x1b[?25h";

struct View {
    child: Child,
    chunks: Receiver<Vec<u8>>,
    text: String,
}

impl View {
    /// `None` where there is no `script`.
    fn start() -> Option<Self> {
        let line = format!("stty rows 24 cols 80; exec {PROGRAM} listen --tui --port 0");
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.env("TERM", "xterm-256color").env_remove("NO_COLOR").spawn().ok()?;
        let mut out = child.stdout.take().unwrap();
        let (tell, chunks) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = out.read(&mut buffer) {
                if tell.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Some(Self { child, chunks, text: String::new() })
    }

    fn wait(&mut self, what: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        while !self.text.contains(what) {
            assert!(Instant::now() < until, "no {what:?} in {:?}", self.text);
            if let Ok(chunk) = self.chunks.recv_timeout(Duration::from_millis(100)) {
                self.text.push_str(&String::from_utf8_lossy(&chunk));
            }
        }
    }

    fn type_in(&mut self, keys: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).and_then(|()| stdin.flush()).unwrap();
    }

    /// Ends well, with the terminal as it was and the last summary on it.
    fn ended(mut self) {
        self.wait("In all:");
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{:?}", self.text);
        let (enter, leave) = (self.text.find(ENTER).unwrap(), self.text.rfind(LEAVE).unwrap());
        let (cursor, summary) = (self.text.rfind(SHOW_CURSOR).unwrap(), self.text.find("In all:").unwrap());
        assert!(enter < leave && leave < summary && leave < cursor, "{:?}", self.text);
    }
}

#[test]
fn keys_in_a_terminal() {
    let Some(mut view) = View::start() else { return skip("keys_in_a_terminal", "script") };
    // Words alone: blanks that stand there already are not written.
    view.wait("listening");
    view.type_in("?");
    view.wait("scroll");
    view.type_in("xq");
    view.ended();
    for key in ["\x03", "\x1b"] {
        let Some(mut view) = View::start() else { return };
        view.wait("Exporters");
        view.type_in(key);
        view.ended();
    }
}

#[test]
fn it_needs_a_terminal() {
    let output = program(&["listen", "--tui", "--port", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said, "ipfix-inspect: --tui: standard output is no terminal; --summary 10s tells the same in lines\n");
}
