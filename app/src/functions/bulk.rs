//! Changing many tasks: what it would change, doing it, and how far it is.

use glassworks_protocol::{BulkAction, BulkProgress, TaskCounts};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::Json;
use crate::refused::Refused;

/// What the page of a change starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum ManyChange {
    /// It is to be confirmed.
    Asked {
        /// A number for it, so that it is done once however often it is confirmed.
        change: Uuid,
        /// What is to be done.
        action: BulkAction,
        /// How many tasks are meant, by state; `None` when nobody knows before it is done.
        counts: Option<TaskCounts>,
    },
    /// It goes on, or is over.
    Begun(BulkProgress),
    /// It is not known here: of another node, of before the server's start, or of long ago.
    Unknown,
}

/// What a page's query string asks to change, or how far that is.
#[server(prefix = "/fn", endpoint = "many_change", input = GetUrl, output = Json)]
pub(crate) async fn load_change(query: String) -> Result<ManyChange, Refused> {
    from_engine::load(&super::engine()?, &query).await
}

/// Does what the query string of a confirmed page asks for, and leads to where it is followed.
#[server(prefix = "/fn", endpoint = "begin_change", output = Json)]
#[allow(clippy::unused_async, reason = "a server function is async")]
pub(crate) async fn begin_change(
    change: Uuid,
    asked: String,
    expected: Option<u64>,
) -> Result<(), Refused> {
    from_engine::begin(&super::engine()?, change, &asked, expected)
}

#[cfg(feature = "ssr")]
mod from_engine {
    use glassworks_engine::{Engine, Which};
    use glassworks_protocol::{Problem, ProblemCode, StateCounts, TaskCounts};
    use uuid::Uuid;

    use super::ManyChange;
    use crate::many::{Many, Meant};
    use crate::refused::{Refused, refuse, refuse_error};
    use crate::time::now;

    pub(super) async fn load(engine: &Engine, query: &str) -> Result<ManyChange, Refused> {
        if let Some(change) = Many::followed(query) {
            let progress = engine.change_progress(change);
            return Ok(progress.map_or(ManyChange::Unknown, ManyChange::Begun));
        }
        let many = read(query)?;
        let counts = match &many.meant {
            Meant::All => engine.counts(&many.list.filter(now())).await,
            Meant::These(ids) => engine.summaries_of(ids.clone()).await.map(|tasks| {
                let mut counts = StateCounts::default();
                for task in tasks {
                    *counts.get_mut(task.state) += 1;
                }
                Some(TaskCounts {
                    tasks: counts,
                    most: None,
                })
            }),
        };
        Ok(ManyChange::Asked {
            change: Engine::change_id(),
            action: many.action,
            counts: counts.map_err(|error| refuse_error(&error))?,
        })
    }

    pub(super) fn begin(
        engine: &Engine,
        change: Uuid,
        asked: &str,
        expected: Option<u64>,
    ) -> Result<(), Refused> {
        let many = read(asked)?;
        let which = match &many.meant {
            Meant::All => Which::Matching(many.list.filter(now())),
            Meant::These(ids) => Which::These(ids.clone()),
        };
        engine
            .begin_change(change, many.action, which, expected)
            .map_err(|error| refuse_error(&error))?;
        leptos_axum::redirect(&many.follow(change));
        Ok(())
    }

    fn read(query: &str) -> Result<Many, Refused> {
        Many::parse(query).map_err(|detail| {
            let problem = Problem::new(ProblemCode::Invalid);
            refuse(problem.with_detail(detail))
        })
    }
}
