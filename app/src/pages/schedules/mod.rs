//! Schedules: all of them, and one of them.

mod buttons;
mod list;
mod story;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::components::Page;
use crate::functions::{Schedules, load_schedules};
use list::ScheduleList;
use story::Story;

/// All schedules, or the one that the path names.
pub(super) fn page() -> AnyView {
    let params = use_params_map();
    let wanted = move || params.with(|params| params.get("id").unwrap_or_default());
    view! {
        <Title text="Schedules · Glassworks" />
        <Page wanted load=load_schedules show />
    }
    .into_any()
}

fn show(_: String, data: Schedules) -> AnyView {
    match data {
        Schedules::All(schedules) => view! { <ScheduleList schedules /> }.into_any(),
        Schedules::One(story) => view! { <Story story=*story /> }.into_any(),
    }
}
