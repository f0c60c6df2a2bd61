//! What every store must do, written once against the `Store` trait and run for each of them.
//!
//! A store joins with a [`Place`](bench::Place) and one `run_for!`. A case that is not listed here
//! would be dead code, so the compiler finds it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod batches;
mod bench;
mod claiming;
mod leases;
mod postgres;
mod pruning;
mod queues;
mod reading;
mod remote;
mod repeating;
mod requests;
mod running;
mod scheduling;
#[path = "../support/postgres.rs"]
mod server;
mod sqlite;
mod submitting;
#[path = "../support/store.rs"]
mod support;
mod truncating;

/// Makes a test of each case, on a fresh store.
macro_rules! cases {
    ($place:expr; $($room:ident { $($case:ident,)* })*) => {
        $($(
            #[tokio::test]
            async fn $case() {
                let bench = crate::bench::Bench::new(Box::new($place)).await;
                crate::$room::$case(bench).await;
            }
        )*)*
    };
}

/// Runs the whole suite on one kind of store.
macro_rules! run_for {
    ($store:ident, $place:expr) => {
        mod $store {
            cases! {
                $place;
                submitting {
                    a_task_reads_back_as_it_was_submitted,
                    a_task_waits_for_its_moment_only_when_that_lies_ahead,
                    a_submit_wakes_the_dispatcher,
                    nothing_submitted_is_nothing_stored,
                    a_unique_key_gives_the_unfinished_task_that_has_it,
                    a_unique_key_is_held_until_the_task_is_over,
                    a_unique_key_is_passed_on_within_a_batch,
                    a_submit_is_all_or_none_at_the_backlog,
                    a_submit_is_all_or_none_at_the_limit_of_queues,
                    a_name_is_free_as_soon_as_its_last_task_is_gone,
                    a_lowered_limit_of_queues_closes_none_that_is_in_use,
                }
                repeating {
                    a_request_sent_again_is_answered_as_before,
                    twins_in_one_batch_are_one_request,
                    a_key_is_for_one_request,
                    what_was_found_is_the_answer_again,
                    a_refused_request_leaves_its_key_free,
                    keys_are_forgotten_oldest_first,
                }
                claiming {
                    priority_then_due_time_then_id_decide_across_queues,
                    a_claim_says_what_its_run_needs,
                    a_task_is_taken_from_its_moment_on_and_not_before,
                    a_retry_waits_for_its_moment,
                    what_was_scheduled_keeps_its_place_by_due_time,
                    without_room_a_claim_takes_nothing_but_says_what_waits,
                    each_task_is_given_to_one_claim_of_a_batch,
                    only_queued_tasks_are_taken,
                    more_than_a_claim_promotes_at_a_time_still_all_run,
                    a_lease_begins_with_the_claim,
                    a_moment_that_has_passed_is_not_before_those_who_came_earlier,
                    a_kind_that_the_node_cannot_run_waits,
                    a_queue_that_the_node_does_not_serve_waits,
                    a_clock_that_was_set_back_makes_nobody_wait_longer,
                }
                running {
                    what_an_attempt_records_is_kept_in_order,
                    progress_is_of_the_latest_attempt,
                    an_attempt_that_succeeds_completes_its_task,
                    a_failed_attempt_is_followed_by_another_until_none_is_left,
                    an_attempt_can_fail_for_good,
                    a_released_attempt_does_not_count,
                    a_postponed_attempt_does_not_count_and_says_why,
                    an_attempt_that_was_asked_to_stop_is_not_followed_by_another,
                    only_the_running_attempt_may_write,
                    an_attempt_is_fenced_after_each_end,
                    an_attempt_goes_on_when_the_store_is_reopened,
                }
                truncating {
                    output_is_kept_to_its_limit_exactly,
                    output_over_its_limit_is_cut_between_characters,
                    the_end_of_a_long_output_is_kept,
                    the_next_attempt_is_not_mute,
                    other_entries_go_on_after_the_last_output,
                    events_over_their_limit_leave_the_first_and_the_latest,
                    the_latest_event_is_kept_however_low_the_limit,
                    changes_of_state_are_never_missing,
                    whoever_reads_on_learns_what_is_missing,
                    limits_are_remembered_over_a_restart,
                    limits_can_be_lowered_below_what_is_kept,
                    the_beginning_is_kept_when_limits_are_raised,
                }
                leases {
                    a_node_renews_the_attempts_it_names_and_nothing_else,
                    a_renewed_lease_holds_through_what_the_attempt_writes,
                    a_lost_attempt_is_followed_by_another_until_none_is_left,
                    a_lost_attempt_that_was_asked_to_stop_has_stopped,
                    what_expired_first_is_taken_back_first,
                    all_can_be_taken_back_at_a_start,
                    a_node_never_takes_back_what_it_is_making,
                }
                remote {
                    a_worker_takes_tasks_with_leases_of_their_own,
                    the_same_request_gives_the_same_tasks,
                    twins_of_a_claim_in_one_batch_are_one_claim,
                    a_claim_takes_no_more_bytes_than_it_may,
                    a_report_renews_and_records_once,
                    whoever_has_no_lease_writes_nothing,
                    an_end_is_stored_once_and_can_be_repeated,
                    a_silent_worker_loses_its_attempt,
                    a_start_leaves_remote_attempts_alone,
                    a_time_limit_is_kept_for_the_worker,
                    a_cancel_is_told_and_not_waited_for_without_end,
                    what_was_remote_leaves_nothing_when_it_is_deleted,
                    offered_kinds_are_kept_to_their_limit,
                    what_waits_is_counted_by_kind,
                }
                requests {
                    each_state_allows_what_its_table_says,
                    cancelling_ends_a_waiting_task_at_once,
                    cancelling_asks_a_running_task_once,
                    a_retry_makes_a_task_due_now_with_all_attempts_before_it,
                    a_retry_is_refused_while_another_has_the_unique_key,
                    what_is_deleted_leaves_nothing,
                }
                pruning {
                    each_outcome_has_its_own_retention,
                    what_is_not_finished_is_never_pruned,
                    the_oldest_of_a_state_go_first,
                    a_limit_holds_over_all_states,
                }
                reading {
                    a_list_says_the_same_as_each_task,
                    a_list_is_newest_first_and_read_in_pages,
                    a_filter_lets_pass_what_meets_all_of_it,
                    a_search_looks_at_id_kind_tags_payload_and_error,
                    a_time_is_asked_for_by_ids,
                    what_matches_is_counted,
                    filters_follow_a_task_through_its_life,
                    a_list_cuts_what_is_long_and_a_task_does_not,
                    whole_tasks_are_given_until_they_are_too_large,
                    of_many_failures_the_first_and_the_latest_are_told,
                    a_search_finds_text_as_it_reads,
                    what_a_text_names_comes_before_what_only_has_it,
                    only_those_asked_for_are_looked_up,
                    events_are_read_in_pages,
                    a_page_of_events_is_cut_by_bytes,
                    counts_equal_a_recount_over_a_restart,
                    the_oldest_that_waits_is_found_across_queues_and_priorities,
                    a_store_says_what_it_is,
                }
                queues {
                    a_paused_queue_starts_nothing_and_ends_what_runs,
                    a_pause_ends_by_itself_when_it_was_told_to,
                    a_queue_runs_no_more_than_its_limits,
                    a_rate_paces_what_starts,
                    a_changed_rate_holds_at_once,
                    a_full_queue_holds_up_no_other,
                    settings_are_kept_with_and_without_tasks,
                }
                scheduling {
                    a_schedule_reads_back_as_it_was_saved,
                    a_moment_fires_once,
                    a_refused_firing_leaves_the_schedule_where_it_is,
                    a_deleted_schedule_leaves_its_tasks,
                    a_schedules_latest_tasks_are_told,
                }
                access {
                    a_key_reads_back_as_it_was_saved,
                    a_keys_name_is_its_own,
                    sessions_end_with_their_key_or_by_themselves,
                    what_changed_something_is_in_the_log_and_nothing_else,
                    the_log_is_read_in_pages_and_by_what_is_asked,
                    a_list_shows_only_what_is_reached,
                }
                batches {
                    outcomes_and_events_come_in_the_order_of_writes,
                    the_events_of_a_commit_are_those_that_were_stored,
                    a_refusal_does_not_disturb_its_neighbours,
                    a_commit_that_fails_leaves_nothing,
                    batches_from_many_callers_are_each_whole,
                }
            }
        }
    };
}

run_for!(on_sqlite, crate::sqlite::Sqlite::new());
run_for!(on_postgres, crate::postgres::Postgres::new().await);
