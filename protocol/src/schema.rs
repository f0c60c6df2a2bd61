//! Schemas of what no type here stands for by itself.

use utoipa::ToSchema;

/// A word to find tasks by.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 64,
    pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$",
    example = "nightly"
)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Tag(String);
