//! `cargo xtask`: builds the web files that the server carries, and holds them to their budget.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to its terminal"
)]

mod bindgen;
mod budget;
mod compress;
mod digest;
mod files;
mod manifest;
mod names;
mod optimize;
mod program;
mod project;
mod report;
mod site;
mod split;
mod style;
mod table;
mod wasm;
mod web;

use anyhow::{Result, bail};

use crate::project::Project;

const USAGE: &str = "\
Usage: cargo xtask <command>

  web      build the wasm, script, style and public files into <target>/site
  budget   fail when a page loads more wasm and script than allowed
";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["web"] => web::build(&Project::locate()?),
        ["budget"] => budget::check(&Project::locate()?),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown command line {arguments:?}\n\n{USAGE}"),
    }
}
