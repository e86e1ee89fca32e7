use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use jiff::Timestamp;
use tempfile::TempDir;
use url::Url;

use super::generation::Lock;
use super::*;

fn at(day: u32) -> Timestamp {
    format!("2026-11-{day:02}T08:00:00Z").parse().unwrap()
}

fn base() -> Url {
    "https://verbund.example/".parse().unwrap()
}

/// What is there on a day: units with their pages and what each says.
type There<'a> = &'a [(&'a str, &'a [(&'a str, u64)])];

/// Makes a generation of Leistungen in `folder`; gives what it told, and the lines of what changed.
fn made(folder: &Path, day: u32, there: There<'_>, limits: (u64, u64)) -> (Generation, Told, String) {
    let before = Generation::current(folder).unwrap();
    let (number, dir) = begin(folder, before.as_ref()).unwrap();
    let reading = before.as_ref().map_or_else(Reading::nothing, |before| before.list(Kind::Leistungen).unwrap());
    let known = before.as_ref().map_or(&[][..], |before| before.manifest.parts.as_slice());
    let (mut parts, mut changes) = (Vec::new(), Vec::new());
    let mut gone = before.as_ref().map(|before| before.gone.clone()).unwrap_or_default();
    let base = base();
    let files = Parts::new(&dir, &base, Kind::Leistungen, known, at(day), &mut parts).limited(limits.0, limits.1);
    let list = list_file(&dir, Kind::Leistungen);
    let mut merge = Merge::begin(reading, &list, files, &mut changes, &mut gone, at(day)).unwrap();
    for (name, pages) in there {
        let before = merge.reach(name).unwrap();
        let pages = pages.iter().map(|(path, hash)| Found { path: (*path).to_owned(), hash: *hash }).collect();
        merge.put(before, (*name).to_owned(), 1, format!("A\u{1}{name}"), pages).unwrap();
    }
    let told = merge.finish().unwrap();
    let generation = complete(folder, number, Manifest::new(1, 1, at(day), parts), gone).unwrap();
    (generation, told, String::from_utf8(changes).unwrap())
}

fn unzipped(path: &Path) -> String {
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// Every address of a generation with its `lastmod`.
fn listed(generation: &Generation) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for part in &generation.manifest.parts {
        let text = unzipped(&generation.dir.join(&part.name));
        assert_eq!(text.len() as u64, part.bytes, "{}", part.name);
        for url in text.split("<url>").skip(1) {
            let of = |tag: &str| {
                let (_, rest) = url.split_once(&format!("<{tag}>")).unwrap();
                rest.split_once('<').unwrap().0.to_owned()
            };
            assert_eq!(all.insert(of("loc"), of("lastmod")), None);
        }
    }
    all
}

const MANY: (u64, u64) = (MAX_URLS, MAX_BYTES);

#[test]
fn a_time_moves_only_with_what_a_page_says() {
    let folder = TempDir::new().unwrap();
    let first: There<'_> = &[("1", &[("/a", 1), ("/b", 2)]), ("2", &[("/c", 3)]), ("3", &[("/d", 4)])];
    let (_, told, _) = made(folder.path(), 1, first, MANY);
    assert_eq!(told, Told { pages: 4, new: 4, changed: 0, gone: 0 });
    let second: There<'_> = &[("1", &[("/a", 1), ("/b", 9)]), ("15", &[("/n", 5)]), ("3", &[("/d", 4)])];
    let (generation, told, changes) = made(folder.path(), 2, second, MANY);
    assert_eq!(told, Told { pages: 4, new: 1, changed: 1, gone: 1 });
    let day = |day: u32| format!("2026-11-{day:02}T08:00:00Z");
    let expected = [("a", 1), ("b", 2), ("n", 2), ("d", 1)];
    let expected = expected.map(|(path, at)| (format!("https://verbund.example/{path}"), day(at)));
    assert_eq!(listed(&generation), BTreeMap::from(expected));
    assert_eq!(
        changes.lines().collect::<Vec<_>>(),
        ["/b\t0000000000000009", "/n\t0000000000000005", "/c\t0000000000000000"]
    );
    // The unit that went is remembered, until it comes back; a page that comes back is new.
    assert_eq!(generation.gone.witness("2"), Some("A\u{1}2"));
    let (generation, told, _) = made(folder.path(), 3, first, MANY);
    assert_eq!((told.new, told.changed, told.gone, generation.gone.witness("2")), (1, 1, 1, None));
    assert!(generation.gone.witness("15").is_some());
}

#[test]
fn a_unit_that_is_taken_over_stays_as_it_was() {
    let folder = TempDir::new().unwrap();
    made(folder.path(), 1, &[("1", &[("/a", 1)]), ("2", &[("/b", 2)])], MANY);
    let before = Generation::current(folder.path()).unwrap().unwrap();
    let (number, dir) = begin(folder.path(), Some(&before)).unwrap();
    let (mut parts, mut changes, mut gone, base) = (Vec::new(), Vec::new(), Gone::default(), base());
    let files = Parts::new(&dir, &base, Kind::Leistungen, &before.manifest.parts, at(2), &mut parts);
    let reading = before.list(Kind::Leistungen).unwrap();
    let list = list_file(&dir, Kind::Leistungen);
    let mut merge = Merge::begin(reading, &list, files, &mut changes, &mut gone, at(2)).unwrap();
    for name in ["1", "2"] {
        let known = merge.reach(name).unwrap().unwrap();
        merge.keep(&known).unwrap();
    }
    assert_eq!(merge.finish().unwrap(), Told { pages: 2, ..Told::default() });
    let after = complete(folder.path(), number, Manifest::new(2, 1, at(2), parts), gone).unwrap();
    assert_eq!(listed(&after), listed(&before));
    assert_eq!(after.manifest.parts, before.manifest.parts, "an unchanged file keeps its time");
    assert!(changes.is_empty());
}

#[test]
fn units_out_of_order_are_refused() {
    let folder = TempDir::new().unwrap();
    let (_, dir) = begin(folder.path(), None).unwrap();
    let (mut parts, mut changes, mut gone, base) = (Vec::new(), Vec::new(), Gone::default(), base());
    let files = Parts::new(&dir, &base, Kind::Leistungen, &[], at(1), &mut parts);
    let list = list_file(&dir, Kind::Leistungen);
    let mut merge = Merge::begin(Reading::nothing(), &list, files, &mut changes, &mut gone, at(1)).unwrap();
    merge.reach("2").unwrap();
    assert!(merge.reach("1").is_err() && merge.reach("2").is_err());
}

#[test]
fn files_end_at_both_bounds_and_are_what_the_protocol_asks_for() {
    let folder = TempDir::new().unwrap();
    let paths: Vec<String> = (0..10).map(|number| format!("/leistung/{number}?a=1&b='<\">")).collect();
    let pages: Vec<(&str, u64)> = paths.iter().map(|path| (path.as_str(), 1)).collect();
    let (generation, _, _) = made(folder.path(), 1, &[("1", &pages)], (4, MAX_BYTES));
    let urls: Vec<u64> = generation.manifest.parts.iter().map(|part| part.urls).collect();
    assert_eq!(urls, [4, 4, 2]);
    assert_eq!(listed(&generation).len(), 10);
    let (generation, _, _) = made(folder.path(), 1, &[("1", &pages)], (1000, 500));
    assert!(generation.manifest.parts.iter().all(|part| part.bytes <= 500), "{:?}", generation.manifest.parts);
    assert_eq!(listed(&generation).len(), 10);
    let text = unzipped(&generation.dir.join("leistungen-1.xml.gz"));
    assert!(text.contains("https://verbund.example/leistung/0?a=1&amp;b=%27%3C%22%3E"), "{text}");
    let index = parts::index(&base(), &generation.manifest.parts);
    assert!(index.contains("<loc>https://verbund.example/sitemaps/leistungen-1.xml.gz</loc>"), "{index}");
}

#[test]
fn what_a_kill_left_behind_is_nothing() {
    let folder = TempDir::new().unwrap();
    let first: There<'_> = &[("1", &[("/a", 1)]), ("2", &[("/b", 2)])];
    let (before, ..) = made(folder.path(), 1, first, MANY);
    // A list that was not ended is refused, wherever it was cut off.
    let list = list_file(&before.dir, Kind::Leistungen);
    let bytes = std::fs::read(&list).unwrap();
    for cut in [0, 10, bytes.len() / 2, bytes.len() - 12] {
        std::fs::write(&list, bytes.get(..cut).unwrap()).unwrap();
        let reading = before.list(Kind::Leistungen);
        let all = reading.and_then(|reading| {
            let (mut parts, mut changes, mut gone, base) = (Vec::new(), Vec::new(), Gone::default(), base());
            let aside = folder.path().join("aside");
            std::fs::create_dir_all(&aside).unwrap();
            let files = Parts::new(&aside, &base, Kind::Leistungen, &[], at(2), &mut parts);
            Merge::begin(reading, &aside.join("list"), files, &mut changes, &mut gone, at(2))?.finish()
        });
        assert!(all.is_err(), "{cut}");
    }
    std::fs::write(&list, bytes).unwrap();
    // Half a generation beside it: the one before is served, and the next one takes its place.
    std::fs::create_dir_all(folder.path().join("2")).unwrap();
    std::fs::write(folder.path().join("2/leistungen-1.xml.gz"), b"half").unwrap();
    assert_eq!(Generation::current(folder.path()).unwrap().unwrap().number, 1);
    let (after, told, _) = made(folder.path(), 2, first, MANY);
    assert_eq!((after.number, told.new, told.changed), (2, 0, 0));
    assert_eq!(listed(&after), listed(&before));
    // Two generations are kept, no more.
    made(folder.path(), 3, first, MANY);
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.parse::<u64>().is_ok())
        .collect();
    names.sort();
    assert_eq!(names, ["2", "3"]);
}

#[test]
fn one_process_makes_lists() {
    let folder = TempDir::new().unwrap();
    let lock = Lock::take(folder.path()).unwrap().unwrap();
    assert!(Lock::take(folder.path()).unwrap().is_none());
    drop(lock);
    assert!(Lock::take(folder.path()).unwrap().is_some());
}
