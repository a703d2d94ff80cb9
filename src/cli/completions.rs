//! `completions`: a script for the shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Args;
use super::{Ending, Failure, print};

pub(super) fn run(shell: Shell) -> Result<Ending, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "ipfix-inspect", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Ending::Done)
}
