//! The pages on which portals join: one address, the proof, the preview, the release; and the page of one portal.

mod forms;
mod view;

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use connectors::ids::PortalId;
use connectors::registration::Portal;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::acting::{Acting, Refusal, facts_now};
use super::first_look::{self, Seen};
use super::preview::Standing;
use super::registration::{FieldFault, PartFault, Registration, Stage, Step};
use super::wish::Wish;
use super::{sources, words};
use crate::api::params::Params;
use crate::pages::respond::redirect;
use crate::pages::templates::{self, Page};
use crate::pages::{KEEP_NOT, html};
use crate::registry::Fehler;
use crate::registry::{Denied, Desk, Form, Paths, RESERVED, Registered, Right, Who};
use forms::{Angaben, Feld, WishForm};

/// How long a page waits for a rehearsal before it says that it still runs.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pages, with their handlers.
pub(crate) fn paths() -> Paths {
    Paths::new()
        .get("/anbindung/neu", new)
        .post("/anbindung/neu", create)
        .get("/anbindung/freigaben", releases)
        .get("/anbindung/{portal}", show)
        .get("/anbindung/{portal}/angaben", edit)
        .post("/anbindung/{portal}/angaben", change)
        .post("/anbindung/{portal}/nachweis", prove)
        .post("/anbindung/{portal}/probelauf", rehearse)
        .get("/anbindung/{portal}/vorschau", preview)
        .get("/anbindung/{portal}/vorschau/{*rest}", preview_page)
        .post("/anbindung/{portal}/schritt", step)
        .post("/anbindung/{portal}/zurueck", undo)
}

/// A page; with a status of its own where something has to be mended first.
fn page(headers: &HeaderMap, status: StatusCode, body: String) -> Response {
    let mut response = html(headers, KEEP_NOT, body);
    if status != StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

fn to_portal(id: &PortalId, message: &str) -> Response {
    redirect(StatusCode::SEE_OTHER, &format!("/anbindung/{id}?meldung={message}"), KEEP_NOT)
}

/// A registration, for somebody who has this right on it.
async fn registered(desk: &Desk, who: &Who, right: Right, id: &str) -> Result<Registered, Denied> {
    let id: PortalId = id.parse().map_err(|_| Denied::NoSuch)?;
    who.must(right, &id)?;
    desk.registry.registration(&id).await?.ok_or(Denied::NoSuch)
}

/// Whether an id belongs to a portal that did not register here, or to a page of ours.
pub(super) async fn taken(desk: &Desk, id: &PortalId) -> bool {
    let of_file = desk.portals.load().iter().any(|portal| portal.id == *id);
    // What an earlier portal of this id delivered is still there, and would become somebody else's.
    let delivered = match &desk.indexer {
        Some(indexer) => indexer.known(id).await.is_ok_and(|known| !known.runs.is_empty()),
        None => false,
    };
    of_file || delivered || RESERVED.contains(&id.as_str())
}

#[derive(Template)]
#[template(path = "anbindung/neu.html")]
struct NewView<'a> {
    page: &'a Page,
    who: &'a Who,
    fehler: Vec<Fehler>,
    adresse: Feld,
}

fn address_page(headers: &HeaderMap, who: &Who, typed: &str, fault: Option<String>) -> Response {
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let adresse = forms::address(typed, fault);
    let title = if status == StatusCode::OK { "Ein Portal anbinden" } else { "Fehler: Ein Portal anbinden" };
    let view = NewView { page: &Page::new(title, None), who, fehler: forms::faults([&adresse]), adresse };
    page(headers, status, templates::render(&view))
}

async fn new(State(_): State<Desk>, who: Who, headers: HeaderMap) -> Response {
    address_page(&headers, &who, "", None)
}

#[derive(Template)]
#[template(path = "anbindung/angaben.html")]
struct FieldsView<'a> {
    page: &'a Page,
    who: &'a Who,
    ueberschrift: String,
    einleitung: &'static str,
    gesehen: Option<String>,
    fehler: Vec<Fehler>,
    form: Angaben,
    ziel: String,
    knopf: &'static str,
}

impl FieldsView<'_> {
    fn answer(self, headers: &HeaderMap) -> Response {
        let status = if self.fehler.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        page(headers, status, templates::render(&self))
    }
}

fn new_fields<'a>(page: &'a Page, who: &'a Who, wish: &Wish, faults: &[FieldFault]) -> FieldsView<'a> {
    let form = Angaben::of(wish, faults, true);
    FieldsView {
        page,
        who,
        ueberschrift: "Bitte prüfen Sie die Angaben".into(),
        einleitung: "Das haben wir aus Ihrer Adresse erschlossen. Alles lässt sich ändern, auch später.",
        gesehen: None,
        fehler: form.faults(),
        form,
        ziel: "/anbindung/neu".into(),
        knopf: "Portal anmelden",
    }
}

async fn create(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Form(form): Form<WishForm>,
) -> Result<Response, Denied> {
    let rules = &desk.joining.rules;
    if form.schritt != "angaben" {
        let typed = form.address.clone();
        let address = match rules.addresses.read(&typed) {
            Ok(address) => address,
            Err(fault) => return Ok(address_page(&headers, &who, &typed, Some(words::of_address(&fault)))),
        };
        let looked = first_look::look(&desk.fetcher, &rules.addresses, &address).await;
        if let Seen::Elsewhere(_) | Seen::Silent(_) = &looked.seen {
            return Ok(address_page(&headers, &who, &typed, Some(words::of_seen(&looked.seen))));
        }
        let page = Page::new("Angaben prüfen", None);
        let mut view = new_fields(&page, &who, &looked.wish, &[]);
        view.gesehen = Some(words::of_seen(&looked.seen));
        if looked.gebiete.len() > 1 {
            view.form.orte = looked.gebiete.iter().map(|one| format!("{} ({})", one.name, one.ars)).collect();
        }
        return Ok(view.answer(&headers));
    }
    let wish = form.wish();
    let faulty = |faults: &[FieldFault]| {
        let page = Page::new("Fehler: Angaben prüfen", None);
        new_fields(&page, &who, &wish, faults).answer(&headers)
    };
    let (portal, address) = match wish.read(&desk.site.catalog, &rules.addresses, None) {
        Ok(read) => read,
        Err(faults) => return Ok(faulty(&faults)),
    };
    let id = portal.id.clone();
    let is_taken = taken(&desk, &id).await;
    let acting = Acting { registry: &desk.registry, who: &who, dry_run: false };
    match acting.register(rules, portal, address, |_| is_taken).await {
        Ok(_) => Ok(to_portal(&id, "angemeldet")),
        Err(Refusal::Parts(faults)) => Ok(faulty(&faults)),
        Err(Refusal::Registry(error)) => Err(error.into()),
        Err(Refusal::IdTaken(id)) => Ok(faulty(&[FieldFault { field: "id", fault: PartFault::Taken(id.to_string()) }])),
        Err(refusal) => {
            let page = Page::new("Fehler: Angaben prüfen", None);
            let mut view = new_fields(&page, &who, &wish, &[]);
            view.fehler = vec![Fehler::new("address", words::of_refusal(&refusal))];
            Ok(view.answer(&headers))
        }
    }
}

async fn edit(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Denied> {
    let known = registered(&desk, &who, Right::Manage, &id).await?;
    let wish = Wish::of(&known.registration.portal, known.registration.address.as_ref());
    let page = Page::new("Angaben ändern", None);
    Ok(edit_fields(&page, &who, &wish, &[], &known).answer(&headers))
}

fn edit_fields<'a>(
    page: &'a Page,
    who: &'a Who,
    wish: &Wish,
    faults: &[FieldFault],
    known: &Registered,
) -> FieldsView<'a> {
    let form = Angaben::of(wish, faults, false);
    FieldsView {
        page,
        who,
        ueberschrift: format!("Angaben zu {}", known.registration.portal.name),
        einleitung: "Ansprechstelle und Takt gelten sofort. Alles andere sehen Bürgerinnen und Bürger erst nach einem \
                     neuen Probelauf und einer neuen Freigabe; bis dahin bleibt alles, wie es ist.",
        gesehen: None,
        fehler: form.faults(),
        form,
        ziel: format!("/anbindung/{}/angaben", known.id),
        knopf: "Angaben speichern",
    }
}

async fn change(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(form): Form<WishForm>,
) -> Result<Response, Denied> {
    let known = registered(&desk, &who, Right::Manage, &id).await?;
    let rules = &desk.joining.rules;
    let wish = Wish { id: known.id.to_string(), ..form.wish() };
    let title = Page::new("Fehler: Angaben ändern", None);
    let faulty = |faults: &[FieldFault]| edit_fields(&title, &who, &wish, faults, &known).answer(&headers);
    let (portal, address) = match wish.read(&desk.site.catalog, &rules.addresses, Some(&known.registration.portal)) {
        Ok(read) => read,
        Err(faults) => return Ok(faulty(&faults)),
    };
    let acting = Acting { registry: &desk.registry, who: &who, dry_run: false };
    let step = Step::Edit { portal: Box::new(portal), address };
    match acting.step(rules, &known.id, &step).await {
        Ok(_) => Ok(to_portal(&known.id, "geaendert")),
        Err(Refusal::Parts(faults)) => Ok(faulty(&faults)),
        Err(Refusal::Registry(error)) => Err(error.into()),
        Err(refusal) => portal_page(&desk, &who, &headers, &known.id, None, Some(words::of_refusal(&refusal))).await,
    }
}

async fn show(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Denied> {
    let id: PortalId = id.parse().map_err(|_| Denied::NoSuch)?;
    who.must(Right::Read, &id)?;
    let params = Params::tolerant(query.as_deref(), &["meldung"]).map_err(|_| Denied::Unreadable)?;
    let message = params.text("meldung").ok().flatten();
    let message = message.as_deref().and_then(view::message).map(str::to_owned);
    portal_page(&desk, &who, &headers, &id, message, None).await
}

#[derive(Template)]
#[template(path = "anbindung/portal.html")]
struct PortalView<'a> {
    page: &'a Page,
    who: &'a Who,
    meldung: Option<String>,
    fehler: Vec<Fehler>,
    it: view::PortalPage,
}

async fn portal_page(
    desk: &Desk,
    who: &Who,
    headers: &HeaderMap,
    id: &PortalId,
    meldung: Option<String>,
    fault: Option<String>,
) -> Result<Response, Denied> {
    let it = view::PortalPage::read(desk, who, id).await?.ok_or(Denied::NoSuch)?;
    let status = if fault.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let fehler = fault.map(|text| Fehler::new("schritt", text)).into_iter().collect();
    let view = PortalView { page: &Page::new(&it.name, None), who, meldung, fehler, it };
    Ok(page(headers, status, templates::render(&view)))
}

#[derive(Debug, Deserialize)]
struct Nothing {}

async fn prove(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Denied> {
    let known = registered(&desk, &who, Right::Manage, &id).await?;
    let found = super::look_for_proof(&desk.registry, &desk.joining, &who, &known, false).await;
    let message = match found {
        Ok(Some((proof, findings))) if findings.place().is_some() && proof.lost.is_none() => {
            return Ok(to_portal(&known.id, "nachgewiesen"));
        }
        Ok(Some((_, findings))) => {
            let it = view::PortalPage::read(&desk, &who, &known.id).await?.ok_or(Denied::NoSuch)?;
            let it = it.with_findings(&findings);
            let text =
                "Wir haben Ihr Kennwort noch nicht gefunden. Was wir gesehen haben, steht bei jedem der drei Wege.";
            let fehler = vec![Fehler::new("nachweis", text)];
            let title = Page::new(&format!("Fehler: {}", it.name), None);
            let view = PortalView { page: &title, who: &who, meldung: None, fehler, it };
            return Ok(page(&headers, StatusCode::OK, templates::render(&view)));
        }
        Ok(None) => "Diese Anmeldung hat keine Adresse, die nachzuweisen wäre.".to_owned(),
        Err(Refusal::Registry(error)) => return Err(error.into()),
        Err(refusal) => words::of_refusal(&refusal),
    };
    portal_page(&desk, &who, &headers, &known.id, None, Some(message)).await
}

async fn rehearse(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Denied> {
    let known = registered(&desk, &who, Right::Manage, &id).await?;
    let facts = facts_now(&desk.registry, &known).await?;
    if !facts.proven {
        let fault = words::of_refusal(&Refusal::Step(super::registration::StepFault::NotProven));
        return portal_page(&desk, &who, &headers, &known.id, None, Some(fault)).await;
    }
    if known.registration.portal.connector.url().is_none() {
        let fault = "Dieses Portal liefert selbst; zu proben gibt es erst etwas, wenn die erste Lieferung da ist.";
        return portal_page(&desk, &who, &headers, &known.id, None, Some(fault.into())).await;
    }
    let begun = desk.joining.previews.begin(&desk.registry, &desk.site, &who, &known.registration);
    if let Err(busy) = begun {
        return portal_page(&desk, &who, &headers, &known.id, None, Some(words::of_busy(busy).into())).await;
    }
    desk.joining.previews.wait(&known.id, PATIENCE).await;
    Ok(redirect(StatusCode::SEE_OTHER, &format!("/anbindung/{}/vorschau", known.id), KEEP_NOT))
}

#[derive(Template)]
#[template(path = "anbindung/vorschau.html")]
struct PreviewView<'a> {
    page: &'a Page,
    who: &'a Who,
    id: String,
    name: String,
    ort: String,
    laeuft: Option<String>,
    it: Option<view::PreviewPage>,
}

async fn preview(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Denied> {
    let known = registered(&desk, &who, Right::Read, &id).await?;
    let standing = desk.joining.previews.standing(&known.id, config::clock::now());
    let (laeuft, it) = match standing {
        None => (
            Some("Zurzeit gibt es keine Vorschau. Starten Sie auf der Seite des Portals einen Probelauf.".into()),
            None,
        ),
        Some(Standing::Running { since }) => {
            let since = crate::pages::words::moment(since);
            (Some(format!("Der Probelauf läuft noch (seit {since}).")), None)
        }
        Some(Standing::Failed { late: true, .. }) => {
            (Some("Der Probelauf hat zu lange gedauert und wurde abgebrochen.".into()), None)
        }
        Some(Standing::Failed { .. }) => (Some("Der Probelauf ist an einem Fehler bei uns gescheitert.".into()), None),
        Some(Standing::Done(preview)) => {
            let same = preview.fingerprint == known.registration.fingerprint();
            (None, Some(view::PreviewPage::of(&known, &preview, same)))
        }
    };
    let portal = &known.registration.portal;
    let title = Page::new(&format!("Vorschau: {}", portal.name), None);
    let ort = desk.site.catalog.place_of(portal.gebiet).map(|place| place.name).unwrap_or_default();
    let view =
        PreviewView { page: &title, who: &who, id: known.id.to_string(), name: portal.name.clone(), ort, laeuft, it };
    Ok(page(&headers, StatusCode::OK, templates::render(&view)))
}

async fn preview_page(
    State(desk): State<Desk>,
    who: Who,
    Path((id, rest)): Path<(String, String)>,
    uri: http::Uri,
    RawQuery(query): RawQuery,
) -> Result<Response, Denied> {
    let known = registered(&desk, &who, Right::Read, &id).await?;
    let standing = desk.joining.previews.standing(&known.id, config::clock::now());
    let Some(Standing::Done(preview)) = standing else {
        return Ok(redirect(StatusCode::SEE_OTHER, &format!("/anbindung/{}/vorschau", known.id), KEEP_NOT));
    };
    let prefix = format!("/anbindung/{}/vorschau", known.id);
    // As it was written, because the parameter is decoded.
    let path = uri.path().strip_prefix(&prefix).map_or_else(|| format!("/{rest}"), str::to_owned);
    let banner = format!(
        "Vorschau von {}: So sähen Bürgerinnen und Bürger die Daten dieses Portals. Niemand sonst sieht das hier.",
        known.registration.portal.name
    );
    Ok(preview.page(&prefix, &path, query.as_deref(), &banner).await)
}

#[derive(Debug, Deserialize)]
struct StepForm {
    schritt: String,
    #[serde(default)]
    grund: String,
}

async fn step(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(form): Form<StepForm>,
) -> Result<Response, Denied> {
    let known = registered(&desk, &who, Right::Manage, &id).await?;
    let rules = &desk.joining.rules;
    let acting = Acting { registry: &desk.registry, who: &who, dry_run: false };
    let (taken, message) = match form.schritt.as_str() {
        "submit" => (acting.submit(rules, &known.id).await, if rules.at_once { "freigegeben" } else { "eingereicht" }),
        "release" => (acting.step(rules, &known.id, &Step::Release).await, "freigegeben"),
        "refuse" => (acting.step(rules, &known.id, &Step::Refuse(form.grund)).await, "zurueckgegeben"),
        "suspend" => (acting.step(rules, &known.id, &Step::Suspend(form.grund)).await, "ausgesetzt"),
        "resume" => (acting.step(rules, &known.id, &Step::Resume).await, "aufgenommen"),
        "withdraw" => (acting.step(rules, &known.id, &Step::Withdraw).await, "zurueckgezogen"),
        _ => return Err(Denied::Unreadable),
    };
    match taken {
        Ok(_) => {
            if message != "eingereicht" {
                desk.joining.previews.forget(&known.id);
            }
            Ok(to_portal(&known.id, message))
        }
        Err(Refusal::Registry(error)) => Err(error.into()),
        Err(refusal) => portal_page(&desk, &who, &headers, &known.id, None, Some(words::of_refusal(&refusal))).await,
    }
}

#[derive(Debug, Deserialize)]
struct UndoForm {
    nummer: i64,
}

async fn undo(
    State(desk): State<Desk>,
    who: Who,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(form): Form<UndoForm>,
) -> Result<Response, Denied> {
    let id: PortalId = id.parse().map_err(|_| Denied::NoSuch)?;
    who.must(Right::Manage, &id)?;
    let acting = Acting { registry: &desk.registry, who: &who, dry_run: false };
    match acting.undo(&id, form.nummer).await {
        Ok(undone) if undone.now.is_none() => Ok(redirect(StatusCode::SEE_OTHER, "/anbindung", KEEP_NOT)),
        Ok(_) => Ok(to_portal(&id, "zurueckgenommen")),
        Err(Refusal::Registry(error)) => Err(error.into()),
        Err(refusal) => portal_page(&desk, &who, &headers, &id, None, Some(words::of_refusal(&refusal))).await,
    }
}

#[derive(Template)]
#[template(path = "anbindung/freigaben.html")]
struct ReleasesView<'a> {
    page: &'a Page,
    who: &'a Who,
    wartet: Vec<view::Waiting>,
    verloren: Vec<(String, String)>,
    unterschiede: Vec<String>,
}

async fn releases(State(desk): State<Desk>, who: Who, headers: HeaderMap) -> Result<Response, Denied> {
    who.must_operate()?;
    let registered = desk.registry.registrations().await?;
    let wartet = view::waiting(&desk, &registered);
    let verloren = view::lost(&desk, &registered).await?;
    let unterschiede = differing(&desk, &registered);
    let view = ReleasesView { page: &Page::new("Freigaben", None), who: &who, wartet, verloren, unterschiede };
    Ok(page(&headers, StatusCode::OK, templates::render(&view)))
}

/// Portals whose file is served and is not what is registered.
fn differing(desk: &Desk, registered: &[Registered]) -> Vec<String> {
    let portals = desk.portals.load();
    let differs = |one: &&Registered| {
        let served = one.registration.served();
        portals
            .iter()
            .find(|portal| portal.id == one.id)
            .is_some_and(|portal| served.is_some_and(|served| !sources::parts(portal, &served).is_empty()))
    };
    registered.iter().filter(differs).map(|one| one.id.to_string()).collect()
}

/// What the overview of all of somebody's portals shows of a registration.
pub(crate) struct Mine {
    /// Its id.
    pub(crate) id: PortalId,
    /// Its name.
    pub(crate) name: String,
    /// How far it is, in words.
    pub(crate) stage: &'static str,
    /// It waits for the operator.
    pub(crate) waits: bool,
}

/// The registrations that somebody may see.
pub(crate) async fn mine(desk: &Desk, who: &Who) -> Result<Vec<Mine>, Denied> {
    let mut found = Vec::new();
    for one in desk.registry.registrations().await? {
        if who.may(Right::Read, &one.id) {
            let stage = one.registration.stage(facts_now(&desk.registry, &one).await?);
            let waits = stage == Stage::Submitted;
            found.push(Mine { id: one.id, name: one.registration.portal.name, stage: words::of_stage(stage), waits });
        }
    }
    Ok(found)
}

/// The live form of what is registered, else its draft.
fn shown(registration: &Registration) -> &Portal {
    registration.live.as_ref().unwrap_or(&registration.portal)
}
