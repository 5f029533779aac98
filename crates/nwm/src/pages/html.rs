//! The frame of every page and the pieces that pages share.

use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::scale::Scale;

const STYLE: &str = include_str!("style.css");

/// What a page may do: show what is in it, and nothing else. A browser refuses any request.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// A complete page. The title and a notice above everything else say that an experiment is not the
/// published one.
pub(super) fn page(title: &str, scale: Scale<'_>, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) @if let Some(label) = scale.label() { " (" (label) ")" } }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) (label(scale)) }
                    @if let Some(notice) = scale.notice() { p.notice { (notice) } }
                }
                main { (body) }
            }
        }
    }
    .into_string()
}

/// The label beside a heading of numbers, or nothing for the published setting.
pub(super) fn label(scale: Scale<'_>) -> Markup {
    html! { @if let Some(label) = scale.label() { " " span.label { (label) } } }
}

/// A list of facts: name and value; empty values are left out.
pub(super) fn facts(facts: &[(&str, String)]) -> Markup {
    // Long values take two places or a line of their own.
    let width = |value: &str| match value.chars().count() {
        0..=24 => None,
        25..=52 => Some("broad"),
        _ => Some("wide"),
    };
    html! {
        dl.facts {
            @for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
                div class=[width(value)] { dt { (name) } dd { (value) } }
            }
        }
    }
}

/// A chart; `description` is read to those who cannot see it.
pub(super) fn chart(svg: &str, description: &str, caption: &str) -> Markup {
    html! {
        figure {
            div.chart role="img" aria-label=(description) { (PreEscaped(svg)) }
            figcaption { (caption) }
        }
    }
}

/// A picture inside the page, shown `width` CSS pixels wide where there is room.
pub(super) fn picture(
    media_type: &str,
    bytes: &[u8],
    width: usize,
    description: &str,
    caption: &str,
) -> Markup {
    html! {
        figure {
            img src=(data_uri(media_type, bytes)) alt=(description) width=(width);
            figcaption { (caption) }
        }
    }
}

/// Bytes as an address that holds them.
pub(super) fn data_uri(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}

/// A commit as people quote it, with a word on changes that were not committed.
pub(super) fn short_commit(commit: &str) -> String {
    let (hash, changed) = match commit.strip_suffix("-dirty") {
        Some(hash) => (hash, " with uncommitted changes"),
        None => (commit, ""),
    };
    let short: String = hash.chars().take(12).collect();
    format!("{short}{changed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_escape_text_and_load_nothing() {
        let body =
            html! { p { "a < b" } (facts(&[("seed", "0".to_owned()), ("none", String::new())])) };
        let page = page("loss & error", Scale::Reduced("quick"), &body);
        assert!(page.starts_with("<!DOCTYPE html>"));
        for expected in [
            "<title>loss &amp; error (reduced, preset quick)</title>",
            "<h1>loss &amp; error <span class=\"label\">reduced, preset quick</span></h1>",
            "a &lt; b",
            "<dt>seed</dt><dd>0</dd>",
            "default-src 'none'",
        ] {
            assert!(page.contains(expected), "{expected} is missing");
        }
        for absent in
            ["http://", "https://", "<script", "<link", "@import", "url(", "<dt>none</dt>"]
        {
            assert!(!page.contains(absent), "{absent} must not be in a page");
        }
    }

    #[test]
    fn pictures_are_inside_the_page() {
        let markup = picture("image/png", b"abc", 10, "true \"disc\"", "frames").into_string();
        assert!(markup.contains("src=\"data:image/png;base64,YWJj\""));
        assert!(markup.contains("alt=\"true &quot;disc&quot;\""));
    }

    #[test]
    fn commits_are_short_and_honest() {
        assert_eq!(short_commit("0123456789abcdef"), "0123456789ab");
        assert_eq!(short_commit("0123456789abcdef-dirty"), "0123456789ab with uncommitted changes");
    }
}
