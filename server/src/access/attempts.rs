//! Slows those down who come with wrong keys.
//!
//! Guessing a key is hopeless at any pace; this is about the log, the load, and clients that repeat a
//! revoked key for ever. It keeps nobody out who has a good key: whoever shares an address with a
//! client gone wrong, behind a proxy say, is not to suffer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

/// Wrong keys from one address, or the same wrong key, that are answered without a wait.
const FREE: u32 = 10;
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Whoever has been quiet for so long is forgiven.
const FORGIVEN: Duration = Duration::from_mins(10);
/// How many addresses and keys are remembered. Past it, the older half is forgotten.
const REMEMBERED: usize = 10_000;

/// What wrong keys are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source {
    /// An address; of IPv6 the network, since everybody has a whole one.
    Address(IpAddr),
    /// The key itself, known by its hash.
    Key([u8; 16]),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    /// How long the next has to wait, as of `now`.
    fn wait(self, now: Instant) -> Option<Duration> {
        let doublings = self.count.checked_sub(FREE)?.min(16);
        let wait = Duration::from_secs(1 << doublings).min(LONGEST_WAIT);
        let left = (self.last + wait).saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }
}

/// Wrong keys, in bounded memory.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<HashMap<Source, Failures>>);

impl Attempts {
    /// Notes that somebody has come with the wrong `key`. How long they have to wait, when this one
    /// comes too early to be counted.
    pub(crate) fn failed(&self, from: Option<IpAddr>, key: &str) -> Result<(), Duration> {
        self.failed_at(from, key, Instant::now())
    }

    fn failed_at(&self, from: Option<IpAddr>, key: &str, now: Instant) -> Result<(), Duration> {
        let sources = [from.map(address), Some(fingerprint(key))];
        let mut known = self.0.lock();
        let waits = sources.iter().flatten();
        let waits = waits.filter_map(|source| known.get(source)?.wait(now));
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for source in sources.into_iter().flatten() {
            make_room(&mut known);
            let failures = known.entry(source).or_insert(Failures {
                count: 0,
                last: now,
            });
            if now.duration_since(failures.last) > FORGIVEN {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
        }
        Ok(())
    }
}

fn make_room(known: &mut HashMap<Source, Failures>) {
    if known.len() < REMEMBERED {
        return;
    }
    let mut moments: Vec<Instant> = known.values().map(|failures| failures.last).collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    let median = *median;
    known.retain(|_, failures| failures.last > median);
}

fn address(from: IpAddr) -> Source {
    Source::Address(match from.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    })
}

fn fingerprint(key: &str) -> Source {
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(key)[..16]);
    Source::Key(half)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Attempts, FORGIVEN, FREE, REMEMBERED};

    #[test]
    fn who_goes_on_waits_longer_each_time_and_is_forgiven() {
        let attempts = Attempts::default();
        let from = Some("192.0.2.1".parse().unwrap());
        let mut now = Instant::now();
        for key in 0..FREE {
            let key = key.to_string();
            assert_eq!(attempts.failed_at(from, &key, now), Ok(()));
        }
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = Duration::from_secs(wait);
            assert_eq!(attempts.failed_at(from, "x", now), Err(wait));
            now += wait;
            let key = format!("{now:?}");
            assert_eq!(attempts.failed_at(from, &key, now), Ok(()));
        }
        let elsewhere = Some("192.0.2.2".parse().unwrap());
        assert_eq!(attempts.failed_at(elsewhere, "y", now), Ok(()));
        now += FORGIVEN + Duration::from_secs(1);
        for key in 0..FREE {
            let key = format!("again {key}");
            assert_eq!(attempts.failed_at(from, &key, now), Ok(()));
        }
    }

    #[test]
    fn the_same_key_waits_wherever_it_comes_from() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for host in 0..FREE {
            let from = format!("192.0.2.{host}").parse().ok();
            assert_eq!(attempts.failed_at(from, "revoked", now), Ok(()));
        }
        let from = "198.51.100.1".parse().ok();
        assert!(attempts.failed_at(from, "revoked", now).is_err());
        assert!(attempts.failed_at(from, "another", now).is_ok());
    }

    #[test]
    fn a_network_of_addresses_counts_as_one_and_memory_is_bounded() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for host in 0..FREE {
            let from = format!("2001:db8::{host:x}").parse().ok();
            assert!(attempts.failed_at(from, &host.to_string(), now).is_ok());
        }
        let from = "2001:db8::ffff:1".parse().ok();
        assert!(attempts.failed_at(from, "x", now).is_err());
        for key in 0..3 * REMEMBERED {
            let later = now + Duration::from_micros(key as u64);
            let _ = attempts.failed_at(None, &key.to_string(), later);
        }
        assert!(attempts.0.lock().len() <= REMEMBERED);
    }
}
