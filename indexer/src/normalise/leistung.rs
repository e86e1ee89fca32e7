//! Leistungen and their local overlays: titles, modules in the order of display, keys and codes.

use connectors::finding::Rule;
use connectors::ids::Leistungsschluessel;
use connectors::xzufi::{self, Betrag, Code, Frist, Fristauswahl, Fristmodul, Kosten, Kostenauswahl, Module, codes};

use super::{Normaliser, stelle};
use crate::record::{Freigabe, Lang, Leistung, Modul, ModulArt, Spezialisierung, Texts};

impl Normaliser<'_> {
    pub(super) fn leistung(&mut self, wire: &xzufi::Leistung) -> Leistung {
        let bezeichnung = self.titles(&wire.module, "02");
        let mut title = self.titles(&wire.module, "03");
        for (lang, text) in &bezeichnung {
            title.entry(*lang).or_insert_with(|| text.clone());
        }
        if title.is_empty() && !wire.module.texte.iter().any(|modul| modul.typ.code.is_some()) {
            self.find(Rule::TitleMissing, None);
        }
        if let Some(code) = &wire.vertrauensniveau {
            self.known_trust_level(code);
        }
        for code in &wire.typisierung {
            match code.code.as_deref() {
                None => self.find(Rule::CodeMissing, Some("typisierung")),
                Some(value) if !codes::is_known_typisierung(value) => {
                    self.find(Rule::CodeUnknown, Some(&format!("typisierung {value}")));
                }
                Some(_) => {}
            }
        }
        let mut keywords: std::collections::BTreeMap<Lang, Vec<String>> = std::collections::BTreeMap::new();
        for begriff in &wire.module.begriffe {
            let Some(lang) = self.lang(begriff.begriff.lang.as_deref()) else { continue };
            let word = self.line(&begriff.begriff.text, Some(lang));
            if !word.is_empty() {
                keywords.entry(lang).or_default().push(word);
            }
        }
        let ursprung = wire.module.ursprungsportale.iter().filter_map(|portal| {
            let (lang, uri, titel) = (portal.lang.clone(), portal.uri.clone(), portal.titel.clone());
            self.link(&xzufi::Hyperlink { lang, uri, titel, beschreibung: None, position: None })
        });
        let ursprung = ursprung.collect();
        let freigabe = wire
            .module
            .freigaben
            .first()
            .map(|freigabe| Freigabe { am: freigabe.am.clone(), durch: self.texts(&freigabe.durch) });
        Leistung {
            schluessel: self.schluessel(&wire.leistungsschluessel),
            title,
            bezeichnung,
            modules: self.modules(&wire.module),
            keywords,
            typisierung: values(&wire.typisierung),
            vertrauensniveau: wire.vertrauensniveau.as_ref().and_then(|code| code.code.clone()),
            adressat: values(&wire.leistungsadressat),
            schriftform: wire.schriftform,
            kategorien: wire.kategorien.iter().map(|kategorie| self.texts(&kategorie.bezeichnung)).collect(),
            klassifizierung: wire
                .klassifizierung
                .iter()
                .filter_map(|code| {
                    Some(format!("{} {}", code.list_uri.as_deref().unwrap_or("-"), code.code.as_deref()?))
                })
                .collect(),
            sdg: values(&wire.informationsbereich_sdg),
            einheitlicher_ansprechpartner: wire.kennzeichen_ea,
            gebiete: self.valid_areas(&wire.gueltigkeit_gebiete),
            freigabe,
            ursprung,
            im_kontext: wire.leistungen_im_kontext.iter().filter_map(|id| self.reference(id)).collect(),
            gueltigkeit: self.periods(&wire.gueltigkeit),
            fragments: stelle::fragments(&wire.fragments),
        }
    }

    pub(super) fn spezialisierung(&mut self, wire: &xzufi::Spezialisierung) -> Spezialisierung {
        let leistung = match wire.leistung_id.as_slice() {
            [] => {
                self.find(Rule::LeistungIdMissing, None);
                None
            }
            [one] => self.reference(one),
            _ => {
                self.find(Rule::LeistungIdSeveral, None);
                None
            }
        };
        self.periods(&wire.gueltigkeit);
        Spezialisierung {
            leistung,
            gebiete: self.valid_areas(&wire.gueltigkeit_gebiete),
            modules: self.modules(&wire.module),
            ersetzt: wire.ersetzt.iter().map(|name| replaced(name)).collect(),
            fragments: stelle::fragments(&wire.fragments),
        }
    }

    /// The valid keys; the others are findings.
    fn schluessel(&mut self, wire: &[String]) -> Vec<Leistungsschluessel> {
        let mut keys = Vec::new();
        for text in wire {
            match text.trim().parse() {
                Ok(key) if keys.contains(&key) => {}
                Ok(key) => keys.push(key),
                Err(_) => self.find(Rule::KeyInvalid, Some(text)),
            }
        }
        keys
    }

    fn titles(&mut self, module: &Module, code: &str) -> Texts {
        let mut titles = Texts::new();
        for modul in module.texte.iter().filter(|modul| modul.typ.code.as_deref() == Some(code)) {
            for (lang, text) in self.texts(&modul.inhalt) {
                titles.entry(lang).or_insert(text);
            }
        }
        titles
    }

    /// The modules that say something, in the order of display; titles and keywords are kept elsewhere.
    fn modules(&mut self, wire: &Module) -> Vec<Modul> {
        let mut modules = Vec::new();
        for modul in &wire.texte {
            let code = match modul.typ.code.as_deref() {
                Some("02" | "03") => continue,
                Some(code) => code.to_owned(),
                None => {
                    self.find(Rule::CodeMissing, Some("leikaTextmodul"));
                    String::new()
                }
            };
            if !code.is_empty() && codes::textmodul_name(&code).is_none() {
                self.find(Rule::CodeUnknown, Some(&format!("leikaTextmodul {code}")));
            }
            let channel = channel(modul.head.zugangskanal.as_ref());
            modules.push(Modul {
                art: ModulArt::Text(code),
                heading: self.texts(&modul.abweichende_bezeichnung),
                text: self.htmls(&modul.inhalt),
                facts: Vec::new(),
                links: self.links(&modul.links),
                channel,
            });
        }
        for modul in &wire.texte_individuell {
            let name = modul.typ.name.clone().or_else(|| modul.typ.code.clone()).unwrap_or_default();
            modules.push(Modul {
                art: ModulArt::Individuell(name),
                heading: self.texts(&modul.abweichende_bezeichnung),
                text: self.htmls(&modul.inhalt),
                facts: Vec::new(),
                links: self.links(&modul.links),
                channel: channel(modul.head.zugangskanal.as_ref()),
            });
        }
        for modul in &wire.fristen {
            modules.push(self.span_module(ModulArt::Frist, modul));
        }
        for modul in &wire.bearbeitungsdauern {
            modules.push(self.span_module(ModulArt::Bearbeitungsdauer, modul));
        }
        for modul in &wire.kosten {
            let mut text = self.htmls(&modul.beschreibung);
            let mut links = self.links(&modul.links);
            for kosten in &modul.kosten {
                append(&mut text, self.htmls(&kosten.beschreibung));
                links.extend(self.links(&kosten.links));
            }
            modules.push(Modul {
                art: ModulArt::Kosten,
                heading: Texts::new(),
                text,
                facts: modul.kosten.iter().filter_map(cost).collect(),
                links,
                channel: channel(modul.head.zugangskanal.as_ref()),
            });
        }
        for modul in &wire.dokumente {
            let mut facts = Vec::new();
            for dokument in &modul.eingehend {
                let names = self.texts(&dokument.bezeichnung);
                let name = crate::record::in_lang(&names, Lang::DE).map(|(_, name)| name.clone());
                facts.extend(name.or_else(|| dokument.nicht_gelisteter_wert.clone()));
            }
            modules.push(Modul {
                art: ModulArt::Dokumente,
                heading: Texts::new(),
                text: self.htmls(&modul.beschreibung),
                facts,
                links: self.links(&modul.links),
                channel: channel(modul.head.zugangskanal.as_ref()),
            });
        }
        for modul in &wire.auskunftshinweise {
            modules.push(Modul {
                art: ModulArt::Auskunftshinweis,
                heading: Texts::new(),
                text: self.htmls(&modul.inhalt),
                facts: Vec::new(),
                links: self.links(&modul.links),
                channel: None,
            });
        }
        modules.retain(|modul| !modul.text.is_empty() || !modul.links.is_empty() || !modul.facts.is_empty());
        modules.sort_by_key(|modul| order(&modul.art));
        modules
    }

    fn span_module(&mut self, art: ModulArt, wire: &Fristmodul) -> Modul {
        let mut text = self.htmls(&wire.beschreibung);
        for frist in &wire.fristen {
            append(&mut text, self.htmls(&frist.beschreibung));
        }
        Modul {
            art,
            heading: Texts::new(),
            text,
            facts: wire.fristen.iter().filter_map(span).collect(),
            links: self.links(&wire.links),
            channel: channel(wire.head.zugangskanal.as_ref()),
        }
    }
}

/// What the module of this code or element is about.
fn replaced(name: &str) -> ModulArt {
    match name {
        "modulKosten" => ModulArt::Kosten,
        "modulFrist" => ModulArt::Frist,
        "modulBearbeitungsdauer" => ModulArt::Bearbeitungsdauer,
        code => ModulArt::Text(code.to_owned()),
    }
}

fn append(to: &mut crate::record::Htmls, more: crate::record::Htmls) {
    for (lang, html) in more {
        to.entry(lang).or_default().0.push_str(&html.0);
    }
}

fn values(codes: &[Code]) -> Vec<String> {
    codes.iter().filter_map(|code| code.code.clone()).filter(|code| !code.is_empty()).collect()
}

/// The channel a module is for; `000` is all.
fn channel(code: Option<&Code>) -> Option<String> {
    code.and_then(|code| code.code.clone()).filter(|code| code != "000")
}

/// Where a module stands on a page: what it is, what one needs, what it costs, how it goes, the law, the rest.
fn order(art: &ModulArt) -> usize {
    const TEXTS: [&str; 14] = ["24", "05", "06", "09", "08", "", "", "", "", "11", "14", "16", "15", "07"];
    match art {
        ModulArt::Dokumente => 5,
        ModulArt::Kosten => 6,
        ModulArt::Frist => 7,
        ModulArt::Bearbeitungsdauer => 8,
        ModulArt::Text(code) if !code.is_empty() => TEXTS.iter().position(|known| known == code).unwrap_or(20),
        ModulArt::Individuell(_) => 15,
        ModulArt::Text(_) => 21,
        ModulArt::Auskunftshinweis => 30,
    }
}

/// "2 Wochen", "2 bis 4 Wochen", "bis 31.07."
fn span(frist: &Frist) -> Option<String> {
    match frist.auswahl.as_ref()? {
        Fristauswahl::Dauer { dauer, einheit, dauer_bis, einheit_bis } => {
            let unit = einheit.code.as_deref()?;
            let last = dauer_bis.as_ref().unwrap_or(dauer);
            let last_unit = einheit_bis.as_ref().and_then(|code| code.code.as_deref()).unwrap_or(unit);
            let name = |unit, count: &str| codes::zeiteinheit(unit, count != "1").unwrap_or(unit).to_owned();
            Some(match dauer_bis {
                Some(until) if last_unit == unit => format!("{dauer} bis {until} {}", name(unit, until)),
                Some(until) => format!("{dauer} {} bis {until} {}", name(unit, dauer), name(last_unit, until)),
                None => format!("{dauer} {}", name(unit, last)),
            })
        }
        Fristauswahl::Stichtag { von, bis } => match (von.as_deref().map(day), bis.as_deref().map(day)) {
            (Some(from), Some(until)) => Some(format!("vom {from} bis {until}")),
            (Some(from), None) => Some(format!("ab {from}")),
            (None, Some(until)) => Some(format!("bis {until}")),
            (None, None) => None,
        },
    }
}

/// `2026-07-31` as `31.07.2026`, `--07-31` as `31.07.`; other texts as they are.
fn day(text: &str) -> String {
    let yearly = text.strip_prefix("--").and_then(|rest| rest.split_once('-'));
    if let Some((month, day)) = yearly {
        return format!("{day}.{month}.");
    }
    text.parse::<jiff::civil::Date>().map_or_else(|_| text.to_owned(), |date| date.strftime("%d.%m.%Y").to_string())
}

/// "25,00 Euro", "10,00 bis 25,00 Euro", "kostenfrei"
fn cost(kosten: &Kosten) -> Option<String> {
    Some(match kosten.auswahl.as_ref()? {
        Kostenauswahl::Fix(betrag) => amount(betrag),
        Kostenauswahl::Frei(_) => "kostenfrei".to_owned(),
        Kostenauswahl::Variabel { von, bis, .. } => match (von, bis) {
            (Some(from), Some(until)) => format!("{} bis {}", amount(from), amount(until)),
            (Some(from), None) => format!("ab {}", amount(from)),
            (None, Some(until)) => format!("bis {}", amount(until)),
            (None, None) => return None,
        },
    })
}

fn amount(betrag: &Betrag) -> String {
    let number = betrag.betrag.trim().replace('.', ",");
    let number = match number.split_once(',') {
        Some((whole, cents)) if cents.len() == 1 => format!("{whole},{cents}0"),
        Some(_) => number,
        None => format!("{number},00"),
    };
    let currency = betrag.waehrung.as_deref().unwrap_or("EUR");
    format!("{number} {}", if currency == "EUR" { "Euro" } else { currency })
}
