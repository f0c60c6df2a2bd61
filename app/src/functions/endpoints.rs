//! The async endpoints as the page `/try` reaches them: each does what its REST route does.
//!
//! Their answers are streams of bytes, and not values: the page shows when the first byte came and when
//! the last, and a reader that drops the stream ends the work.

use std::collections::BTreeMap;

use glassworks_protocol::TaskId;
use leptos::prelude::*;
use leptos::server_fn::codec::{ByteStream, GetUrl, Streaming};
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::refused::Refused;

#[cfg(feature = "ssr")]
use {
    crate::form::Typed,
    crate::refused::refuse,
    futures::StreamExt as _,
    glassworks_handlers::basics::{self, Numbers, SlowError},
    glassworks_protocol::Problem,
};

/// What is heard of a request: its answer's body, or why there is none.
pub(crate) type Heard = Result<ByteStream<Refused>, Refused>;

/// An endpoint that answers at once, with a word or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Endpoint {
    /// Greets.
    Hello,
    /// Says how the server is.
    Health,
    /// Says whether the process answers.
    Livez,
    /// Says whether to send it work.
    Readyz,
}

impl Endpoint {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Hello, Self::Health, Self::Livez, Self::Readyz];

    /// The path of its REST route.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Hello => "/api/hello",
            Self::Health => "/api/health",
            Self::Livez => "/livez",
            Self::Readyz => "/readyz",
        }
    }
}

/// Answers as one of the short endpoints does.
#[server(prefix = "/fn", endpoint = "try_answer", input = GetUrl, output = Streaming)]
pub(crate) async fn try_answer(endpoint: Endpoint) -> Heard {
    let engine = super::engine()?;
    Ok(match endpoint {
        Endpoint::Hello => on_the_server::whole(&basics::hello()),
        Endpoint::Health => on_the_server::whole(&basics::health(&engine)),
        Endpoint::Livez => on_the_server::whole(&basics::alive()),
        Endpoint::Readyz => on_the_server::whole(&basics::ready(&engine).await.map_err(refuse)?),
    })
}

/// Waits as `GET /api/slow` does. What is empty was not given.
#[server(prefix = "/fn", endpoint = "try_slow", input = GetUrl, output = Streaming)]
pub(crate) async fn try_slow(seconds: String, timeout: String) -> Heard {
    let seconds = on_the_server::read("seconds", &seconds)?;
    let timeout = on_the_server::read("timeout", &timeout)?;
    let waited = basics::slow(seconds, timeout).await;
    let waited = waited.map_err(SlowError::problem).map_err(refuse)?;
    Ok(on_the_server::whole(&waited))
}

/// Asks the services that `GET /api/aggregate` asks: lines of JSON, of which each is an
/// [`Asking`](glassworks_protocol::Asking), as it happens.
#[server(prefix = "/fn", endpoint = "try_aggregate", input = GetUrl, output = Streaming)]
#[allow(clippy::unused_async, reason = "a server function is async")]
pub(crate) async fn try_aggregate() -> Heard {
    let lines = basics::asking().map(|heard| {
        // Cannot fail: what travels has string keys only.
        let mut line = serde_json::to_string(&heard).unwrap_or_default();
        line.push('\n');
        Ok(line)
    });
    Ok(ByteStream::new(lines))
}

/// Sends the lines that `GET /api/stream` sends, each as soon as it is made. What is empty was not
/// given.
#[server(prefix = "/fn", endpoint = "try_stream", input = GetUrl, output = Streaming)]
#[allow(clippy::unused_async, reason = "a server function is async")]
pub(crate) async fn try_stream(count: String, interval_ms: String, word: String) -> Heard {
    let wanted = Numbers {
        count: on_the_server::read("count", &count)?,
        interval_ms: on_the_server::read("interval_ms", &interval_ms)?,
    };
    let lines = basics::lines(wanted, on_the_server::read("word", &word)?)
        .map_err(|faults| refuse(Problem::bad_query(faults)))?;
    Ok(ByteStream::new(lines.map(Ok)))
}

/// Submits a task of kind `sleep` with what was typed into its form, to be watched from here.
#[server(prefix = "/fn", endpoint = "try_task", output = Json)]
pub(crate) async fn try_task(
    #[server(default)] payload: BTreeMap<String, String>,
) -> Result<TaskId, Refused> {
    super::submit::submit("sleep", &Typed::sent(&payload, &BTreeMap::new())).await
}

#[cfg(feature = "ssr")]
mod on_the_server {
    use std::fmt::Display;
    use std::str::FromStr;

    use futures::stream;
    use glassworks_engine::shape;
    use glassworks_protocol::{FieldError, Problem};
    use leptos::server_fn::codec::ByteStream;
    use serde::Serialize;

    use crate::refused::{Refused, refuse};

    /// An answer that is whole: JSON, as the REST route writes it.
    pub(super) fn whole<T: Serialize>(answer: &T) -> ByteStream<Refused> {
        // Cannot fail: what travels has string keys only.
        let json = serde_json::to_string(answer).unwrap_or_default();
        ByteStream::new(stream::iter([Ok(json)]))
    }

    /// A parameter as the REST routes read one that may be absent or empty.
    pub(super) fn read<T: FromStr<Err: Display>>(
        name: &str,
        text: &str,
    ) -> Result<Option<T>, Refused> {
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error: T::Err| {
            let fault = FieldError::new(name, shape::in_words(&error));
            refuse(Problem::bad_query(vec![fault]))
        })
    }
}
