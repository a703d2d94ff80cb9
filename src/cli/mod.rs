//! In: the command line. Out: results on standard output, everything else on standard error, an exit status.
//! What was typed (`args`) becomes what is meant (`options`); commands take only the latter.
//! May use everything.
//!
//! Exit status: 0 done; 1 an audit failed, or `--strict` found damage; 2 usage, or an input could not be read; 130 interrupted.

mod args;
mod audit;
mod columns;
mod completions;
mod conversations;
mod elements;
mod explain;
mod export;
mod filtering;
mod flows;
mod listen;
mod locations;
mod options;
mod outcome;
mod overview;
mod profiles;
mod progress;
mod query;
mod reading;
mod replay;
mod scaling;
mod sources;
mod summary;
mod tables;
mod templates;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use args::{Args, Command};

/// What is no number is told as people would.
fn in_plain_words(error: clap::Error) -> clap::Error {
    let is_number = std::error::Error::source(&error).is_some_and(|why| why.is::<std::num::ParseIntError>());
    match (error.get(ContextKind::InvalidArg), error.get(ContextKind::InvalidValue)) {
        (Some(ContextValue::String(argument)), Some(ContextValue::String(value))) if is_number => {
            let what = format!("invalid value '{value}' for '{argument}': expected a whole number");
            Args::command().error(ErrorKind::ValueValidation, what)
        }
        _ => error,
    }
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|error| in_plain_words(error).exit());
    let result = match args.command {
        None => options::overview(&args.files, &args.common, &args.overview).and_then(|o| overview::run(&o)),
        Some(Command::Flows(flows)) => options::flows(&flows, &args.common).and_then(|o| flows::run(&o)),
        Some(Command::Query(query)) => {
            query::with_many_groups();
            options::query(&query, &args.common).and_then(|o| query::run(&o))
        }
        Some(Command::Export(export)) => options::export(&export, &args.common).and_then(|o| export::run(&o)),
        Some(Command::Summary(summary)) => options::summary(&summary, &args.common).and_then(|o| summary::run(&o)),
        Some(Command::Conversations(conversations)) => {
            options::conversations(&conversations, &args.common).and_then(|o| conversations::run(&o))
        }
        Some(Command::Templates(templates)) => options::templates(&templates, &args.common).and_then(|o| templates::run(&o)),
        Some(Command::Options(tables)) => options::tables(&tables, &args.common).and_then(|o| tables::run(&o)),
        Some(Command::Elements(elements)) => options::elements_command(&elements, &args.common).and_then(|o| elements::run(&o)),
        Some(Command::Audit(audit)) => options::audit(&audit, &args.common).and_then(|o| audit::run(&o)),
        Some(Command::Listen(listen)) => options::listen(&listen, &args.common)
            .and_then(|o| listen::run(&o, &|| options::listen_sources(&listen, &args.common, &o.reading.elements))),
        Some(Command::Explain(explain)) => options::explain_style(&args.common).and_then(|style| explain::run(&explain, &style)),
        Some(Command::Profiles(profiles)) => options::profiles_command(&profiles, &args.common).and_then(|o| profiles::run(&o)),
        Some(Command::Replay(replay)) => options::replay(&replay, &args.common).and_then(|o| replay::run(&o)),
        Some(Command::Sources(sources)) => options::sources(&sources, &args.common).and_then(|o| sources::run(&o)),
        Some(Command::Completions { shell }) => completions::run(shell),
    };
    match result {
        Ok(ending) => ending.code(),
        Err(failure) => {
            // Several lines show a place in what was typed.
            failure.0.lines().enumerate().for_each(|(n, line)| if n == 0 { complain(&line) } else { more(line) });
            ExitCode::from(2)
        }
    }
}

/// How a command ended that did what it could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Done,
    /// `--strict` found damage.
    Damage,
    /// An audit found what it is to fail on.
    Failed,
    /// Some input could not be read.
    Unreadable,
    Interrupted,
}

impl Ending {
    fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Damage | Self::Failed => 1,
            Self::Unreadable => 2,
            Self::Interrupted => 130,
        })
    }
}

/// Why a command could not do its work: one sentence for standard error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

impl Failure {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// One line on standard error; control characters of file names and of the wire do not reach the terminal.
fn complain(what: &dyn std::fmt::Display) {
    let line = what.to_string();
    let _ = writeln!(io::stderr(), "ipfix-inspect: {}", crate::report::escape(&line));
}

/// A further line of a complaint.
fn more(line: &str) {
    let _ = writeln!(io::stderr(), "{}", crate::report::escape(line));
}

/// Writes a whole result to standard output; a closed pipe is no error.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure(format!("standard output: {e}"))),
        _ => Ok(()),
    }
}
