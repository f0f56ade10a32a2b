//! Whether to create a run: what it does, its spec, and the button.

use super::layout;
use crate::commands::console::links;
use crate::commands::console::markup::{Markup, all, element, link, tag};
use crate::commands::console::run_form::RunForm;

/// The page. `spec` is the run as YAML, `form_token` what the button's form carries.
pub fn page(form: &RunForm, spec: &str, form_token: &str, may_run: bool) -> Markup {
    let (mode, source) = (form.mode.as_str(), &form.source);
    let title = element("h1", format!("Create a run: {mode} {source}?"));
    let only = form.reason.map(|reason| element("p", format!("Only units that were refused for {reason}.")));
    let text = tag("pre").attribute("tabindex", "0").attribute("aria-label", "The run");
    let text = text.with(element("code", Markup::lines(spec)));
    let refused = || element("p", "You may not create runs here.");
    let answer = if may_run { button(form, form_token) } else { refused() };
    let back = element("p", link(&links::source(source), "Back to the source, without a run"));
    all([title, element("p", form.mode.words()), only.unwrap_or_default(), text, answer, back])
}

fn button(form: &RunForm, form_token: &str) -> Markup {
    let reason = form.reason.map(|reason| layout::hidden("reason", reason.as_str()));
    let button = tag("button").attribute("type", "submit").class("primary").with("Create the run");
    let parts = [
        layout::hidden("form", form_token),
        layout::hidden("mode", form.mode.as_str()),
        reason.unwrap_or_default(),
        button,
    ];
    let action = links::runs_of(&form.source);
    tag("form").attribute("method", "post").attribute("action", action).with(all(parts))
}
