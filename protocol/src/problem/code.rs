//! The sorts of problems there are, in one table: what programs tell them apart by.

use std::fmt;

macro_rules! codes {
    ($($variant:ident, $code:literal, $status:literal, $title:literal, $meaning:literal;)+) => {
        /// A sort of problem. Its word stays what it is for as long as the API does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(
            feature = "openapi",
            derive(utoipa::ToSchema),
            schema(rename_all = "snake_case", example = "invalid")
        )]
        pub enum ProblemCode {
            $(#[doc = $meaning] $variant,)+
        }

        impl ProblemCode {
            /// Every sort, by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its word: stable, in `snake_case`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status that it is told with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// What it is in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// When it is told, and what helps.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }
    };
}

codes! {
    BadRequest, "bad_request", 400, "Bad request",
        "The request is malformed, or broke off.";
    BadHost, "bad_host", 400, "No host",
        "The `Host` header is missing, or no host name with an optional port.";
    NotJson, "not_json", 400, "Not JSON",
        "The body is not JSON; the detail says where it ceases to be.";
    BadMessage, "bad_message", 400, "Not a message",
        "A WebSocket message was not understood. The connection stays open.";
    Unauthorized, "unauthorized", 401, "Not signed in",
        "A key or a session is needed (`Authorization: Bearer`), or the one that was sent is not good any more.";
    Forbidden, "forbidden", 403, "Not allowed",
        "The key does not allow this; the detail says which scope does, or which limit of the key forbids it.";
    ForeignOrigin, "foreign_origin", 403, "Another site's page",
        "A browser says that another site's page made it send this (`Origin`, `Sec-Fetch-Site`).";
    NotFound, "not_found", 404, "Nothing there",
        "There is nothing at this path, or the id in it is none.";
    NoSuchTask, "no_such_task", 404, "No such task",
        "There is no task with this id, or not any more.";
    NoSuchSchedule, "no_such_schedule", 404, "No such schedule",
        "There is no schedule with this id, or not any more.";
    NoSuchQueue, "no_such_queue", 404, "No such queue",
        "No queue of this name has tasks or settings.";
    NoSuchKey, "no_such_key", 404, "No such key",
        "There is no key with this id, or not any more.";
    NoSuchSession, "no_such_session", 404, "No such session",
        "There is no session with this id, or not any more.";
    NoSuchWorker, "no_such_worker", 404, "No such worker",
        "No worker with this id was heard of in the last hour.";
    MethodNotAllowed, "method_not_allowed", 405, "Wrong method",
        "The path does not take this method; `Allow` says which it takes.";
    BodyTimeout, "body_timeout", 408, "Body too slow",
        "The body did not arrive in time.";
    StateConflict, "state_conflict", 409, "The task's state forbids it",
        "The task's state forbids what was asked; the detail says which state it is in.";
    UniqueKeyTaken, "unique_key_taken", 409, "The unique key is taken",
        "Another unfinished task has this task's `unique_key`.";
    RequestInFlight, "request_in_flight", 409, "The same request is being answered",
        "A request with this `Idempotency-Key` is being answered at this moment: ask again after `Retry-After`.";
    TaskDeleted, "task_deleted", 410, "The task was deleted",
        "This request was sent before, and the task that answered it has been deleted since.";
    BodyTooLarge, "body_too_large", 413, "Body too large",
        "The body is longer than this route takes.";
    PayloadTooLarge, "payload_too_large", 413, "Payload too large",
        "A task's payload is longer than the limit.";
    UnsupportedMediaType, "unsupported_media_type", 415, "Not declared as JSON",
        "The body does not say that it is JSON (`Content-Type: application/json`).";
    Misdirected, "misdirected", 421, "Not this server's name",
        "The server does not answer to the name in `Host`; its operator can allow it.";
    Invalid, "invalid", 422, "Unprocessable content",
        "Understood, but not acceptable: `errors` says what is wrong where, at most 20 of them, and `more_errors` whether there are more.";
    WebsocketExpected, "websocket_expected", 426, "A WebSocket is expected",
        "The route speaks WebSocket, and the request does not ask for that.";
    TooManySubscriptions, "too_many_subscriptions", 429, "Too many subscriptions",
        "The connection has as many subscriptions as one may have.";
    TooManyAttempts, "too_many_attempts", 429, "Too many wrong keys",
        "Too many wrong keys came from this address, or this one too often: try again after `Retry-After`.";
    Internal, "internal", 500, "Internal error",
        "Something went wrong in the server. Its log says what, under the number in `X-Request-Id`.";
    StoreFailed, "store_failed", 500, "The store failed",
        "The store could not do its part. The log says why.";
    BacklogFull, "backlog_full", 503, "The backlog is full",
        "As many tasks are unfinished as the server takes: submit again after `Retry-After`.";
    Crowded, "crowded", 503, "Too much is asked at the same time",
        "As many questions of this sort wait for the store as may: ask again after `Retry-After`.";
    NoRoom, "no_room", 503, "Too much is held at the same time",
        "As much memory as may be is held for clients at this moment: ask again after `Retry-After`.";
    TakesTooLong, "takes_too_long", 503, "It takes too long",
        "The store gave the question up: narrow it, or ask again after `Retry-After`.";
    StoreUnavailable, "store_unavailable", 503, "The store is not available",
        "Nothing can be stored or read at this moment: the same may be sent again after `Retry-After`.";
    ShuttingDown, "shutting_down", 503, "Shutting down",
        "The server is shutting down and takes no more work: ask again after `Retry-After`.";
    NotReady, "not_ready", 503, "Not ready",
        "The server does not take work at this moment; the detail says why.";
    OutOfTime, "out_of_time", 504, "Out of time",
        "The work takes longer than the request allows.";
}

impl ProblemCode {
    /// Where it is described: a reference on the server that told it.
    pub fn uri(self) -> String {
        format!("/docs/problems#{self}")
    }
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::ProblemCode;

    #[test]
    fn each_sort_has_a_word_and_a_title_of_its_own() {
        let words: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
        let titles: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.title()).collect();
        assert_eq!(words.len(), ProblemCode::ALL.len());
        assert_eq!(titles.len(), ProblemCode::ALL.len());
        for word in words {
            let plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            assert!(word.chars().all(plain), "{word}");
        }
        assert!(ProblemCode::ALL.is_sorted_by_key(|code| code.status()));
    }

    #[test]
    fn the_documentation_has_each_sort() {
        const DOCUMENTED: &str = include_str!("../../../docs/problems.md");
        let mut table =
            String::from("| code | status | title | when |\n| --- | --- | --- | --- |\n");
        for code in ProblemCode::ALL {
            let (status, title, meaning) = (code.status(), code.title(), code.meaning());
            writeln!(table, "| `{code}` | {status} | {title} | {meaning} |").unwrap();
        }
        assert!(
            DOCUMENTED.ends_with(&table),
            "docs/problems.md should end with this table:\n{table}"
        );
    }
}
