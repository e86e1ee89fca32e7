//! What is said about a failure: a German page for citizens, problem+json for programs.

use askama::Template;
use jiff::Timestamp;
use serde::Serialize;

use super::Words;
use crate::pages::words::moment;

/// What an error page may say beside the failure.
#[derive(Debug, Default, Clone, Copy)]
pub struct Context<'a> {
    /// The id of the request, for questions.
    pub request_id: &'a str,
    /// The portal's name, where one was responsible.
    pub portal: Option<&'a str>,
    /// Its telephone number, as it is dialled.
    pub phone: Option<&'a str>,
    /// A program asks.
    pub as_json: bool,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="de">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{ title }} – Portalverbund.NRW</title>
<link rel="stylesheet" href="{{ crate::assets::path("portalverbund.css") }}">
</head>
<body>
<main>
<h1>{{ title }}</h1>
{% if let Some(portal) = portal %}<p>Zuständig für diese Seite: {{ portal }}</p>
{% endif %}{% if let Some(text) = text %}<p>{{ text }}</p>
{% endif %}{% if let Some(until) = until %}<p>Voraussichtlich wieder da: <strong>{{ until }}</strong></p>
{% endif %}<p>{{ advice }}</p>
{% if let Some(successor) = successor %}<p><a href="{{ successor }}">Zur neuen Seite</a></p>
{% endif %}{% if let Some(phone) = phone %}<p>Sie erreichen die zuständige Stelle auch am Telefon: <a href="tel:{{ dialled }}">{{ phone }}</a></p>
{% else %}<p>Auskunft zu allen Behörden gibt die Behördennummer <a href="tel:115">115</a>.</p>
{% endif %}<p><a href="/">Zur Startseite</a></p>
<p><small>Fehler {{ status }}{% if !request_id.is_empty() %} · Kennung {{ request_id }}{% endif %}</small></p>
</main>
</body>
</html>
"#
)]
struct Page<'a> {
    status: u16,
    title: &'a str,
    advice: &'a str,
    text: Option<&'a str>,
    until: Option<String>,
    successor: Option<&'a str>,
    portal: Option<&'a str>,
    phone: Option<&'a str>,
    dialled: String,
    request_id: &'a str,
}

/// The page for citizens.
pub(super) fn page(words: &Words<'_>, context: &Context<'_>) -> String {
    let dialled = |phone: &str| phone.chars().filter(|sign| sign.is_ascii_digit() || *sign == '+').collect();
    let page = Page {
        status: words.status.as_u16(),
        title: words.title,
        advice: words.advice,
        text: words.text,
        until: words.until.map(moment),
        successor: words.successor,
        portal: context.portal,
        phone: context.phone,
        dialled: context.phone.map(dialled).unwrap_or_default(),
        request_id: context.request_id,
    };
    page.render().unwrap_or_else(|_| words.title.to_owned())
}

#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: String,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
}

/// The problem for programs, RFC 9457.
pub(super) fn problem(words: &Words<'_>, context: &Context<'_>) -> String {
    let problem = Problem {
        r#type: "about:blank",
        title: words.title,
        status: words.status.as_u16(),
        detail: words.text.map_or_else(|| words.advice.to_owned(), |text| format!("{text} {}", words.advice)),
        code: words.code,
        until: words.until,
        successor: words.successor,
        phone: context.phone,
        request_id: context.request_id,
    };
    serde_json::to_string(&problem).unwrap_or_default()
}
