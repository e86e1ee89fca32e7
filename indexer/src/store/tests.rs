use std::collections::BTreeSet;

use super::*;

/// Everything that can be seen of the records, row by row, sorted; with the change numbers only where asked for.
pub(crate) async fn visible(store: &Store, numbers: bool) -> Vec<String> {
    let number = if numbers { "change_no" } else { "0" };
    let tables = [
        format!(
            "SELECT 'record ' || portal || ' ' || kind || ' ' || agency || '_' || id || ' ' || deleted || ' ' || {number} \
             || ' ' || COALESCE(changed, 0) || ' ' || body FROM record"
        ),
        "SELECT 'key ' || portal || ' ' || agency || '_' || id || ' ' || schluessel FROM leistungsschluessel".into(),
        "SELECT 'zustaendigkeit ' || portal || ' ' || from_kind || ' ' || from_agency || '_' || from_id || ' ' || \
         owner_kind || ' ' || owner_agency || '_' || owner_id || ' ' || leistung_agency || '_' || leistung_id || ' ' || \
         ars || ' ' || COALESCE(rolle, '-') FROM zustaendigkeit"
            .into(),
        "SELECT 'angebot ' || schluessel || ' ' || ars || ' ' || leistung_portal || ' ' || leistung_agency || '_' || \
         leistung_id || ' ' || portal || ' ' || owner_agency || '_' || owner_id || ' ' || COALESCE(rolle, '-') FROM angebot"
            .into(),
        "SELECT 'overlay ' || portal || ' ' || agency || '_' || id || ' ' || leistung_agency || '_' || leistung_id \
         FROM spezialisierung"
            .into(),
        "SELECT 'meta ' || name || ' ' || value FROM meta WHERE name = 'schema'".into(),
    ];
    let mut rows = Vec::new();
    for sql in tables {
        let found = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&store.readers).await.unwrap();
        rows.extend(found.iter().map(|row| row.get::<String, _>(0)));
    }
    rows.sort();
    rows
}

/// The live records of a portal as `Kind agency_text`, sorted.
pub(crate) async fn live(store: &Store, of: &PortalId) -> Vec<String> {
    let rows = sqlx::query("SELECT kind, agency, id FROM record WHERE portal = $1 AND deleted = 0")
        .bind(of.as_str())
        .fetch_all(&store.readers)
        .await
        .unwrap();
    let name = |row: &sqlx::any::AnyRow| {
        format!("{} {}_{}", kind_of(row.get(0)).unwrap().name(), row.get::<&str, _>(1), row.get::<&str, _>(2))
    };
    rows.iter().map(name).collect::<BTreeSet<_>>().into_iter().collect()
}

use connectors::ids::Identifikator;
use connectors::run::Coverage;
use connectors::xzufi::read::{Envelope, Options, Reader};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::fixture::{
    bund, gilt, key, leistung, leistung_with, loesche, modul, onlinedienst, portal, stelle, store, transfer,
    transferiert, zustaendig,
};
use crate::normalise::{Change, Normaliser};
use connectors::registration::Portal;

const KEY: &str = "99012999017001";
const OTHER: &str = "99050048262000";
const KOELN: &str = "053150000000";

fn changes(portal: &Portal, objects: &str) -> Vec<Change> {
    let options =
        Options { limits: connectors::xml::Limits::default(), file: "t.xml".into(), envelope: Envelope::IndexFile };
    let text = transfer(objects);
    let mut reader = Reader::new(std::io::Cursor::new(text.into_bytes()), options);
    let mut normaliser = Normaliser::new(portal);
    let mut changes = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        changes.extend(normaliser.change(entry));
    }
    changes
}

async fn write(apply: &mut Apply, changes: Vec<Change>) {
    for change in changes {
        match change {
            Change::Write(record) => apply.write(&record).await.unwrap(),
            Change::Delete { kind, id } => apply.delete(kind, &id).await.unwrap(),
            Change::Clear { kind, ids } => apply.clear(kind, &ids).await.unwrap(),
            Change::Keep(fragment) => apply.keep("t.xml", &fragment).await.unwrap(),
            Change::Refuse(refused) => apply.refuse(&refused).await.unwrap(),
            Change::Spare(kind) => apply.spare(kind),
        }
    }
}

/// Applies a delivery of `portal` and says what it did.
async fn apply(store: &Store, portal: &Portal, coverage: Coverage, objects: &str) -> Applied {
    let mut apply = store.begin(&portal.id).await.unwrap();
    write(&mut apply, changes(portal, objects)).await;
    let (applied, _) = apply.finish(coverage, None).await.unwrap().unwrap();
    apply.commit(Timestamp::UNIX_EPOCH).await.unwrap();
    applied
}

async fn part(store: &Store, objects: &str) -> Applied {
    apply(store, &bund(), Coverage::Part, objects).await
}

/// The owners of the offers of `key` in Köln.
async fn offered(store: &Store, key: &str) -> Vec<String> {
    let number = key.parse::<connectors::ids::Leistungsschluessel>().unwrap().number();
    let offers = store.offers(&[number], &[KOELN.parse().unwrap()]).await.unwrap();
    let mut owners: Vec<_> = offers.iter().map(|offer| offer.owner.to_string()).collect();
    owners.sort();
    owners
}

#[tokio::test]
async fn change_numbers_rise_and_are_paged_completely() {
    let (_folder, store) = store().await;
    let many = |from: usize, word: &str| -> String {
        (from..from + 7).map(|n| leistung(&format!("A_{n}"), KEY, &format!("{word} {n}"))).collect()
    };
    part(&store, &many(0, "Titel")).await;
    let first = store.change_no().await.unwrap();
    part(
        &store,
        &(many(5, "Anders") + &loesche("Leistung", "A_1") + &stelle("A_OE", "Amt", &zustaendig("", "A_2", KOELN, ""))),
    )
    .await;
    assert!(store.change_no().await.unwrap() > first);
    let all = store.changed_since(0, 1_000).await.unwrap();
    assert_eq!(all.len(), 12);
    assert_eq!(store.count_changed(0).await.unwrap(), 12);
    assert!(all.windows(2).all(|pair| pair[0].change_no < pair[1].change_no), "strictly rising");
    assert!(all.last().unwrap().change_no <= store.change_no().await.unwrap());
    let gone: Vec<_> = all.iter().filter(|one| one.stored.is_none()).map(|one| one.id.to_string()).collect();
    assert_eq!(gone, ["A_1"]);
    let second = all.iter().find(|one| one.id == key("A_2")).unwrap();
    assert!(
        second.change_no > first && second.offered == [(KOELN.parse().unwrap(), false)],
        "an offer is a change of its Leistung"
    );
    for limit in [1, 2, 5, 12, 13] {
        let (mut last, mut seen) = (0, Vec::new());
        loop {
            let page = store.changed_since(last, limit).await.unwrap();
            let Some(end) = page.last() else { break };
            last = end.change_no;
            seen.extend(page.iter().map(|one| one.id.clone()));
        }
        assert_eq!(seen, all.iter().map(|one| one.id.clone()).collect::<Vec<_>>(), "pages of {limit}");
    }
    // of the first seven, 1 is gone and 2, 5 and 6 changed after the first delivery
    assert_eq!(store.titles_since(0, 1_000).await.unwrap().len(), 11);
}

#[tokio::test]
async fn an_offer_follows_the_key_and_the_life_of_its_leistung() {
    let (_folder, store) = store().await;
    part(&store, &stelle("A_OE", "Amt", &zustaendig("", "A_1", KOELN, "01"))).await;
    assert!(offered(&store, KEY).await.is_empty(), "the Leistung is not there yet");
    part(&store, &leistung("A_1", KEY, "Eins")).await;
    assert_eq!(offered(&store, KEY).await, ["A_OE"]);
    part(&store, &leistung("A_1", OTHER, "Eins")).await;
    assert_eq!((offered(&store, KEY).await, offered(&store, OTHER).await), (vec![], vec!["A_OE".to_owned()]));
    part(&store, &loesche("Leistung", "A_1")).await;
    assert!(offered(&store, OTHER).await.is_empty());
    let again = part(&store, &leistung("A_1", OTHER, "Eins")).await;
    assert_eq!((again.added, offered(&store, OTHER).await), (1, vec!["A_OE".to_owned()]));
    part(&store, &loesche("Organisationseinheit", "A_OE")).await;
    assert!(offered(&store, OTHER).await.is_empty());
}

#[tokio::test]
async fn a_nested_zustaendigkeit_is_deleted_by_its_id() {
    let (_folder, store) = store().await;
    let nested = zustaendig("A_Z1", "A_1", KOELN, "") + &zustaendig("A_Z2", "A_2", KOELN, "");
    let objects = leistung("A_1", KEY, "Eins") + &leistung("A_2", OTHER, "Zwei") + &stelle("A_OE", "Amt", &nested);
    part(&store, &objects).await;
    let applied = part(&store, &loesche("Zustaendigkeit", "A_Z1")).await;
    assert_eq!((applied.removed, applied.orphans), (1, 0));
    assert_eq!((offered(&store, KEY).await, offered(&store, OTHER).await), (vec![], vec!["A_OE".to_owned()]));
    let units = store.records(Kind::Organisationseinheit, &key("A_OE")).await.unwrap();
    let crate::record::Object::Organisationseinheit(unit) = &units[0].object else { panic!() };
    assert_eq!(unit.zustaendigkeiten.iter().map(|one| one.id.clone()).collect::<Vec<_>>(), [Some(key("A_Z2"))]);
    let again = part(&store, &loesche("Zustaendigkeit", "A_Z1")).await;
    assert_eq!((again.removed, again.orphans), (0, 1));
    // one of its own goes as a record
    part(&store, &transferiert("A_OE", &zustaendig("A_Z3", "A_1", KOELN, ""))).await;
    assert_eq!(offered(&store, KEY).await, ["A_OE"]);
    assert_eq!(part(&store, &loesche("Zustaendigkeit", "A_Z3")).await.removed, 1);
    assert!(offered(&store, KEY).await.is_empty());
}

#[tokio::test]
async fn an_older_record_does_not_replace_a_newer_one() {
    let (_folder, store) = store().await;
    let dated = |day: &str, title: &str| {
        let version = format!(
            "<x:versionsinformation><x:geaendertDatumZeit>2026-01-{day}T00:00:00Z</x:geaendertDatumZeit></x:versionsinformation>"
        );
        leistung_with("A_1", KEY, &(modul("03", "de", title) + &version))
    };
    part(&store, &dated("02", "Neu")).await;
    let before = visible(&store, true).await;
    let applied = part(&store, &dated("01", "Alt")).await;
    assert_eq!((applied.older, applied.updated), (1, 0));
    assert_eq!(visible(&store, true).await, before);
    assert_eq!(part(&store, &dated("03", "Neuer")).await.updated, 1);
}

#[tokio::test]
async fn only_a_whole_run_buries_what_it_did_not_see() {
    let (_folder, store) = store().await;
    let other = portal("anderes", "050000000000");
    apply(&store, &other, Coverage::Whole, &leistung("A_9", KEY, "Neun")).await;
    part(&store, &(leistung("A_1", KEY, "Eins") + &leistung("A_2", KEY, "Zwei"))).await;
    assert_eq!(part(&store, &leistung("A_1", KEY, "Eins")).await.removed, 0);
    let applied = apply(&store, &bund(), Coverage::Whole, &leistung("A_1", KEY, "Eins")).await;
    assert_eq!((applied.removed, applied.unchanged), (1, 1));
    assert_eq!(live(&store, &bund().id).await, ["Leistung A_1"]);
    assert_eq!(live(&store, &other.id).await, ["Leistung A_9"], "another portal's records are its own");
}

#[tokio::test]
async fn the_guard_holds_what_went_missing_and_not_what_was_deleted() {
    let (_folder, store) = store().await;
    let all: String = (0..10).map(|n| leistung(&format!("A_{n}"), KEY, "T")).collect();
    part(&store, &all).await;
    let guard = connectors::registration::Guard { max_share: 0.1, max_records: 50 };
    for (objects, held) in [
        ((0..5).map(|n| leistung(&format!("A_{n}"), KEY, "T")).collect::<String>(), true),
        ((0..9).map(|n| leistung(&format!("A_{n}"), KEY, "T")).collect::<String>(), false),
        (all.clone() + &(0..5).map(|n| loesche("Leistung", &format!("A_{n}"))).collect::<String>(), false),
    ] {
        let mut apply = store.begin(&bund().id).await.unwrap();
        write(&mut apply, changes(&bund(), &objects)).await;
        assert_eq!(apply.finish(Coverage::Whole, Some(&guard)).await.unwrap().is_err(), held, "{objects}");
        apply.roll_back().await.unwrap();
    }
    assert_eq!(live(&store, &bund().id).await.len(), 10);
}

#[tokio::test]
async fn what_is_rolled_back_was_never_there() {
    let (_folder, store) = store().await;
    part(&store, &(leistung("A_1", KEY, "Eins") + &stelle("A_OE", "Amt", &zustaendig("A_Z", "A_1", KOELN, "")))).await;
    let (before, number) = (visible(&store, true).await, store.change_no().await.unwrap());
    let mut apply = store.begin(&bund().id).await.unwrap();
    let objects = leistung("A_1", OTHER, "Anders")
        + &loesche("Zustaendigkeit", "A_Z")
        + &loesche("Organisationseinheit", "A_OE")
        + &onlinedienst("A_OD", "Dienst", "https://a.example/", &zustaendig("", "A_1", KOELN, ""));
    write(&mut apply, changes(&bund(), &objects)).await;
    apply.remember_files(&[file("a.xml")], "digest").await.unwrap();
    apply.finish(Coverage::Whole, None).await.unwrap().unwrap();
    apply.roll_back().await.unwrap();
    assert_eq!((visible(&store, true).await, store.change_no().await.unwrap()), (before, number));
    assert_eq!(store.portal_files(&bund().id).await.unwrap(), []);
    assert_eq!(store.portal_state(&bund().id).await.unwrap().digest, None);
}

fn file(name: &str) -> FileState {
    FileState { name: name.into(), sha256: "ab".into(), etag: Some("\"x\"".into()), last_modified: None }
}

#[tokio::test]
async fn what_a_run_remembers_is_there_again() {
    let (_folder, store) = store().await;
    let id = bund().id;
    assert_eq!(store.portal_state(&id).await.unwrap(), runs::PortalState::default());
    let mut apply = store.begin(&id).await.unwrap();
    apply.remember_files(&[file("a.xml"), file("b.xml")], "digest").await.unwrap();
    apply.finish(Coverage::Whole, None).await.unwrap().unwrap();
    let now: Timestamp = "2026-11-02T05:00:00Z".parse().unwrap();
    apply.commit(now).await.unwrap();
    let state = store.portal_state(&id).await.unwrap();
    assert_eq!((state.good_at, state.digest.as_deref(), &state.cursor), (Some(now), Some("digest"), &None));
    assert_eq!(store.portal_files(&id).await.unwrap(), [file("a.xml"), file("b.xml")]);

    let cursor: connectors::run::Cursor = serde_json::from_value(serde_json::json!({
        "start": "https://dienst.example/v1?index=0", "url": "https://dienst.example/v1?index=7", "index": 7
    }))
    .unwrap();
    let mut apply = store.begin(&id).await.unwrap();
    apply.remember_cursor(&cursor).await.unwrap();
    apply.remember_files(&[file("c.xml")], "neu").await.unwrap();
    apply.commit(now).await.unwrap();
    assert_eq!(store.portal_state(&id).await.unwrap().cursor, Some(cursor));
    assert_eq!(store.portal_files(&id).await.unwrap(), [file("c.xml")], "the files of the last run alone");
    assert_eq!(store.portal_state(&"anderes".parse().unwrap()).await.unwrap(), runs::PortalState::default());
}

#[tokio::test]
async fn a_store_has_one_writer_and_only_ours_are_opened() {
    let (folder, store) = store().await;
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    assert!(matches!(Store::open(&url, Access::Write).await, Err(StoreError::InUse(_))));
    assert!(Store::open(&url, Access::Read).await.is_ok());
    assert!(matches!(Store::open("postgres://x", Access::Write).await, Err(StoreError::Url(_))));
    assert!(matches!(Store::open("sqlite://", Access::Write).await, Err(StoreError::Url(_))));
    drop(store);
}

/// One object of a small delivery, in a version; few ids, so that they meet.
#[derive(Debug, Clone)]
enum Piece {
    Leistung(u8, u8),
    Stelle(u8, u8, u8),
    Dienst(u8, u8),
    Transfer(u8, u8, u8),
    Overlay(u8, u8),
    Delete(u8, u8),
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let n = || 0u8..3;
    proptest::collection::vec(
        prop_oneof![
            3 => (n(), n()).prop_map(|(id, v)| Piece::Leistung(id, v)),
            2 => (n(), n(), n()).prop_map(|(id, v, l)| Piece::Stelle(id, v, l)),
            1 => (n(), n()).prop_map(|(id, l)| Piece::Dienst(id, l)),
            2 => (n(), n(), n()).prop_map(|(id, owner, l)| Piece::Transfer(id, owner, l)),
            1 => (n(), n()).prop_map(|(id, l)| Piece::Overlay(id, l)),
            2 => (0u8..5, n()).prop_map(|(kind, id)| Piece::Delete(kind, id)),
        ],
        0..9,
    )
}

const KLASSEN: [(&str, &str); 5] = [
    ("Leistung", "A_L"),
    ("Organisationseinheit", "A_OE"),
    ("Onlinedienst", "A_OD"),
    ("Zustaendigkeit", "A_Z"),
    ("LeistungSpezialisierung", "A_SP"),
];

/// The piece as XML, and what it writes or deletes.
fn as_xml(piece: &Piece) -> (String, String) {
    let l = |n: &u8| format!("A_L{n}");
    match piece {
        Piece::Leistung(id, v) => {
            (leistung(&l(id), [KEY, OTHER, ""][usize::from(*v)], &format!("Titel {v}")), format!("A_L{id}"))
        }
        Piece::Stelle(id, v, to) => {
            let nested = zustaendig(&format!("A_N{id}"), &l(to), KOELN, ["01", "03", ""][usize::from(*v)]);
            (stelle(&format!("A_OE{id}"), &format!("Amt {v}"), &nested), format!("A_OE{id}"))
        }
        Piece::Dienst(id, to) => {
            let nested = zustaendig("", &l(to), "050000000000", "");
            (onlinedienst(&format!("A_OD{id}"), "Dienst", "https://a.example/", &nested), format!("A_OD{id}"))
        }
        Piece::Transfer(id, owner, to) => (
            transferiert(&format!("A_OE{owner}"), &zustaendig(&format!("A_Z{id}"), &l(to), "053150000000", "01")),
            format!("A_Z{id}"),
        ),
        Piece::Overlay(id, to) => {
            let to = key(&l(to));
            let xml = format!(
                "<x:schreibe><x:spezialisierung><x:id schemeAgencyID=\"A\">SP{id}</x:id>\
                 <x:leistungID schemeAgencyID=\"{}\">{}</x:leistungID>{}{}</x:spezialisierung></x:schreibe>",
                to.agency,
                to.text,
                gilt(KOELN),
                modul("08", "de", "Dazu")
            );
            (xml, format!("A_SP{id}"))
        }
        Piece::Delete(kind, id) => {
            let (klasse, before) = KLASSEN[usize::from(*kind)];
            (loesche(klasse, &format!("{before}{id}")), format!("{before}{id}"))
        }
    }
}

fn delivery(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| as_xml(piece).0).collect()
}

/// The delivery with the last word on each id alone.
fn last_words(pieces: &[Piece]) -> Vec<Piece> {
    let mut seen = BTreeSet::new();
    let mut kept: Vec<Piece> = pieces.iter().rev().filter(|piece| seen.insert(as_xml(piece).1)).cloned().collect();
    kept.reverse();
    kept
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn applying_twice_is_applying_once(first in pieces(), then in pieces(), whole in any::<bool>()) {
        wait(async {
            let (_folder, store) = store().await;
            let coverage = if whole { Coverage::Whole } else { Coverage::Part };
            part(&store, &delivery(&first)).await;
            // Where an id has one word only, not even the numbers move.
            let once = last_words(&then);
            apply(&store, &bund(), coverage, &delivery(&once)).await;
            let (before, number) = (visible(&store, true).await, store.change_no().await.unwrap());
            let applied = apply(&store, &bund(), coverage, &delivery(&once)).await;
            assert_eq!((visible(&store, true).await, store.change_no().await.unwrap()), (before, number));
            assert_eq!((applied.added, applied.updated, applied.removed), (0, 0, 0));
            // Where it has several, they are said again, and end in the same place.
            apply(&store, &bund(), coverage, &delivery(&then)).await;
            let before = visible(&store, false).await;
            apply(&store, &bund(), coverage, &delivery(&then)).await;
            assert_eq!(visible(&store, false).await, before);
        });
    }

    #[test]
    fn the_order_of_portals_and_deliveries_does_not_matter(a in pieces(), b in pieces()) {
        wait(async {
            let portals = [(portal("a", "000000000000"), delivery(&a)), (portal("b", "000000000000"), delivery(&b))];
            let mut seen = Vec::new();
            for order in [[0, 1], [1, 0]] {
                let (_folder, store) = store().await;
                for at in order {
                    let (portal, objects) = &portals[at];
                    apply(&store, portal, Coverage::Whole, objects).await;
                }
                seen.push(visible(&store, false).await);
            }
            assert_eq!(seen[0], seen[1]);
        });
    }

    #[test]
    fn what_is_derived_depends_on_the_records_alone(steps in proptest::collection::vec(pieces(), 1..4)) {
        wait(async {
            let (_folder, grown) = store().await;
            for step in &steps {
                part(&grown, &delivery(step)).await;
            }
            // The same records written in one go, in the order of their ids.
            let (_other, fresh) = store().await;
            let mut apply = fresh.begin(&bund().id).await.unwrap();
            for name in live(&grown, &bund().id).await {
                let (kind, joined) = name.split_once(' ').unwrap();
                let kind = *Kind::ALL.iter().find(|one| one.name() == kind).unwrap();
                let id: Identifikator = key(joined);
                let stored = grown.records(kind, &id).await.unwrap().swap_remove(0);
                let record = crate::record::Record {
                    portal: stored.portal, id: stored.id, changed: stored.changed, object: stored.object,
                };
                apply.write(&record).await.unwrap();
            }
            apply.finish(Coverage::Part, None).await.unwrap().unwrap();
            apply.commit(Timestamp::UNIX_EPOCH).await.unwrap();
            let derived = |rows: Vec<String>| rows.into_iter().filter(|row| !row.starts_with("record")).collect::<Vec<_>>();
            assert_eq!(derived(visible(&grown, false).await), derived(visible(&fresh, false).await));
        });
    }

    #[test]
    fn every_run_can_be_undone_to_the_state_before_it(steps in proptest::collection::vec((pieces(), any::<bool>()), 1..5)) {
        wait(async {
            let (_folder, store) = store().await;
            let seen = async || -> Vec<String> {
                // A tombstone is as good as nothing.
                let gone = |row: &String| row.starts_with("record") && row.contains(" 1 0 0 ");
                visible(&store, false).await.into_iter().filter(|row| !gone(row)).collect()
            };
            let mut states = Vec::new();
            for (step, whole) in &steps {
                let before = seen().await;
                let coverage = if *whole { Coverage::Whole } else { Coverage::Part };
                let mut apply = store.begin(&bund().id).await.unwrap();
                write(&mut apply, changes(&bund(), &delivery(step))).await;
                apply.finish(coverage, None).await.unwrap().unwrap();
                states.push((before, row(&store, apply).await));
            }
            let end = seen().await;
            for (before, run) in &states {
                let mut apply = store.begin(&bund().id).await.unwrap();
                apply.restore(*run).await.unwrap();
                apply.finish(Coverage::Part, None).await.unwrap().unwrap();
                let restored = row(&store, apply).await;
                assert_eq!(&seen().await, before, "before run {run}");
                let mut apply = store.begin(&bund().id).await.unwrap();
                apply.restore(restored).await.unwrap();
                apply.finish(Coverage::Part, None).await.unwrap().unwrap();
                row(&store, apply).await;
                assert_eq!(seen().await, end, "the restore of run {run} undone");
            }
        });
    }
}

/// Commits and writes the run down; its number.
async fn row(store: &Store, apply: Apply) -> i64 {
    let number = apply.run();
    apply.commit(Timestamp::UNIX_EPOCH).await.unwrap();
    let row = RunRow {
        number: Some(number),
        portal: bund().id,
        started: Timestamp::UNIX_EPOCH,
        ended: Timestamp::UNIX_EPOCH,
        outcome: "applied".into(),
        applied: Applied::default(),
        refused: 0,
        cursor_before: None,
    };
    store.record_run(&row, &[], None).await.unwrap()
}
