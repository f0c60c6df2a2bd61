//! Kills the real server under load, again and again, and checks that it kept its word.
//!
//! Several clients submit and cancel tasks over HTTP until the process is killed with SIGKILL, at a
//! moment drawn from a seed; then it is started again on the same database. After each kill the
//! database has to be sound, every task that was acknowledged has to be there, and every log has
//! to tell one gapless story that leads to where its task stands. At the end everything has to
//! finish, each task as its kind of work must.
//!
//! `KILLS` says how often, `SEED` repeats the choices of an earlier run (the moments, which
//! processes meet, are the machine's own), and `GLASSWORKS_BINARY` names another binary.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a long run says how it goes, and what cannot be asked fails the test"
)]

mod clients;
mod history;
mod http;
mod inspection;
mod life;
mod server;
mod work;

use std::str::FromStr;
use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use tokio::time::timeout;

use crate::life::Life;

/// Kills when nobody says how many.
const SHORT: u32 = 20;
/// Kills that one database goes through. A new one from time to time keeps a long run from being
/// all about looking through old tasks.
const KILLS_A_LIFE: u32 = 25;
/// What a kill and its checks may take; some hundred times what they do take.
const LIMIT_A_KILL: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_server_that_is_killed_keeps_its_word() {
    let (kills, seed) = (setting("KILLS", SHORT), setting("SEED", rand::random()));
    println!("crash test: SEED={seed} KILLS={kills}");
    let limit = Duration::from_mins(2) + LIMIT_A_KILL * kills;
    let fault = match timeout(limit, lives(kills, seed)).await {
        Ok(Ok(())) => return,
        Ok(Err(fault)) => format!("{fault:#}"),
        Err(_) => format!("it was not over after {limit:?}"),
    };
    panic!("{fault}\n\nrepeat with: make crash SEED={seed} KILLS={kills}");
}

async fn lives(kills: u32, seed: u64) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut total = life::Tally::default();
    while total.kills < kills {
        let left = kills - total.kills;
        total += Life::begin(&mut rng)?.live(left.min(KILLS_A_LIFE)).await?;
        let took = began.elapsed().as_secs_f64();
        println!("crash test: {total}, {took:.1} s");
    }
    Ok(())
}

/// What the environment says, or `default`.
fn setting<T: FromStr>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}
