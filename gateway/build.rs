//! Embeds what browsers load: what `make design` made, or our own style sheet and scripts alone where it was not made.
//!
//! Nothing is fetched here. `design/build.mjs` writes `design/made/manifest.tsv` last, so a list that is there is whole.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What stands in for the things made: name, and the files of `design/` that it is put together from.
const PLAIN: [(&str, &[&str]); 3] = [
    ("portalverbund.css", &["portalverbund.css", "ohne-kern.css"]),
    ("suche.js", &["suche.js"]),
    ("portalverbund-suche.js", &["portalverbund-suche.js"]),
];

fn main() -> io::Result<()> {
    // The folder, with all in it: a list that appears or goes is seen too. npm works elsewhere.
    println!("cargo::rerun-if-changed=design");
    println!("cargo::rerun-if-changed=build.rs");
    let root = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    let design = root.join("design");
    let made = design.join("made");
    let (whole, entries) = match fs::read_to_string(made.join("manifest.tsv")) {
        Ok(list) => {
            (true, list.lines().filter_map(|line| line.split_once('\t')).map(|one| listed(&made, one)).collect())
        }
        Err(_) => {
            (false, PLAIN.iter().map(|(name, parts)| plain(&design, &out, name, parts)).collect::<io::Result<_>>()?)
        }
    };
    let entries: Vec<String> = entries;
    let table = format!(
        "/// True when the things were made by `make design`.\npub(super) const MADE: bool = {whole};\n\
         pub(super) static ASSETS: &[Asset] = &[\n{}];\n",
        entries.concat()
    );
    fs::write(out.join("assets.rs"), table)
}

/// A line of the list as an entry of the table.
fn listed(made: &Path, (name, file): (&str, &str)) -> String {
    let path = made.join(file);
    let packed = |end: &str| Some(made.join(format!("{file}.{end}"))).filter(|path| path.is_file());
    entry(name, file, &path, packed("br").as_deref(), packed("gz").as_deref())
}

/// A file that is put together from ours, named by its content.
fn plain(design: &Path, out: &Path, name: &str, parts: &[&str]) -> io::Result<String> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend(fs::read(design.join(part))?);
    }
    let (stem, ext) = name.rsplit_once('.').unwrap_or((name, ""));
    let file = format!("{stem}-{:016x}.{ext}", fnv(&bytes));
    let path = out.join(&file);
    fs::write(&path, bytes)?;
    Ok(entry(name, &file, &path, None, None))
}

fn entry(name: &str, file: &str, path: &Path, brotli: Option<&Path>, gzip: Option<&Path>) -> String {
    let embedded =
        |path: Option<&Path>| path.map_or_else(|| "None".to_owned(), |path| format!("Some(include_bytes!({path:?}))"));
    let mut text = String::new();
    let _ = writeln!(
        text,
        "    Asset {{ name: {name:?}, file: {file:?}, identity: include_bytes!({path:?}), brotli: {}, gzip: {} }},",
        embedded(brotli),
        embedded(gzip)
    );
    text
}

/// FNV-1a: names a file by its content; nobody has a reason to look for two of the same.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
