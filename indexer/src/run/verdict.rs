//! What became of each thing that was delivered.

use std::collections::{HashMap, HashSet};

use connectors::finding::{Finding, Severity};
use connectors::gebiet::Ars;
use connectors::ids::Identifikator;

use super::{Applied, Delivered, Format};
use crate::normalise::Change;
use crate::record::{Kind, Lang, Object, Record, in_lang};

/// Verdicts that one run keeps; beyond that they are counted.
const KEPT: usize = 10_000;

/// What became of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is there now, new or in its new state.
    Taken,
    /// It is as before.
    Unchanged,
    /// What is stored is newer, and stays.
    Older,
    /// It is gone, as was asked for.
    Removed,
    /// It was to be removed and was not there.
    Absent,
    /// It was not taken; its findings say why, and what would be right.
    Quarantined,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Taken, Self::Unchanged, Self::Older, Self::Removed, Self::Absent, Self::Quarantined];

    /// The word of the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Unchanged => "unchanged",
            Self::Older => "older",
            Self::Removed => "removed",
            Self::Absent => "absent",
            Self::Quarantined => "quarantined",
        }
    }

    fn of(before: Applied, after: Applied) -> Self {
        if after.added > before.added || after.updated > before.updated {
            Self::Taken
        } else if after.removed > before.removed {
            Self::Removed
        } else if after.older > before.older {
            Self::Older
        } else if after.orphans > before.orphans {
            Self::Absent
        } else {
            Self::Unchanged
        }
    }
}

/// What became of one object of XZuFi, or of one line or row that describes a Leistung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The file it stands in.
    pub file: String,
    /// Line or row in that file, from 1; none where the finding that refused it names none.
    pub line: Option<u64>,
    /// Its kind; none where that is not known. A described one is a Leistung.
    pub kind: Option<Kind>,
    /// Its key; none where it has none.
    pub id: Option<Identifikator>,
    /// The German name of a Leistung that was taken, and the area where it is valid; of an overlay the area alone.
    pub name: Option<(String, Ars)>,
    /// The Leistung on whose page it is shown: itself, or the one that it is an overlay of.
    pub page: Option<Identifikator>,
    /// What became of it.
    pub fate: Fate,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// What a change is about, noted before it is applied.
pub(super) struct What {
    kind: Option<Kind>,
    id: Option<Identifikator>,
    name: Option<(String, Ars)>,
    page: Option<Identifikator>,
    /// Why it is not taken.
    refused: Option<Vec<Finding>>,
}

impl What {
    pub(super) fn of(change: &Change) -> Self {
        let (kind, id) = match change {
            Change::Write(record) => (Some(record.object.kind()), Some(record.id.clone())),
            Change::Delete { kind, id } => (Some(*kind), Some(id.clone())),
            Change::Refuse(refused) => (Some(refused.kind), refused.id.clone()),
            Change::Clear { kind, .. } | Change::Spare(kind) => (Some(*kind), None),
            Change::Keep(_) => (None, None),
        };
        let refused = match change {
            Change::Refuse(refused) => Some(refused.findings.clone()),
            _ => None,
        };
        let name = match change {
            Change::Write(Record { object: Object::Leistung(leistung), .. }) => {
                let name = in_lang(&leistung.title, Lang::DE).map(|(_, name)| name.clone()).unwrap_or_default();
                leistung.gebiete.first().map(|area| (name, *area))
            }
            Change::Write(Record { object: Object::Spezialisierung(overlay), .. }) => {
                overlay.gebiete.first().map(|area| (String::new(), *area))
            }
            _ => None,
        };
        let page = match change {
            Change::Write(Record { object: Object::Leistung(_), id, .. }) => Some(id.clone()),
            Change::Write(Record { object: Object::Spezialisierung(overlay), .. }) => overlay.leistung.clone(),
            _ => None,
        };
        Self { kind, id, name, page, refused }
    }
}

/// The verdicts of a run, as far as they are wanted.
#[derive(Default)]
pub(super) struct Verdicts {
    wanted: bool,
    /// The files that describe one Leistung in each line or row.
    described: HashSet<String>,
    kept: Vec<Verdict>,
    left_out: u64,
}

impl Verdicts {
    /// Wants verdicts on what is in these files.
    pub(super) fn begin(&mut self, files: &[Delivered]) {
        self.wanted = true;
        let described = files.iter().filter(|file| file.format != Format::Xzufi);
        self.described = described.map(|file| file.name.clone()).collect();
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.wanted
    }

    /// Notes what became of something at `line`. Everything that follows from one line or row is one thing, named by
    /// its Leistung; objects of XZuFi are one each, also where they all stand in one line.
    pub(super) fn note(&mut self, file: &str, line: u64, what: What, before: Applied, after: Applied) {
        let fate = if what.refused.is_some() { Fate::Quarantined } else { Fate::of(before, after) };
        if self.described.contains(file)
            && let Some(last) = self.kept.last_mut().filter(|last| last.line == Some(line) && last.file == file)
        {
            // A line that moved anything was taken; what it clears away on its way is part of that.
            let moved = matches!(fate, Fate::Taken | Fate::Removed);
            if moved && last.fate == Fate::Unchanged {
                last.fate = Fate::Taken;
            } else if last.fate == Fate::Absent && fate == Fate::Removed {
                // A removal takes what the id stands for, whichever of two things that is.
                last.fate = Fate::Removed;
            }
            return;
        }
        if what.id.is_none() && what.refused.is_none() {
            return;
        }
        if self.kept.len() == KEPT {
            self.left_out += 1;
            return;
        }
        let (file, line) = (file.to_owned(), Some(line));
        let What { kind, id, name, page, refused } = what;
        self.kept.push(Verdict { file, line, kind, id, name, page, fate, findings: refused.unwrap_or_default() });
    }

    /// The verdicts with the findings that belong to them, those that were refused among them, and how many were left
    /// out.
    pub(super) fn with(mut self, findings: &[Finding]) -> (Vec<Verdict>, u64) {
        if !self.wanted {
            return (Vec::new(), 0);
        }
        let mut places: HashMap<Place, usize> = HashMap::new();
        for (at, verdict) in self.kept.iter().enumerate() {
            places.insert(self.place_of(verdict), at);
        }
        // What was refused has brought its reasons.
        let told: Vec<Finding> = self.kept.iter().flat_map(|verdict| verdict.findings.clone()).collect();
        for finding in findings.iter().filter(|finding| !told.contains(finding)) {
            let Some(place) = self.place_of_finding(finding) else { continue };
            let refused = finding.severity == Severity::Business;
            let at = match places.get(&place) {
                Some(at) => *at,
                None if refused && self.kept.len() < KEPT => {
                    self.kept.push(Verdict {
                        file: finding.file.clone().unwrap_or_default(),
                        line: finding.line,
                        kind: None,
                        id: None,
                        name: None,
                        page: None,
                        fate: Fate::Quarantined,
                        findings: Vec::new(),
                    });
                    places.insert(place, self.kept.len() - 1);
                    self.kept.len() - 1
                }
                None => continue,
            };
            self.kept[at].findings.push(finding.clone());
        }
        self.kept.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        (self.kept, self.left_out)
    }

    fn place_of(&self, verdict: &Verdict) -> Place {
        match (&verdict.kind, &verdict.id) {
            (Some(kind), Some(id)) if !self.described.contains(&verdict.file) => {
                Place::Object(verdict.file.clone(), format!("{} {id}", kind.name()))
            }
            _ => Place::Line(verdict.file.clone(), verdict.line.unwrap_or_default()),
        }
    }

    fn place_of_finding(&self, finding: &Finding) -> Option<Place> {
        let file = finding.file.clone()?;
        match (&finding.object, finding.line) {
            (Some(object), _) if !self.described.contains(&file) => Some(Place::Object(file, object.clone())),
            (_, Some(line)) => Some(Place::Line(file, line)),
            _ => None,
        }
    }
}

/// What a finding and a verdict have in common.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    Line(String, u64),
    Object(String, String),
}
