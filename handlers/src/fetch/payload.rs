//! What to fetch.

use glassworks_protocol::FieldError;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::outbound::Outbound;

const MOST_SOURCES: usize = 100;
const LONGEST_NAME: usize = 100;
const LONGEST_TIMEOUT_MS: u64 = 300_000;
const MOST_CONCURRENCY: u32 = 100;

/// What to fetch, and how patiently.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FetchPayload)]
pub struct Payload {
    /// The URLs, each with a name: 1 to 100.
    #[schema(min_items = 1, max_items = 100)]
    pub sources: Vec<Source>,
    /// How long one source may take, in milliseconds from its own start.
    #[serde(default = "ten_seconds")]
    #[schema(minimum = 1, maximum = 300_000, default = 10_000)]
    pub timeout_ms: u64,
    /// How many are fetched at the same time.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 100, default = 10)]
    pub concurrency: u32,
}

/// One URL to fetch.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What to call it in the report: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// An http or https URL.
    #[schema(max_length = 8000)]
    pub url: String,
}

fn ten_seconds() -> u64 {
    10_000
}

fn ten() -> u32 {
    10
}

impl Payload {
    /// Refuses what is out of range, and URLs that `outbound` would refuse whatever their names
    /// resolve to.
    pub fn check(&self, outbound: &Outbound) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut expect = |holds: bool, pointer: &str, detail: String| {
            if !holds {
                errors.push(FieldError::new(pointer, detail));
            }
        };
        expect(
            (1..=LONGEST_TIMEOUT_MS).contains(&self.timeout_ms),
            "/timeout_ms",
            format!("expected 1 to {LONGEST_TIMEOUT_MS}"),
        );
        expect(
            (1..=MOST_CONCURRENCY).contains(&self.concurrency),
            "/concurrency",
            format!("expected 1 to {MOST_CONCURRENCY}"),
        );
        expect(
            (1..=MOST_SOURCES).contains(&self.sources.len()),
            "/sources",
            format!("expected 1 to {MOST_SOURCES} sources"),
        );
        for (place, source) in self.sources.iter().take(MOST_SOURCES).enumerate() {
            let length = source.name.chars().count();
            let is_plain = !source.name.chars().any(char::is_control);
            expect(
                (1..=LONGEST_NAME).contains(&length) && is_plain,
                &format!("/sources/{place}/name"),
                format!(
                    "expected 1 to {LONGEST_NAME} characters, none of them a control character"
                ),
            );
            if let Err(error) = outbound.check(&source.url) {
                expect(false, &format!("/sources/{place}/url"), error.to_string());
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }
}
