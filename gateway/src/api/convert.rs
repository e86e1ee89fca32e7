//! From the catalog's values to the JSON that is promised outside, field by field.

use std::collections::BTreeMap;

use connectors::ids::Leistungsschluessel;
use connectors::xzufi::codes;
use indexer::catalog;
use indexer::record::{self, Htmls, Lang, Texts};

use super::wire;
use crate::pages::{address, words};

impl From<catalog::SearchAnswer> for wire::SearchResponse {
    fn from(answer: catalog::SearchAnswer) -> Self {
        let place = answer.place.as_ref().map(|place| place.ars);
        Self {
            query: wire::Query {
                text: answer.text,
                understood: answer.understood,
                corrected: answer.corrected,
                place: answer.place.map(Into::into),
                lang: answer.lang.into(),
                asked_in: answer.asked_in.map(Into::into),
            },
            answer: wire::Verdict {
                state: answer.verdict.as_str(),
                about: answer.choice.as_ref().map(|choice| choice.about.clone()),
                options: answer.choice.map(|choice| choice.options.to_vec()).unwrap_or_default(),
            },
            facets: answer
                .facets
                .into_iter()
                .map(|facet| wire::Facet {
                    name: facet.name,
                    value: facet.value,
                    label: facet.label,
                    count: facet.count,
                })
                .collect(),
            ambiguous: answer.ambiguous.into_iter().map(Into::into).collect(),
            total: answer.total,
            hits: answer
                .hits
                .into_iter()
                .map(|hit| wire::Hit {
                    url: address::leistung(&hit.leistung, place.as_ref()),
                    leistung: hit.leistung.into(),
                    score: hit.score,
                    highlight: hit.highlight,
                    responsible: hit.responsible.map(Into::into),
                })
                .collect(),
        }
    }
}

impl From<catalog::Place> for wire::PlaceShort {
    fn from(place: catalog::Place) -> Self {
        Self { ars: place.ars.into(), name: place.name, level: place.level.as_str() }
    }
}

impl From<catalog::Place> for wire::Place {
    fn from(place: catalog::Place) -> Self {
        Self {
            ars: place.ars.into(),
            name: place.name,
            level: place.level.as_str(),
            parent: place.parent,
            plz: place.plz,
        }
    }
}

impl From<catalog::LeistungShort> for wire::LeistungShort {
    fn from(short: catalog::LeistungShort) -> Self {
        Self {
            id: short.id,
            leistungsschluessel: keys(&short.schluessel),
            name: short.name,
            kurztext: short.kurztext,
            lang: short.lang.into(),
            source: wire::Source {
                portal: short.portal.into(),
                name: short.portal_name,
                changed: short.changed.map(words::date_iso),
            },
        }
    }
}

impl From<catalog::Responsible> for wire::HitResponsible {
    fn from(responsible: catalog::Responsible) -> Self {
        Self {
            state: responsible.state.into(),
            answers: responsible.answers.into_iter().map(Into::into).collect(),
            contacts: responsible.contacts.into_iter().map(Into::into).collect(),
            onlinedienste: responsible.onlinedienste.into_iter().map(Into::into).collect(),
            next: responsible.next.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<catalog::Responsible> for wire::Responsible {
    fn from(responsible: catalog::Responsible) -> Self {
        let url = responsible
            .leistung
            .as_ref()
            .zip(responsible.place.as_ref())
            .map(|(leistung, place)| address::leistung(leistung, Some(&place.ars)));
        Self {
            state: responsible.state.into(),
            leistung: responsible.leistung.map(Into::into),
            place: responsible.place.map(Into::into),
            answers: responsible.answers.into_iter().map(Into::into).collect(),
            contacts: responsible.contacts.into_iter().map(Into::into).collect(),
            onlinedienste: responsible.onlinedienste.into_iter().map(Into::into).collect(),
            next: responsible.next.into_iter().map(Into::into).collect(),
            url,
        }
    }
}

impl From<catalog::State> for wire::State {
    fn from(state: catalog::State) -> Self {
        match state {
            catalog::State::Found => Self::Found,
            catalog::State::Ambiguous => Self::Ambiguous,
            catalog::State::None => Self::None,
            catalog::State::UnknownPlace => Self::UnknownPlace,
            catalog::State::UnknownLeistung => Self::UnknownLeistung,
        }
    }
}

impl From<catalog::Answer> for wire::Answer {
    fn from(answer: catalog::Answer) -> Self {
        Self {
            organisationseinheit: answer.organisationseinheit.into(),
            role: answer.role,
            level: answer.level.as_str(),
            gebiet: answer.gebiet.into(),
            portal: answer.portal.into(),
            reason: answer.why.sentences(),
        }
    }
}

impl From<catalog::OrganisationseinheitView> for wire::Organisationseinheit {
    fn from(view: catalog::OrganisationseinheitView) -> Self {
        Self {
            id: view.id,
            name: view.name,
            anschriften: view.anschriften.into_iter().map(Into::into).collect(),
            kommunikation: view
                .kommunikation
                .into_iter()
                .map(|one| wire::Kommunikation { kanal: one.kanal, kennung: one.kennung })
                .collect(),
            oeffnungszeiten: html_by_lang(&view.oeffnungszeiten),
            links: view.links.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<record::Anschrift> for wire::Anschrift {
    fn from(anschrift: record::Anschrift) -> Self {
        Self {
            art: anschrift.art,
            strasse: anschrift.strasse,
            postfach: anschrift.postfach,
            plz: anschrift.plz,
            ort: anschrift.ort,
            zusatz: anschrift.zusatz,
        }
    }
}

impl From<record::Link> for wire::Link {
    fn from(link: record::Link) -> Self {
        Self { url: link.url.into(), title: link.title, lang: link.lang.map(Into::into) }
    }
}

impl From<catalog::OnlinedienstAnswer> for wire::Onlinedienst {
    fn from(dienst: catalog::OnlinedienstAnswer) -> Self {
        Self {
            id: dienst.id,
            name: dienst.name,
            url: dienst.written,
            vertrauensniveau: dienst.vertrauensniveau,
            level: dienst.level.as_str(),
            gebiet: dienst.gebiet.into(),
            portal: dienst.portal.into(),
            portal_name: dienst.portal_name,
            handover: dienst.handover,
            sprachen: dienst.sprachen.into_iter().map(Into::into).collect(),
            zahlungsweisen: dienst.zahlungsweisen,
        }
    }
}

impl From<catalog::NextStep> for wire::NextStep {
    fn from(step: catalog::NextStep) -> Self {
        let contact = step.contact;
        let page = contact.as_ref().and_then(|contact| contact.url.as_ref()).map(ToString::to_string);
        let (phone, email) = contact.map_or((None, None), |contact| (contact.phone, contact.email));
        Self {
            name: step.name,
            level: step.level.as_str(),
            portal: step.portal.map(Into::into),
            phone,
            email,
            url: page.or(step.web),
        }
    }
}

impl wire::Leistung {
    /// A Leistung as it is seen from a place.
    pub fn of(view: catalog::LeistungView) -> Self {
        let responsible: Option<wire::Responsible> = view.responsible.map(Into::into);
        let here = responsible.as_ref().and_then(|responsible| responsible.place.as_ref());
        let here = here.and_then(|place| place.ars.parse().ok());
        let url = address::leistung(&view.short, here.as_ref());
        let short = wire::LeistungShort::from(view.short);
        Self {
            id: short.id,
            leistungsschluessel: short.leistungsschluessel,
            name: short.name,
            kurztext: short.kurztext,
            lang: short.lang,
            source: short.source,
            title: by_lang(&view.title),
            bezeichnung: by_lang(&view.bezeichnung),
            modules: view.modules.into_iter().map(Into::into).collect(),
            languages: view.languages.into_iter().map(Into::into).collect(),
            typisierung: view.typisierung,
            vertrauensniveau: view.vertrauensniveau,
            adressat: view.adressat,
            keywords: view.keywords,
            ursprung: view.ursprung.into_iter().map(Into::into).collect(),
            responsible,
            url,
        }
    }
}

impl From<catalog::ModulView> for wire::Modul {
    fn from(view: catalog::ModulView) -> Self {
        let modul = view.modul;
        let (art, code) = match modul.art {
            record::ModulArt::Text(code) => (wire::ModulArt::Text, Some(code)),
            record::ModulArt::Individuell(code) => (wire::ModulArt::Individuell, Some(code)),
            record::ModulArt::Frist => (wire::ModulArt::Frist, None),
            record::ModulArt::Kosten => (wire::ModulArt::Kosten, None),
            record::ModulArt::Bearbeitungsdauer => (wire::ModulArt::Bearbeitungsdauer, None),
            record::ModulArt::Dokumente => (wire::ModulArt::Dokumente, None),
            record::ModulArt::Auskunftshinweis => (wire::ModulArt::Auskunftshinweis, None),
        };
        let name = match art {
            wire::ModulArt::Text => code.as_deref().and_then(codes::textmodul_name),
            _ => None,
        };
        Self {
            art,
            code,
            name,
            heading: by_lang(&modul.heading),
            text: html_by_lang(&modul.text),
            facts: modul.facts,
            links: modul.links.into_iter().map(Into::into).collect(),
            channel: modul.channel,
            local: view.role == catalog::TextRole::Supplement,
            role: view.role.as_str(),
            portal: view.whose.portal.to_string(),
            portal_name: view.whose.name,
            changed: view.whose.changed.map(|at| at.to_string()),
        }
    }
}

impl From<catalog::Suggestion> for wire::Suggestion {
    fn from(suggestion: catalog::Suggestion) -> Self {
        let place = suggestion.place.as_ref().map(|place| place.ars);
        Self {
            url: address::leistung(&suggestion.leistung, place.as_ref()),
            leistungsschluessel: keys(&suggestion.leistung.schluessel),
            text: match suggestion.place {
                Some(place) => format!("{} in {}", suggestion.leistung.name, place.name),
                None => suggestion.leistung.name,
            },
        }
    }
}

fn keys(schluessel: &[Leistungsschluessel]) -> Vec<String> {
    schluessel.iter().map(ToString::to_string).collect()
}

fn by_lang(texts: &Texts) -> BTreeMap<String, String> {
    texts.iter().map(|(lang, text)| (code(lang), text.clone())).collect()
}

fn html_by_lang(htmls: &Htmls) -> BTreeMap<String, String> {
    htmls.iter().map(|(lang, html)| (code(lang), html.as_str().to_owned())).collect()
}

fn code(lang: &Lang) -> String {
    lang.as_str().to_owned()
}
