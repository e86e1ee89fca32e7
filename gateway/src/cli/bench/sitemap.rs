//! `bench sitemap`: lists of so many generated pages through the same merge and the same files as those of real ones:
//! made new, made again with one in a hundred changed, and made again with nothing changed.

use std::io::{self, BufWriter};
use std::path::Path;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::super::{Exit, Fault};
use super::{cpu_seconds, say};
use crate::sitemap::{
    Found, Generation, Gone, Kind, Manifest, Merge, Parts, Reading, Told, begin, complete, list_file,
};

/// Pages of one Leistung: those of all municipalities of the Land, and the one without a place.
const PER_UNIT: u64 = 397;

pub(super) fn run(urls: u64) -> Result<Exit, Fault> {
    let folder = tempfile::tempdir().map_err(Fault::work)?;
    let base: Url = "https://verbund.example/".parse().map_err(Fault::work)?;
    say("urls", urls, "pages");
    let first: Timestamp = "2026-11-01T00:00:00Z".parse().map_err(Fault::work)?;
    for (day, (name, changed)) in
        [("new", false), ("one_in_100_changed", true), ("unchanged", true)].into_iter().enumerate()
    {
        let now = first + SignedDuration::from_hours(24 * day as i64);
        let (began, busy) = (Instant::now(), cpu_seconds());
        let (generation, told) = pass(folder.path(), &base, urls, changed, now).map_err(Fault::work)?;
        say(&format!("{name}_seconds"), format!("{:.2}", began.elapsed().as_secs_f64()), "s");
        say(&format!("{name}_cpu"), format!("{:.2}", cpu_seconds() - busy), "CPU s");
        say(&format!("{name}_moved"), told.new + told.changed + told.gone, "pages");
        if day == 0 {
            let parts = &generation.manifest.parts;
            say("files", parts.len(), "files");
            say("largest_file", parts.iter().map(|part| part.bytes).max().unwrap_or(0), "bytes before compression");
            let size = |name: &str| std::fs::metadata(generation.dir.join(name)).map_or(0, |known| known.len());
            say("files_on_disk", parts.iter().map(|part| size(&part.name)).sum::<u64>(), "bytes");
            say("list_on_disk", size("leistungen.list.gz"), "bytes");
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").map_err(Fault::work)?;
    let peak: Option<u64> =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    if let Some(kib) = peak {
        say("peak_memory", format!("{:.1}", kib as f64 / 1024.0), "MiB");
    }
    Ok(Exit::Done)
}

/// One generation; with `changed`, one page in a hundred says something else than without.
fn pass(folder: &Path, base: &Url, urls: u64, changed: bool, now: Timestamp) -> io::Result<(Generation, Told)> {
    let before = Generation::current(folder)?;
    let (number, dir) = begin(folder, before.as_ref())?;
    let reading = match &before {
        Some(before) => before.list(Kind::Leistungen)?,
        None => Reading::nothing(),
    };
    let known = before.as_ref().map_or(&[][..], |before| before.manifest.parts.as_slice());
    let (mut parts, mut gone) = (Vec::new(), Gone::default());
    let mut changes = BufWriter::new(std::fs::File::create(dir.join("changes.tsv"))?);
    let files = Parts::new(&dir, base, Kind::Leistungen, known, now, &mut parts);
    let mut merge = Merge::begin(reading, &list_file(&dir, Kind::Leistungen), files, &mut changes, &mut gone, now)?;
    for unit in 0..urls.div_ceil(PER_UNIT) {
        let name = format!("99{unit:09}001");
        let before = merge.reach(&name)?;
        let numbers = unit * PER_UNIT..((unit + 1) * PER_UNIT).min(urls);
        let pages = numbers.map(|number| Found {
            path: format!("/leistung/{name}/eine-leistung-mit-einem-ueblichen-namen/05{:010}", number % PER_UNIT),
            hash: number * 2 + 1 + u64::from(changed && number % 100 == 0),
        });
        merge.put(before, name.clone(), 1, format!("A\u{1}{unit}"), pages.collect())?;
    }
    let told = merge.finish()?;
    Ok((complete(folder, number, Manifest::new(1, 1, now, parts), gone)?, told))
}
