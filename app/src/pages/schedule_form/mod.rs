//! The form of a schedule, new or as it stands.

use glassworks_protocol::{FieldError, FiringTime, KindInfo, Problem, Schedule};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};

use crate::components::{Firings, FunctionForm, Page, ProblemNote, changing, field_view, typed_in};
use crate::form::schedule::{BESIDE, SKIP, rule_fields, task_form, typed_of};
use crate::form::{Field, Typed};
use crate::functions::{SaveSchedule, ScheduleDraft, load_firings, load_schedule_form};
use crate::query;
use crate::refused::Refused;

/// The form of the schedule that the path names, or of a new one.
pub(super) fn page() -> AnyView {
    let params = use_params_map();
    let wanted = move || params.with(|params| params.get("id").unwrap_or_default());
    view! {
        <Title text="Schedule · Glassworks" />
        <Page wanted load=load_schedule_form show />
    }
    .into_any()
}

fn show(_: String, draft: ScheduleDraft) -> AnyView {
    view! { <ScheduleForm draft /> }.into_any()
}

/// The form, filled in with what the URL's query says, else with what stands.
#[component]
fn ScheduleForm(draft: ScheduleDraft) -> impl IntoView {
    let ScheduleDraft { id, before, kinds } = draft;
    let typed = initial(before.as_ref());
    let save = ServerAction::<SaveSchedule>::new();
    let answer = save.value();
    let problem = move || match answer.get() {
        Some(Err(Refused(problem))) => Some(*problem),
        _ => None,
    };
    let errors = move || problem().map(|problem| problem.errors).unwrap_or_default();
    let first = kinds.first().map(|kind| kind.kind.clone());
    let kind = typed.get("rule[kind]").map(str::to_owned).or(first);
    let kind = RwSignal::new(kind.unwrap_or_default());
    let (heading, back) = match &before {
        Some(_) => ("Edit the schedule", format!("/schedules/{id}")),
        None => ("New schedule", "/schedules".to_owned()),
    };
    let send = move |sent| {
        // However often it is pressed, one schedule: until it is refused, or has led to its page.
        let is_sent = answer.with_untracked(|answer| matches!(answer, Some(Ok(()))));
        if !is_sent && !save.pending().get_untracked() {
            save.dispatch(SaveSchedule::of(id, sent));
        }
    };
    let told = RwSignal::new(Foretold::default());
    let foretell = move |event: web_sys::Event| follow(&typed_in(&event), kind, told);
    let choice = kind_choice(&kinds, &kind.get_untracked());
    let policies = policies(&typed);
    let kinds = StoredValue::new((kinds, typed));
    let rule = move || fields(&rule_fields(), kinds, &errors());
    let payload = move || {
        let kind = kind.get();
        let info = kinds.with_value(|(kinds, _)| kinds.iter().find(|it| it.kind == kind).cloned());
        fields(&task_form(info.as_ref()).payload, kinds, &errors())
    };
    let options = move || fields(&task_form(None).options, kinds, &errors());
    let summary = move || problem().map_or_else(|| ().into_any(), summary);
    let content = view! {
        {changing(summary)}
        <input type="hidden" name="id" value=id.to_string() />
        <fieldset>
            <legend>"When"</legend>
            {changing(rule)}
            {changing(move || told.with(foretold))}
            {policies}
        </fieldset>
        <fieldset>
            <legend>"What"</legend>
            {choice}
            {changing(payload)}
        </fieldset>
        <details open=before.is_some()>
            <summary>"Options"</summary>
            <fieldset>
                <legend class="visually-hidden">"Options"</legend>
                {changing(options)}
            </fieldset>
        </details>
        <button type="submit" class="primary">
            "Save"
        </button>
        " "
        <a href=back>"Cancel"</a>
    }
    .into_any();
    view! {
        <h1>{heading}</h1>
        <div class="submit-form" on:input=foretell>
            <FunctionForm url=SaveSchedule::url() send=Box::new(send) content />
        </div>
    }
}

/// What the form starts with.
fn initial(before: Option<&Schedule>) -> Typed {
    let asked = query::parse(&use_location().search.get_untracked());
    let typed: Typed = asked
        .into_iter()
        .filter(|(name, _)| name.contains('['))
        .collect();
    match before {
        Some(schedule) if typed.is_empty() => typed_of(schedule),
        _ => typed,
    }
}

/// The kinds, and the one that is chosen although it may be gone.
fn kind_choice(kinds: &[KindInfo], chosen: &str) -> AnyView {
    let known = kinds.iter().map(|info| info.kind.as_str());
    let is_gone = !chosen.is_empty() && kinds.iter().all(|info| info.kind != chosen);
    let all = is_gone.then_some(chosen).into_iter().chain(known);
    select(
        "rule[kind]",
        "Kind",
        "",
        all.map(|kind| (kind, kind)),
        chosen,
    )
}

/// What missed and overlapping firings do.
fn policies(typed: &Typed) -> Vec<AnyView> {
    let missed = [
        ("run_once", "submit one task for all of them"),
        ("skip", "submit nothing"),
    ];
    let overlap = [
        (BESIDE, "submit another beside it"),
        (SKIP, "submit nothing"),
    ];
    vec![
        select(
            "rule[missed]",
            "Missed firings",
            "What a node does at its start with firings that none was there for.",
            missed.into_iter(),
            typed.get("rule[missed]").unwrap_or("run_once"),
        ),
        select(
            "rule[overlap]",
            "Overlapping firings",
            "What a firing does while the task before it is unfinished.",
            overlap.into_iter(),
            typed.get("rule[overlap]").unwrap_or(BESIDE),
        ),
    ]
}

/// When the rule would fire, once that is known.
fn foretold(told: &Foretold) -> AnyView {
    let Foretold { zone, next, .. } = told.clone();
    if next.is_empty() {
        return ().into_any();
    }
    view! {
        <section aria-label="Next firings" class="foretold">
            <Firings zone next />
        </section>
    }
    .into_any()
}

/// When the rule that is being typed would fire.
#[derive(Clone, Default)]
struct Foretold {
    cron: String,
    zone: String,
    next: Vec<FiringTime>,
}

/// Tells when the rule that is being typed would fire, and takes the kind that was chosen.
fn follow(typed: &[(String, String)], kind: RwSignal<String>, told: RwSignal<Foretold>) {
    let value = |name: &str| {
        let found = typed.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let chosen = value("rule[kind]");
    if kind.with_untracked(|kind| *kind != chosen) {
        kind.set(chosen);
    }
    let (cron, zone) = (value("rule[cron]"), value("rule[time_zone]"));
    let is_of =
        move |told: &Foretold, cron: &str, zone: &str| told.cron == cron && told.zone == zone;
    if told.with_untracked(|told| is_of(told, &cron, &zone)) {
        return;
    }
    told.set(Foretold {
        cron: cron.clone(),
        zone: zone.clone(),
        next: Vec::new(),
    });
    spawn_local(async move {
        // What is half typed is no rule yet, and nobody needs to be told.
        let next = load_firings(cron.clone(), zone.clone()).await;
        let _ = told.try_update(|told| {
            if is_of(told, &cron, &zone) {
                told.next = next.unwrap_or_default();
            }
        });
    });
}

fn fields(
    fields: &[Field],
    given: StoredValue<(Vec<KindInfo>, Typed)>,
    errors: &[FieldError],
) -> Vec<AnyView> {
    given.with_value(|(_, typed)| {
        let view = |field: &Field| {
            let typed = typed.get(&field.name).unwrap_or(&field.initial);
            field_view(field, typed, errors)
        };
        fields.iter().map(view).collect()
    })
}

fn select<'a>(
    name: &'static str,
    label: &'static str,
    help: &'static str,
    choices: impl Iterator<Item = (&'a str, &'a str)>,
    chosen: &str,
) -> AnyView {
    let id = format!(
        "field-{}",
        name.trim_start_matches("rule[").trim_end_matches(']')
    );
    let help_id = format!("{id}-help");
    let options: Vec<_> = choices
        .map(|(value, words)| {
            let selected = value == chosen;
            let (value, words) = (value.to_owned(), words.to_owned());
            view! {
                <option value=value selected=selected>
                    {words}
                </option>
            }
            .into_any()
        })
        .collect();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id name=name aria-describedby=help_id.clone()>
                {options}
            </select>
            <p class="help" id=help_id>
                {(!help.is_empty()).then_some(help)}
            </p>
        </div>
    }
    .into_any()
}

/// What is wrong beside what is said at the fields.
fn summary(mut problem: Problem) -> AnyView {
    if !problem.errors.is_empty() {
        "Nothing was saved".clone_into(&mut problem.title);
        problem.detail = Some("See what is marked.".to_owned());
        let form = task_form(None);
        let elsewhere = form.errors_elsewhere(&problem.errors);
        let rule = rule_fields();
        let elsewhere = elsewhere.into_iter();
        problem.errors = elsewhere
            .filter(|error| !rule.iter().any(|field| field.is_meant_by(error)))
            .cloned()
            .collect();
    }
    view! { <ProblemNote problem /> }.into_any()
}
