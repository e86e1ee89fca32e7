//! The two forms: asked, sent, and thanked for. Complete without any script, without a cookie and without a puzzle.
//!
//! What cannot be taken leads to the same page again with all that was typed; only what is kept leads on (303), so that no
//! reload sends it twice. A form from another site is refused by what the browser says of it.

use std::time::Duration;

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, RawQuery, State};
use axum::response::Response;
use config::clock;
use connectors::gebiet::Ars;
use connectors::ids::PortalId;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use indexer::catalog::{LeistungRef, State as Outcome};
use indexer::record::Lang;
use serde::Deserialize;

use super::absatz::Absatz;
use super::send::{KINDS, Sent, TEXT_MAX, Wrong};
use super::texts::Formular;
use super::{Voice, aside, dokument, no_index, unlisted};
use crate::api::params::Params;
use crate::metrics::{FeedbackKind, FeedbackRefused};
use crate::pages::respond::redirect;
use crate::pages::sprache::{Hier, Sprache};
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_NOT, PageError, address, words};
use crate::registry::{Fehler, NewFeedback, RegistryError, Taken, same_origin};
use crate::server::{Sender, network};

/// How long somebody waits until it is kept. What is not on the disk by then is said not to be.
const PATIENCE: Duration = Duration::from_secs(8);
/// When to try again: after a failure, and after too much, in seconds.
const AGAIN_S: u32 = 120;
const LATER_S: u32 = 3_600;

/// Which of the two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Feedback,
    Barrier,
}

impl Which {
    fn path(self) -> &'static str {
        match self {
            Self::Feedback => "/rueckmeldung",
            Self::Barrier => "/barriere-melden",
        }
    }
}

/// The record that a message is about.
#[derive(Debug, Clone)]
struct About {
    /// As it was asked for.
    key: String,
    ars: Option<Ars>,
    name: String,
    lang: Option<Lang>,
    portal: PortalId,
    portal_name: String,
}

impl About {
    /// The record of this name at this place; none where there is none.
    async fn find(voice: &Voice, key: &str, ars: &str, sprache: Sprache) -> Result<Option<Self>, PageError> {
        if key.is_empty() || key.len() > 500 {
            return Ok(None);
        }
        let ars: Option<Ars> = ars.parse().ok();
        let found = voice.desk.site.catalog.leistung(&LeistungRef::parse(key), ars, sprache.of_records()).await?;
        Ok(found.map(|found| {
            let known = found.responsible.as_ref().is_some_and(|one| one.state != Outcome::UnknownPlace);
            Self {
                key: key.to_owned(),
                ars: ars.filter(|_| known),
                name: found.short.name.clone(),
                lang: sprache.foreign(found.short.lang),
                portal: found.short.portal,
                portal_name: found.short.portal_name,
            }
        }))
    }

    /// The page of the Leistung.
    fn href(&self, sprache: Sprache) -> String {
        sprache.path(&address::leistung_by(&self.key, &self.name, self.ars.as_ref()))
    }

    /// What the address of the next page carries of it.
    fn query(&self) -> String {
        let ars = self.ars.map(|ars| format!("&ars={ars}")).unwrap_or_default();
        format!("leistung={}{ars}", address::segment(&self.key))
    }
}

/// The form as it is laid out.
#[derive(Template)]
#[template(path = "voice/formular.html")]
struct View<'a> {
    page: &'a Page,
    texts: &'static Formular,
    titel: String,
    /// The language of the name in the title, where it is not that of the page.
    lang: Option<Lang>,
    einleitung: Vec<String>,
    barriere: bool,
    action: String,
    datenschutz: String,
    sent: &'a Sent,
    /// Value and words of each kind.
    arten: Vec<(&'static str, &'static str)>,
    fehler: &'a [Fehler],
    /// Why it was not taken although nothing is wrong with it.
    meldung: Option<&'static str>,
    text_max: usize,
    keep_days: u32,
    falle_offen: bool,
}

impl View<'_> {
    /// What is wrong with a field.
    fn fehler_an(&self, feld: &str) -> Option<&str> {
        self.fehler.iter().find(|fehler| fehler.feld == feld).map(|fehler| fehler.text.as_ref())
    }
}

/// What became of a form that was sent.
#[derive(Debug, Clone, Copy)]
enum Not {
    /// Something is wrong with its fields.
    Fields,
    /// Something else stands in the way: the status, what is said, and when to try again.
    Now(StatusCode, fn(&Formular) -> &'static str, Option<u32>),
}

impl Voice {
    fn form(
        &self,
        hier: &Hier,
        which: Which,
        about: Option<&About>,
        sent: &Sent,
        not: Option<(Not, &[Fehler])>,
    ) -> Response {
        let texts = &hier.sprache.texts().voice.formular;
        let barriere = which == Which::Barrier;
        let titel = match about {
            Some(about) if !barriere => (texts.titel_zu)(&about.name),
            _ if barriere => texts.barriere_titel.to_owned(),
            _ => texts.titel.to_owned(),
        };
        let einleitung = match barriere {
            true => texts.barriere_text.iter().map(|text| (*text).to_owned()).collect(),
            false => vec![(texts.wer_liest)(about.map(|about| about.portal_name.as_str()))],
        };
        let (status, meldung, again) = match not {
            None => (StatusCode::OK, None, None),
            Some((Not::Fields, _)) => (StatusCode::UNPROCESSABLE_ENTITY, None, None),
            Some((Not::Now(status, say, again), _)) => (status, Some(say(texts)), again),
        };
        let fehler = not.map(|(_, fehler)| fehler).unwrap_or_default();
        let window = if not.is_some() { texts.fehler_titel } else { &titel };
        let page = unlisted(hier, window);
        let view = View {
            page: &page,
            texts,
            titel: titel.clone(),
            lang: about.filter(|_| !barriere).and_then(|about| about.lang),
            einleitung,
            barriere,
            action: hier.sprache.path(which.path()),
            datenschutz: hier.sprache.path("/datenschutz"),
            sent,
            arten: KINDS.into_iter().map(FeedbackKind::label).zip(texts.arten).collect(),
            fehler,
            meldung,
            text_max: TEXT_MAX,
            keep_days: self.desk.config.feedback.keep_days,
            falle_offen: fehler.iter().any(|one| one.feld == "website"),
        };
        let mut response = aside(status, templates::render(&view));
        if let Some(again) = again {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(again));
        }
        response
    }

    async fn ask(&self, hier: &Hier, which: Which, query: Option<&str>) -> Result<Response, PageError> {
        let params = Params::tolerant(query, &["leistung", "ars", "seite"])?;
        let text = |name| params.text(name).map(Option::unwrap_or_default);
        let mut sent =
            Sent { leistung: text("leistung")?, ars: text("ars")?, seite: text("seite")?, ..Sent::default() };
        let about = self.about(which, &sent, hier.sprache).await?;
        if about.is_none() {
            (sent.leistung, sent.ars) = Default::default();
        }
        Ok(self.form(hier, which, about.as_ref(), &sent, None))
    }

    async fn about(&self, which: Which, sent: &Sent, sprache: Sprache) -> Result<Option<About>, PageError> {
        match which {
            Which::Feedback => About::find(self, &sent.leistung, &sent.ars, sprache).await,
            Which::Barrier => Ok(None),
        }
    }

    async fn send(
        &self,
        hier: &Hier,
        which: Which,
        client: &str,
        fields: &HeaderMap,
        form: Result<Form<Sent>, FormRejection>,
    ) -> Result<Response, PageError> {
        let texts = &hier.sprache.texts().voice.formular;
        let refuse = |why: FeedbackRefused| self.counted().refused(why);
        let ours = same_origin(fields, &self.desk.site.public_url).is_ok();
        let sent = match form {
            Ok(Form(sent)) => sent.shown(),
            Err(rejection) => {
                refuse(FeedbackRefused::Field);
                let status = match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
                    _ => StatusCode::BAD_REQUEST,
                };
                let say: fn(&Formular) -> &'static str = match status {
                    StatusCode::PAYLOAD_TOO_LARGE => |texts| texts.zu_gross,
                    _ => |texts| texts.fremd,
                };
                return Ok(self.form(hier, which, None, &Sent::default(), Some((Not::Now(status, say, None), &[]))));
            }
        };
        if !ours {
            refuse(FeedbackRefused::CrossSite);
            let not = Not::Now(StatusCode::FORBIDDEN, |texts| texts.fremd, None);
            // What a browser says to be of another site is that site's, and stands in no form of ours.
            let told = ["sec-fetch-site", "origin"].into_iter().any(|name| fields.contains_key(name));
            let shown = if told { Sent::default() } else { sent };
            return Ok(self.form(hier, which, None, &shown, Some((not, &[]))));
        }
        let about = match self.about(which, &sent, hier.sprache).await {
            Ok(about) => about,
            // Without the catalog nobody knows whose it is; the operator does.
            Err(PageError::Catalog(error)) => {
                tracing::error!(%error, "the catalog cannot say whose record a message is about");
                None
            }
            Err(other) => return Err(other),
        };
        let message = match sent.read(which == Which::Barrier, texts) {
            Ok(message) => message,
            Err(Wrong { fehler, trapped }) => {
                refuse(if trapped { FeedbackRefused::Trap } else { FeedbackRefused::Field });
                return Ok(self.form(hier, which, about.as_ref(), &sent, Some((Not::Fields, &fehler))));
            }
        };
        let not = |status, say: fn(&Formular) -> &'static str, again| {
            Ok(self.form(hier, which, about.as_ref(), &sent, Some((Not::Now(status, say, Some(again)), &[]))))
        };
        if !self.bounds.messages.take(client) {
            refuse(FeedbackRefused::Rate);
            return not(StatusCode::TOO_MANY_REQUESTS, |texts| texts.zu_oft, LATER_S);
        }
        if !self.bounds.all.take("") {
            refuse(FeedbackRefused::Rate);
            return not(StatusCode::SERVICE_UNAVAILABLE, |texts| texts.gestoert, AGAIN_S);
        }
        let ars = about.as_ref().and_then(|about| about.ars).map(|ars| ars.to_string()).unwrap_or_default();
        let new = NewFeedback {
            kind: message.kind.label(),
            portal: about.as_ref().map(|about| &about.portal),
            leistung: about.as_ref().map(|about| about.key.as_str()).unwrap_or_default(),
            title: about.as_ref().map(|about| about.name.as_str()).unwrap_or_default(),
            ars: &ars,
            page: &message.page,
            lang: hier.sprache.lang(),
            body: &message.text,
            email: message.email.as_deref(),
        };
        match tokio::time::timeout(PATIENCE, self.keep(&new)).await {
            Ok(Ok(Taken::Kept(_))) => self.counted().kept(message.kind),
            Ok(Ok(Taken::Again)) => {}
            Ok(Ok(Taken::Full)) => {
                refuse(FeedbackRefused::Full);
                return not(StatusCode::SERVICE_UNAVAILABLE, |texts| texts.voll, LATER_S);
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "a message of a citizen cannot be kept; it was said so, and the text stays in the form");
                refuse(FeedbackRefused::Store);
                return not(StatusCode::SERVICE_UNAVAILABLE, |texts| texts.gestoert, AGAIN_S);
            }
            Err(_) => {
                tracing::error!(
                    "a message of a citizen was not kept in time; it was said so, and the text stays in the form"
                );
                refuse(FeedbackRefused::Store);
                return not(StatusCode::SERVICE_UNAVAILABLE, |texts| texts.gestoert, AGAIN_S);
            }
        }
        let query = about.map(|about| format!("?{}", about.query())).unwrap_or_default();
        let target = format!("{}/danke{query}", hier.sprache.path(which.path()));
        Ok(redirect(StatusCode::SEE_OTHER, &target, KEEP_NOT))
    }

    async fn keep(&self, new: &NewFeedback<'_>) -> Result<Taken, RegistryError> {
        let mut tx = self.desk.registry.begin().await?;
        let taken = tx.take_feedback(new, self.desk.config.feedback.max_messages).await?;
        tx.commit().await?;
        Ok(taken)
    }

    /// The page afterwards: what happens now, and the way back.
    async fn thanks(
        &self,
        hier: &Hier,
        titel: &str,
        said: Vec<String>,
        query: Option<&str>,
    ) -> Result<Response, PageError> {
        let params = Params::tolerant(query, &["leistung", "ars"])?;
        let text = |name| params.text(name).map(Option::unwrap_or_default);
        let about = About::find(self, &text("leistung")?, &text("ars")?, hier.sprache).await?;
        let texts = &hier.sprache.texts().voice.formular;
        let mut absaetze: Vec<Absatz> = said.into_iter().map(Absatz::Text).collect();
        absaetze.extend(about.map(|about| Absatz::weg((texts.zurueck)(&about.name), about.href(hier.sprache))));
        absaetze.push(Absatz::weg(texts.start, hier.sprache.path("/")));
        let page = unlisted(hier, titel);
        Ok(no_index(dokument(&HeaderMap::new(), KEEP_NOT, &page, titel, &absaetze)))
    }
}

/// The network of the client that sent a request; what cannot be told is one.
fn client(sender: Option<Extension<Sender>>) -> String {
    sender.map_or_else(String::new, |sender| network(sender.0.0.to_canonical()).to_string())
}

pub(super) async fn ask_feedback(
    State(voice): State<Voice>,
    hier: Hier,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    voice.ask(&hier, Which::Feedback, query.as_deref()).await
}

pub(super) async fn ask_barrier(
    State(voice): State<Voice>,
    hier: Hier,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    voice.ask(&hier, Which::Barrier, query.as_deref()).await
}

pub(super) async fn send_feedback(
    State(voice): State<Voice>,
    hier: Hier,
    sender: Option<Extension<Sender>>,
    headers: HeaderMap,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, PageError> {
    voice.send(&hier, Which::Feedback, &client(sender), &headers, form).await
}

pub(super) async fn send_barrier(
    State(voice): State<Voice>,
    hier: Hier,
    sender: Option<Extension<Sender>>,
    headers: HeaderMap,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, PageError> {
    voice.send(&hier, Which::Barrier, &client(sender), &headers, form).await
}

pub(super) async fn thanks_for_feedback(
    State(voice): State<Voice>,
    hier: Hier,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let texts = &hier.sprache.texts().voice.formular;
    let helpful = Params::tolerant(query.as_deref(), &["gezaehlt"])?.text("gezaehlt")?.is_some();
    let said = match helpful {
        true => vec![texts.danke_hilfreich.to_owned()],
        false => (texts.danke)(voice.desk.config.feedback.keep_days),
    };
    voice.thanks(&hier, texts.danke_titel, said, query.as_deref()).await
}

pub(super) async fn thanks_for_barrier(
    State(voice): State<Voice>,
    hier: Hier,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let texts = &hier.sprache.texts().voice.formular;
    let said = (texts.barriere_danke)(voice.desk.config.feedback.keep_days);
    voice.thanks(&hier, texts.danke_titel, said, query.as_deref()).await
}

/// The two buttons at the end of a page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Helped {
    leistung: String,
    ars: String,
    antwort: String,
}

/// Counts whether a page helped, by day and Leistung.
pub(super) async fn helpful(
    State(voice): State<Voice>,
    hier: Hier,
    sender: Option<Extension<Sender>>,
    headers: HeaderMap,
    form: Result<Form<Helped>, FormRejection>,
) -> Result<Response, PageError> {
    let texts = &hier.sprache.texts().voice.formular;
    let say = |status, text: &str| {
        let page = unlisted(&hier, texts.nicht_gesendet);
        let absaetze = [Absatz::text(text), Absatz::weg(texts.start, hier.sprache.path("/"))];
        let mut response = dokument(&HeaderMap::new(), KEEP_NOT, &page, texts.nicht_gesendet, &absaetze);
        *response.status_mut() = status;
        Ok(no_index(response))
    };
    if same_origin(&headers, &voice.desk.site.public_url).is_err() {
        voice.counted().refused(FeedbackRefused::CrossSite);
        return say(StatusCode::FORBIDDEN, texts.fremd);
    }
    let Ok(Form(helped)) = form else { return say(StatusCode::BAD_REQUEST, texts.fremd) };
    let answer = match helped.antwort.as_str() {
        "ja" => true,
        "nein" => false,
        _ => return say(StatusCode::BAD_REQUEST, texts.fremd),
    };
    let about = About::find(&voice, &helped.leistung, &helped.ars, hier.sprache).await?.ok_or(PageError::NoLeistung)?;
    if !voice.bounds.helpful.take(&client(sender)) || !voice.bounds.all.take("") {
        voice.counted().refused(FeedbackRefused::Rate);
        return say(StatusCode::TOO_MANY_REQUESTS, texts.nicht_gezaehlt);
    }
    let counting = async {
        let mut tx = voice.desk.registry.begin().await?;
        tx.count_helpful(&words::date_iso(clock::now()), &about.portal, &about.key, answer).await?;
        tx.commit().await
    };
    match tokio::time::timeout(PATIENCE, counting).await {
        Ok(Ok(())) => voice.counted().helped(answer),
        failed => {
            if let Ok(Err(error)) = failed {
                tracing::error!(%error, "an answer whether a page helped cannot be counted");
            }
            voice.counted().refused(FeedbackRefused::Store);
            return say(StatusCode::SERVICE_UNAVAILABLE, texts.nicht_gezaehlt);
        }
    }
    let target = format!("{}?gezaehlt=1&{}", hier.sprache.path("/rueckmeldung/danke"), about.query());
    Ok(redirect(StatusCode::SEE_OTHER, &target, KEEP_NOT))
}
