//! Schedules: what their page starts from, and what can be done with them.

use std::collections::BTreeMap;

use glassworks_protocol::{FiringTime, KindInfo, Schedule, TaskSummary};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::Json;
use crate::refused::Refused;

#[cfg(feature = "ssr")]
use {
    crate::form::Typed,
    crate::form::schedule::{in_form, new_schedule},
    crate::query,
    crate::refused::{is_plain_form, refuse, refuse_error},
    glassworks_engine::{Engine, Error, RequestContext},
    glassworks_protocol::{Problem, ProblemCode},
    leptos::server_fn::ServerFn,
    leptos::server_fn::error::ServerFnUrlError,
};

/// Firings that are foretold.
#[cfg(feature = "ssr")]
const FIRINGS: u32 = 10;
/// Firings that are foretold of a rule that is being typed.
#[cfg(feature = "ssr")]
const FIRINGS_OF_DRAFT: u32 = 3;
/// The latest tasks that are shown.
#[cfg(feature = "ssr")]
const TASKS: u32 = 10;

/// What the page starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Schedules {
    /// All of them.
    All(Vec<Schedule>),
    /// One.
    One(Box<ScheduleStory>),
}

/// A schedule, what it will do and what it has done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScheduleStory {
    pub(crate) schedule: Schedule,
    /// When it fires next.
    pub(crate) firings: Vec<FiringTime>,
    /// Its latest tasks, newest first.
    pub(crate) tasks: Vec<TaskSummary>,
}

/// What the form of a schedule needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScheduleDraft {
    /// Given before it is sent, so that sending it twice makes one.
    pub(crate) id: Uuid,
    /// The schedule as it stands, if it does.
    pub(crate) before: Option<Schedule>,
    /// The kinds that there are.
    pub(crate) kinds: Vec<KindInfo>,
}

/// What somebody asks of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScheduleChange {
    Pause,
    Resume,
    /// Submit its task now.
    Run,
    Delete,
}

impl ScheduleChange {
    const ALL: [Self; 4] = [Self::Pause, Self::Resume, Self::Run, Self::Delete];

    /// The change that is sent as `word`.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.as_str() == word)
    }

    /// As it is sent.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Run => "run",
            Self::Delete => "delete",
        }
    }
}

/// What `/schedules` shows: all without an `id`, else one.
#[server(prefix = "/fn", endpoint = "schedules", input = GetUrl, output = Json)]
pub(crate) async fn load_schedules(#[server(default)] id: String) -> Result<Schedules, Refused> {
    let engine = super::engine()?;
    let loaded = match &*id {
        "" => engine.schedules().await.map(Schedules::All),
        id => one(&engine, named(id)?).await,
    };
    loaded.map_err(|error| refuse_error(&error))
}

/// What the form of the schedule `id` needs; without one, of a new schedule.
#[server(prefix = "/fn", endpoint = "schedule_form", input = GetUrl, output = Json)]
pub(crate) async fn load_schedule_form(
    #[server(default)] id: String,
) -> Result<ScheduleDraft, Refused> {
    let engine = super::engine()?;
    let before = match &*id {
        "" => None,
        id => Some(named(id)?),
    };
    let draft = draft(&engine, before).await;
    draft.map_err(|error| refuse_error(&error))
}

/// When a rule that is being typed would fire.
#[server(prefix = "/fn", endpoint = "firings", input = GetUrl, output = Json)]
#[allow(clippy::unused_async, reason = "a server function is async")]
pub(crate) async fn load_firings(
    #[server(default)] cron: String,
    #[server(default)] time_zone: String,
) -> Result<Vec<FiringTime>, Refused> {
    let engine = super::engine()?;
    let firings = engine.foretell(cron.trim(), time_zone.trim(), FIRINGS_OF_DRAFT);
    firings.map_err(|error| refuse_error(&error))
}

/// Does with a schedule what was asked. A request to run it that is sent twice under one `request`
/// runs it once. Whether it is there still: when it was deleted, leads to the others.
#[server(prefix = "/fn", endpoint = "change_schedule", output = Json)]
pub(crate) async fn change_schedule(
    id: Uuid,
    change: ScheduleChange,
    #[server(default)] request: String,
) -> Result<bool, Refused> {
    let engine = super::engine()?;
    let changed = match change {
        ScheduleChange::Pause => engine.pause_schedule(id, true).await.map(drop),
        ScheduleChange::Resume => engine.pause_schedule(id, false).await.map(drop),
        ScheduleChange::Run => {
            let context = RequestContext {
                idempotency_key: Some(request).filter(|request| !request.is_empty()),
                ..RequestContext::default()
            };
            engine.run_schedule(id, &context).await.map(drop)
        }
        ScheduleChange::Delete => engine.delete_schedule(id).await,
    };
    changed.map_err(|error| refuse_error(&error))?;
    let stands = change != ScheduleChange::Delete;
    if !stands {
        leptos_axum::redirect("/schedules");
    }
    Ok(stands)
}

/// Makes the schedule that was typed, or changes the one of this id, and leads to its page.
#[server(prefix = "/fn", endpoint = "save_schedule", output = Json)]
pub(crate) async fn save_schedule(
    id: Uuid,
    #[server(default)] rule: BTreeMap<String, String>,
    #[server(default)] payload: BTreeMap<String, String>,
    #[server(default)] options: BTreeMap<String, String>,
) -> Result<(), Refused> {
    let engine = super::engine()?;
    let typed = Typed::grouped([
        ("rule", &rule),
        ("payload", &payload),
        ("options", &options),
    ]);
    let before = engine.schedule(id).await.ok();
    let new = new_schedule(&typed, before.as_ref(), &format!("schedule:{id}"))
        .map_err(|errors| Problem::new(ProblemCode::Invalid).with_errors(errors));
    let saved = match new {
        Ok(new) => (engine.put_schedule(id, new).await)
            .map_err(|error| refuse(in_form(refuse_error(&error).0.as_ref().clone()))),
        Err(problem) => Err(refuse(problem)),
    };
    match saved {
        Ok(_) => {
            leptos_axum::redirect(&format!("/schedules/{id}"));
            Ok(())
        }
        Err(refused) => {
            if is_plain_form() {
                let page = match before {
                    Some(_) => format!("/schedules/{id}/edit"),
                    None => "/schedules/new".to_owned(),
                };
                back_to_form(&page, &typed, &refused);
            }
            Err(refused)
        }
    }
}

impl SaveSchedule {
    /// What a form sends: each control with its name.
    pub(crate) fn of(id: Uuid, sent: Vec<(String, String)>) -> Self {
        let mut schedule = Self {
            id,
            rule: BTreeMap::new(),
            payload: BTreeMap::new(),
            options: BTreeMap::new(),
        };
        for (name, value) in sent {
            let Some((group, key)) = name.strip_suffix(']').and_then(|it| it.split_once('['))
            else {
                continue;
            };
            let group = match group {
                "rule" => &mut schedule.rule,
                "payload" => &mut schedule.payload,
                _ => &mut schedule.options,
            };
            group.insert(key.to_owned(), value);
        }
        schedule
    }
}

#[cfg(feature = "ssr")]
fn named(id: &str) -> Result<Uuid, Refused> {
    id.parse()
        .map_err(|_| refuse(Problem::new(ProblemCode::NoSuchSchedule)))
}

#[cfg(feature = "ssr")]
async fn one(engine: &Engine, id: Uuid) -> Result<Schedules, Error> {
    let schedule = engine.schedule(id).await?;
    Ok(Schedules::One(Box::new(ScheduleStory {
        firings: engine.foretell(&schedule.cron, &schedule.time_zone, FIRINGS)?,
        tasks: engine.schedule_tasks(id, TASKS).await?,
        schedule,
    })))
}

#[cfg(feature = "ssr")]
async fn draft(engine: &Engine, id: Option<Uuid>) -> Result<ScheduleDraft, Error> {
    let before = match id {
        Some(id) => Some(engine.schedule(id).await?),
        None => None,
    };
    let kinds = engine.kind_statuses().await?;
    Ok(ScheduleDraft {
        id: id.unwrap_or_else(Uuid::now_v7),
        before,
        kinds: kinds.into_iter().map(|kind| kind.info).collect(),
    })
}

/// Without JavaScript a refused form leads back to its page, which is told in the URL what was
/// typed and what is wrong with it. Servers and proxies take URLs of some kilobytes only.
#[cfg(feature = "ssr")]
fn back_to_form(page: &str, typed: &Typed, refused: &Refused) {
    const MAX_TYPED_BYTES: usize = 6 * 1024;
    let pairs = typed.fitting(MAX_TYPED_BYTES);
    let page = format!("http://localhost{page}?{}", query::encode(pairs));
    let error = ServerFnUrlError::new(SaveSchedule::PATH, refused.clone());
    if let Ok(url) = error.to_url(&page) {
        let query = url.query().unwrap_or_default();
        leptos_axum::redirect(&format!("{}?{query}", url.path()));
    }
}
