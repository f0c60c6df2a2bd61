//! The lab: what there is to run, what a run has shown, and running it.

use std::collections::BTreeMap;

use glassworks_protocol::TaskId;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::codec::Json;
use crate::lab::{LabRun, Lesson, Path};
use crate::refused::Refused;

/// The path through the experiments.
#[server(prefix = "/fn", endpoint = "lab", input = GetUrl, output = Json)]
#[allow(clippy::unused_async, reason = "a server function is async")]
pub(crate) async fn load_lab() -> Result<Path, Refused> {
    from_engine::lab(&super::engine()?)
}

/// The experiment of this name, and the run of it that an address names with `run`: one question for
/// all that the page starts from.
#[server(prefix = "/fn", endpoint = "lesson", input = GetUrl, output = Json)]
pub(crate) async fn load_lesson(name: String, run: String) -> Result<Lesson, Refused> {
    from_engine::lesson(&super::engine()?, &name, &run).await
}

/// A run by its id, as an address has it; none where there is no such run. With all that its log keeps, so
/// that it can be replayed.
#[server(prefix = "/fn", endpoint = "lab_run", input = GetUrl, output = Json)]
pub(crate) async fn load_lab_run(id: String) -> Result<Option<LabRun>, Refused> {
    from_engine::run(&super::engine()?, &id).await
}

/// Runs an experiment with what was typed, and tells which task that is. A form without JavaScript
/// is led to it.
#[server(prefix = "/fn", endpoint = "run_experiment", output = Json)]
pub(crate) async fn run_experiment(
    experiment: String,
    #[server(default)] payload: BTreeMap<String, String>,
) -> Result<TaskId, Refused> {
    from_engine::run_typed(&experiment, &payload).await
}

impl RunExperiment {
    /// What a form sends: each control with its name.
    pub(crate) fn of(experiment: String, sent: Vec<(String, String)>) -> Self {
        let typed = sent.into_iter().filter_map(|(name, value)| {
            let name = name.strip_prefix("payload[")?.strip_suffix(']')?.to_owned();
            Some((name, value))
        });
        Self {
            experiment,
            payload: typed.collect(),
        }
    }
}

#[cfg(feature = "ssr")]
mod from_engine {
    use std::collections::BTreeMap;

    use glassworks_engine::{Engine, Error};
    use glassworks_protocol::{PageRequest, Problem, ProblemCode, State, TaskFilter, TaskId};
    use leptos::prelude::use_context;
    use leptos::server_fn::ServerFn;

    use super::RunExperiment;
    use crate::form::{Typed, experiment_fields, experiment_task};
    use crate::functions::load::Part;
    use crate::functions::submit::back_to_form;
    use crate::lab::{Book, KIND, LabRun, Lesson, Path, run_path, servers_of};
    use crate::refused::{Refused, is_plain_form, refuse, refuse_error};

    /// Runs that an experiment's page lists.
    const RUNS: u32 = 10;

    fn book() -> Result<Book, Refused> {
        let missing = || Problem::new(ProblemCode::Internal).with_detail("There is no lab here.");
        use_context().ok_or_else(|| refuse(missing()))
    }

    fn no_such() -> Refused {
        refuse(Problem::new(ProblemCode::NotFound).with_detail("There is no such experiment."))
    }

    fn is_here(engine: &Engine) -> bool {
        engine.kinds().iter().any(|info| info.kind == KIND)
    }

    pub(super) fn lab(engine: &Engine) -> Result<Path, Refused> {
        Ok(Path {
            is_here: is_here(engine),
            experiments: book()?.listed(),
        })
    }

    pub(super) async fn lesson(
        engine: &Engine,
        name: &str,
        asked: &str,
    ) -> Result<Lesson, Refused> {
        let book = book()?;
        let (place, experiment, before, after) = book.lesson_parts(name).ok_or_else(no_such)?;
        let refused = |error: Error| refuse_error(&error);
        let filter = TaskFilter {
            kind: Some(KIND.to_owned()),
            tag: Some(name.to_owned()),
            ..TaskFilter::default()
        };
        let page = PageRequest {
            limit: Some(RUNS),
            ..PageRequest::default()
        };
        let runs = engine.summaries(&filter, &page).await.map_err(refused)?;
        let runs = runs.tasks;
        let over = runs.iter().find(|run| run.state == State::Completed);
        let latest = match over {
            // It may have been deleted meanwhile.
            Some(run) => engine.task(run.id).await.ok(),
            None => None,
        };
        Ok(Lesson {
            experiment: experiment.clone(),
            place: place + 1,
            before,
            after,
            is_here: is_here(engine),
            runs,
            latest: latest.as_ref().map(servers_of).unwrap_or_default(),
            asked: run(engine, asked).await?,
        })
    }

    pub(super) async fn run(engine: &Engine, id: &str) -> Result<Option<LabRun>, Refused> {
        let Ok(id) = id.parse() else {
            return Ok(None);
        };
        match read(engine, id).await {
            // The page is there all the same, and says that the run is not.
            Err(Error::NotFound(_)) => Ok(None),
            read => read.map_err(|error| refuse_error(&error)),
        }
    }

    async fn read(engine: &Engine, id: TaskId) -> Result<Option<LabRun>, Error> {
        let task = engine.task(id).await?;
        if task.kind != KIND {
            return Ok(None);
        }
        let part = Part::of(&task);
        let mut run = LabRun::new(task, part.after);
        part.read(engine, |event| run.apply(event)).await?;
        run.read_result();
        Ok(Some(run))
    }

    pub(super) async fn run_typed(
        name: &str,
        payload: &BTreeMap<String, String>,
    ) -> Result<TaskId, Refused> {
        let typed = Typed::sent(payload, &BTreeMap::new());
        match submit(name, &typed).await {
            Ok(id) => {
                if is_plain_form() {
                    leptos_axum::redirect(&run_path(name, id));
                }
                Ok(id)
            }
            Err(refused) => {
                if is_plain_form() && book()?.experiment(name).is_some() {
                    let page = format!("/lab/{name}");
                    back_to_form(&page, RunExperiment::PATH, [], &typed, &refused);
                }
                Err(refused)
            }
        }
    }

    async fn submit(name: &str, typed: &Typed) -> Result<TaskId, Refused> {
        let engine = super::super::engine()?;
        let book = book()?;
        let experiment = book.experiment(name).ok_or_else(no_such)?;
        let fields = experiment_fields(&experiment.parameters);
        let new = experiment_task(name, &fields, typed)
            .map_err(|errors| refuse(Problem::new(ProblemCode::Invalid).with_errors(errors)))?;
        let submitted = engine.submit(new).await;
        submitted
            .map(|submitted| submitted.task.id)
            .map_err(|error| refuse_error(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::RunExperiment;

    #[test]
    fn only_parameters_are_sent() {
        let sent = [
            ("payload[work_ms]", "300"),
            ("foretold-0", "2"),
            ("sure", "guess"),
        ];
        let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let run = RunExperiment::of("blocking".to_owned(), sent.into());
        assert_eq!(run.experiment, "blocking");
        let typed: Vec<_> = run.payload.into_iter().collect();
        assert_eq!(typed, [("work_ms".to_owned(), "300".to_owned())]);
    }
}
