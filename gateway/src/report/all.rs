//! The coverage of all towns, in every form: page, table, JSON, and lines for the command line.

use askama::Template;
use axum::response::Response;
use http::HeaderMap;
use indexer::catalog::report::{Coverage, Everywhere, Share, Town};
use serde::Serialize;
use utoipa::ToSchema;

use super::percent;
use crate::pages::respond::Document;
use crate::pages::templates::{self, Page};
use crate::pages::words::grouped;
use crate::pages::{KEEP_PAGE, html};
use crate::table::{self, defused};

/// The coverage of all towns.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EverywhereResponse {
    /// How the shares are meant.
    formula: &'static str,
    /// Where the numbers of inhabitants are from.
    inhabitants_source: &'static str,
    /// The whole Land.
    land: EverywhereShare,
    /// Every Kreis and every town that is none's, by ARS.
    kreise: Vec<EverywhereKreis>,
    /// Every Gemeinde, by ARS.
    towns: Vec<EverywhereTown>,
}

/// What is covered in several towns; shares from 0 to 1.
#[derive(Debug, Serialize, ToSchema)]
struct EverywhereShare {
    /// How many towns.
    towns: usize,
    /// Their inhabitants.
    inhabitants: u64,
    /// Of these, towns with a portal of their own.
    joined_towns: usize,
    /// Inhabitants of those.
    joined_inhabitants: u64,
    /// Covered, as the mean over towns.
    covered_by_town: f64,
    /// Covered, as the mean over inhabitants.
    covered_by_inhabitant: f64,
}

/// The towns of one Kreis together.
#[derive(Debug, Serialize, ToSchema)]
struct EverywhereKreis {
    /// Its ARS.
    ars: String,
    /// Its name.
    name: String,
    /// What is covered there.
    share: EverywhereShare,
}

/// One Gemeinde.
#[derive(Debug, Serialize, ToSchema)]
struct EverywhereTown {
    /// Its ARS.
    ars: String,
    /// Its name.
    name: String,
    /// ARS of its Kreis; its own where it lies in none.
    kreis: String,
    /// Inhabitants.
    inhabitants: u64,
    /// A portal is registered that speaks for this very town.
    joined: bool,
    /// Leistungen that any portal of the Verbund describes.
    keys: usize,
    /// Of these with a text.
    text: usize,
    /// With a text of the town's own portal.
    own_text: usize,
    /// With exactly one responsible body.
    stelle: usize,
    /// With an Onlinedienst that citizens can be sent to.
    onlinedienst: usize,
    /// With a text and exactly one responsible body.
    complete: usize,
}

const FORMULA: &str = "covered of a town = Leistungen with a text and exactly one responsible body / Leistungen that any \
    portal describes; by_town = mean over the towns; by_inhabitant = mean over the towns, weighted by inhabitants";
const SOURCE: &str = "Statistisches Bundesamt, Gemeindeverzeichnis, 31.12.2019";

impl From<&Everywhere> for EverywhereResponse {
    fn from(of: &Everywhere) -> Self {
        let town = |town: &Town| {
            let Coverage { keys, text, own_text, stelle, onlinedienst, complete } = town.described;
            let (ars, kreis) = (town.ars.to_string(), town.kreis.to_string());
            let (name, inhabitants, joined) = (town.name.clone(), town.inhabitants, town.joined);
            EverywhereTown {
                ars,
                name,
                kreis,
                inhabitants,
                joined,
                keys,
                text,
                own_text,
                stelle,
                onlinedienst,
                complete,
            }
        };
        let kreise = of.kreise.iter().map(|kreis| EverywhereKreis {
            ars: kreis.ars.to_string(),
            name: kreis.name.clone(),
            share: (&kreis.share).into(),
        });
        Self {
            formula: FORMULA,
            inhabitants_source: SOURCE,
            land: (&of.land).into(),
            kreise: kreise.collect(),
            towns: of.towns.iter().map(town).collect(),
        }
    }
}

impl From<&Share> for EverywhereShare {
    fn from(of: &Share) -> Self {
        Self {
            towns: of.towns,
            inhabitants: of.inhabitants,
            joined_towns: of.joined,
            joined_inhabitants: of.joined_inhabitants,
            covered_by_town: of.by_town,
            covered_by_inhabitant: of.by_inhabitant,
        }
    }
}

/// The columns.
const HEADER: [&str; 11] = [
    "ars",
    "gemeinde",
    "kreis_ars",
    "einwohner_2019",
    "eigenes_portal",
    "leistungen_im_verbund",
    "mit_text",
    "mit_eigenem_text",
    "mit_einer_stelle",
    "mit_onlinedienst",
    "mit_text_und_stelle",
];

/// A line for each Gemeinde.
pub(crate) fn csv(of: &Everywhere) -> String {
    let cells = |town: &Town| {
        let Coverage { keys, text, own_text, stelle, onlinedienst, complete } = town.described;
        [
            town.ars.to_string(),
            defused(&town.name),
            town.kreis.to_string(),
            town.inhabitants.to_string(),
            yes_or_no(town.joined).to_owned(),
            keys.to_string(),
            text.to_string(),
            own_text.to_string(),
            stelle.to_string(),
            onlinedienst.to_string(),
            complete.to_string(),
        ]
    };
    table::csv(HEADER, of.towns.iter().map(cells))
}

/// Land and Kreise, a line each.
pub(crate) fn plain(of: &Everywhere) -> String {
    let line = |name: &str, share: &Share| {
        format!(
            "{name}: abgedeckt {} (Gemeinden), {} (Einwohner); eigenes Portal {} von {} Gemeinden, {} von {} Einwohnern",
            of_hundred(share.by_town),
            of_hundred(share.by_inhabitant),
            share.joined,
            share.towns,
            share.joined_inhabitants,
            share.inhabitants
        )
    };
    let mut lines = vec![line("Nordrhein-Westfalen", &of.land)];
    lines.extend(of.kreise.iter().map(|kreis| line(&kreis.name, &kreis.share)));
    lines.join("\n") + "\n"
}

/// The page `/bericht/alle`.
pub(super) fn page(of: &Everywhere, asked: &HeaderMap) -> Response {
    let page = Page::new("Prüfbericht: Abdeckung aller Gemeinden", None);
    let view = View {
        page: &page,
        land: Anteil::of("Nordrhein-Westfalen", &of.land),
        kreise: of.kreise.iter().map(|kreis| Anteil::of(&kreis.name, &kreis.share)).collect(),
        orte: of.towns.iter().map(Ort::of).collect(),
    };
    html(asked, KEEP_PAGE, templates::render(&view))
}

/// The table `/bericht/alle.csv`.
pub(super) fn table(of: &Everywhere, asked: &HeaderMap) -> Response {
    let content_type = "text/csv; charset=utf-8; header=present";
    Document { content_type, cache_control: KEEP_PAGE, body: csv(of) }.answer(asked)
}

#[derive(Template)]
#[template(path = "bericht-alle.html")]
struct View<'a> {
    page: &'a Page,
    land: Anteil,
    kreise: Vec<Anteil>,
    orte: Vec<Ort>,
}

/// A share, as the page shows it.
struct Anteil {
    name: String,
    orte: String,
    einwohner: String,
    eigene: String,
    je_ort: String,
    je_einwohner: String,
}

impl Anteil {
    fn of(name: &str, share: &Share) -> Self {
        Self {
            name: name.to_owned(),
            orte: grouped(share.towns),
            einwohner: people(share.inhabitants),
            eigene: format!("{} ({} Einwohner)", grouped(share.joined), people(share.joined_inhabitants)),
            je_ort: of_hundred(share.by_town),
            je_einwohner: of_hundred(share.by_inhabitant),
        }
    }
}

/// A town, as the page shows it.
struct Ort {
    name: String,
    href: String,
    einwohner: String,
    eigenes: &'static str,
    werte: Vec<String>,
}

impl Ort {
    fn of(town: &Town) -> Self {
        let of = &town.described;
        let shown = |count: usize| {
            let share = format!("{:.1}", percent(count, of)).replace('.', ",");
            format!("{} ({share} %)", grouped(count))
        };
        Self {
            name: town.name.clone(),
            href: format!("/bericht/{}", town.ars),
            einwohner: people(town.inhabitants),
            eigenes: yes_or_no(town.joined),
            werte: [of.text, of.own_text, of.stelle, of.onlinedienst, of.complete].map(shown).into(),
        }
    }
}

fn people(count: u64) -> String {
    grouped(usize::try_from(count).unwrap_or(usize::MAX))
}

fn yes_or_no(so: bool) -> &'static str {
    if so { "ja" } else { "nein" }
}

/// A share in percent.
fn of_hundred(share: f64) -> String {
    format!("{:.1} %", share * 100.0).replace('.', ",")
}
