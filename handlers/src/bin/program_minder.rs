//! A minder and nothing else, for tests and for programs that build the engine and the kinds into
//! themselves without a `main` of their own that could become one.

use std::process::ExitCode;

use glassworks_handlers::command::minder;

fn main() -> ExitCode {
    minder::main()
}
