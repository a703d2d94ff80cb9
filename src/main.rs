//! The program: parse, run, exit status; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    ipfix_inspect::cli::main()
}
