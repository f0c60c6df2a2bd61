//! The code of the variants: how each differs from the broken one.

use leptos::prelude::*;

use crate::lab::{Change, Code, CompilerWords, Line};

/// The broken code beside each of the others. All lines of both are there, so each can be read whole.
pub(super) fn differences(variants: Vec<Code>) -> AnyView {
    let mut variants = variants.into_iter();
    let Some(broken) = variants.next() else {
        return ().into_any();
    };
    let others: Vec<_> = variants
        .enumerate()
        .map(|(place, other)| difference(&broken, other, place == 0))
        .collect();
    view! {
        {others}
        <p class="quiet">
            "These are the lines that run: the page takes them from the files that were compiled."
        </p>
    }
    .into_any()
}

fn difference(broken: &Code, other: Code, open: bool) -> AnyView {
    let label = format!("How {} differs from {}", other.variant, broken.variant);
    let lines: Vec<_> = other.lines.into_iter().map(line).collect();
    view! {
        <details class="lab-fold" open=open>
            <summary>
                <span class="kind">{broken.variant.clone()}</span>
                {format!(" ({}) against ", broken.title)}
                <span class="kind">{other.variant}</span>
                {format!(" ({})", other.title)}
            </summary>
            <p class="quiet lab-files">
                <del>{broken.file.clone()}</del>
                " "
                <ins>{other.file}</ins>
            </p>
            <pre class="lab-code" tabindex="0" role="region" aria-label=label>
                <code>{lines}</code>
            </pre>
        </details>
    }
    .into_any()
}

fn line(line: Line) -> AnyView {
    let text = line.text + "\n";
    match line.change {
        Change::Same => view! { <span>"  " {text}</span> }.into_any(),
        Change::Removed => view! { <del>"- " {text}</del> }.into_any(),
        Change::Added => view! { <ins>"+ " {text}</ins> }.into_any(),
    }
}

/// What the compiler says of small programs.
pub(super) fn compiler(words: Vec<CompilerWords>) -> AnyView {
    let items: Vec<_> = words
        .into_iter()
        .map(|words| {
            view! {
                <details class="lab-fold">
                    <summary>{format!("What the compiler says: {}", words.title)}</summary>
                    <pre class="lab-code" tabindex="0" role="region" aria-label="The program">
                        <code>{words.code}</code>
                    </pre>
                    <pre class="lab-code" tabindex="0" role="region" aria-label="The compiler's words">
                        <code>{words.words}</code>
                    </pre>
                </details>
            }
        })
        .collect();
    view! { {items} }.into_any()
}
