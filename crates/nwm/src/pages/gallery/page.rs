//! `index.html` of a folder of reports.

use maud::{Markup, html};

use super::super::html::{page, short_commit};
use super::super::scale::Scale;
use super::found::{Card, Gallery};

/// CSS pixels of a picture on a card.
const WIDTH: usize = 400;

/// The page: a card for what is there, and the commands for what is not.
pub(super) fn gallery_page(gallery: &Gallery) -> String {
    let [there, missing] = gallery.counts();
    let body = html! {
        p.lead { (there) " of " (there + missing) " tables and figures are here." }
        div.cards { @for entry in &gallery.cards { (card(entry)) } }
        @if missing > 0 {
            section {
                h2 { "Not here yet" }
                ul { @for entry in &gallery.missing {
                    li { (entry.name) ", " (entry.title) ": " code { (entry.command()) } }
                } }
            }
        }
    };
    page("Neural wave machines: tables and figures", Scale::Published, &body)
}

fn card(card: &Card) -> Markup {
    let label = card.scale.as_ref().and_then(|(preset, reduced)| {
        if *reduced { Scale::Reduced(preset).label() } else { Scale::Published.label() }
    });
    let about = [card.date.clone(), short_commit(&card.commit)];
    let about: Vec<&String> = about.iter().filter(|text| !text.is_empty()).collect();
    html! {
        section.verdict {
            h3 {
                @if card.has_page { a href={ (card.name) "/report.html" } { (card.name) } } @else { (card.name) }
                ": " (card.title)
                @if let Some(label) = label { " " span.label { (label) } }
                @if !card.status.is_empty() && card.status != "done" { " " span.label { (card.status) } }
            }
            p { (card.result) }
            @if let Some((address, shows)) = &card.picture {
                figure { img src=(address) alt=(shows) width=(WIDTH); figcaption { (shows) } }
            }
            p.quiet { @for (place, text) in about.iter().enumerate() {
                @if place > 0 { ", " }
                (text)
            } }
        }
    }
}
