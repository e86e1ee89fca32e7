//! The full-text index: derived from the store, following its change numbers, made anew whenever that is simpler.
//!
//! It lives in `DIR/<generation>/`; the file `DIR/current` names the generation that is read. A new one is made aside
//! and the name is swapped when it is complete. Each commit carries the change number up to which it is true, so that
//! a kill between store and index costs nothing but the catching up.

mod concept;
pub(crate) mod german;
mod grams;
pub(crate) mod postings;
mod rarity;
pub(crate) mod schema;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use concept::Group;
use connectors::leika::Leika;
use german::Compounds;
use postings::Postings;
use schema::{Fields, Shown};
use tantivy::directory::MmapDirectory;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};
use xxhash_rust::xxh3::xxh3_64;

use crate::normalise::plain;
use crate::record::{Lang, Leistung, ModulArt, Object, in_lang};
use crate::store::{Changed, Store, StoreError};

/// The index cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A folder or file of it.
    #[error("cannot use the index in {path}: {reason}")]
    Files {
        /// Which.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Nothing has been indexed yet.
    #[error("there is no index in {0} yet; run `import`, `rebuild` or `serve` first")]
    Missing(PathBuf),
    /// Another version of this program made it.
    #[error("the index in {0} was made by another version; run `rebuild`, or `serve`, which makes it anew")]
    Version(PathBuf),
    /// The engine.
    #[error("the index failed: {0}")]
    Engine(#[from] tantivy::TantivyError),
    /// The store it is derived from.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Memory that the writer may fill before it writes a segment, in bytes, over both of its threads.
const WRITER_BYTES: usize = 60_000_000;
/// How many Leistungen are read from the store at once.
const BATCH: i64 = 500;

/// One generation, open for reading.
pub(crate) struct Generation {
    pub index: tantivy::Index,
    pub reader: IndexReader,
    pub fields: Fields,
    pub compounds: Arc<Compounds>,
    /// The words of all concepts, as of the last reload.
    postings: ArcSwap<Postings>,
    /// The change number up to which all that is read is true, as of the last reload.
    read_to: AtomicI64,
    /// How many Leistungen there were when the compounds were learned.
    learned_from: usize,
    path: PathBuf,
}

impl Generation {
    fn open(path: &Path) -> Result<Self, IndexError> {
        let fields = Fields::new();
        let words = path.join("compounds.txt");
        let fault =
            |path: &Path, error: std::io::Error| IndexError::Files { path: path.to_owned(), reason: error.to_string() };
        let text = std::fs::read_to_string(&words).map_err(|error| fault(&words, error))?;
        let (head, lines) = text.split_once('\n').unwrap_or((&text, ""));
        let learned_from = head.parse().unwrap_or(0);
        let compounds = Arc::new(Compounds::from_lines(lines));
        let directory = MmapDirectory::open(path)
            .map_err(|error| IndexError::Files { path: path.to_owned(), reason: error.to_string() })?;
        let index = tantivy::Index::open_or_create(directory, fields.schema.clone())?;
        index.tokenizers().register(german::GERMAN, german::german(Arc::clone(&compounds)));
        index.tokenizers().register(german::ENGLISH, german::english());
        let read_to = AtomicI64::new(committed(&index)?);
        let reader: IndexReader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let postings = ArcSwap::from_pointee(Postings::read(&reader.searcher(), &fields, &compounds)?);
        Ok(Self { index, reader, fields, compounds, postings, read_to, learned_from, path: path.to_owned() })
    }

    /// Takes what was committed last.
    fn reload(&self) -> Result<(), IndexError> {
        // Looked at before: what is read is as new as this, or newer.
        let committed = committed(&self.index)?;
        self.reader.reload()?;
        let postings = Postings::read(&self.reader.searcher(), &self.fields, &self.compounds)?;
        self.postings.store(Arc::new(postings));
        self.read_to.store(committed, Ordering::Release);
        Ok(())
    }

    /// The words of all concepts and where each is to be had.
    pub(crate) fn postings(&self) -> Arc<Postings> {
        self.postings.load_full()
    }

    /// The change number up to which this generation is true.
    pub(crate) fn change_no(&self) -> Result<i64, IndexError> {
        committed(&self.index)
    }

    /// The change number up to which is true what is read from this generation; behind [`Self::change_no`] for the moment
    /// between a commit and the reload.
    pub(crate) fn read_to(&self) -> i64 {
        self.read_to.load(Ordering::Acquire)
    }
}

/// The change number of the last commit.
fn committed(index: &tantivy::Index) -> Result<i64, IndexError> {
    Ok(index.load_metas()?.payload.and_then(|payload| payload.parse().ok()).unwrap_or(0))
}

/// The index as the reading side holds it: always a whole generation.
pub(crate) type Current = Arc<ArcSwap<Generation>>;

/// Opens the generation that is current.
pub(crate) fn open(dir: &Path) -> Result<Current, IndexError> {
    Ok(Arc::new(ArcSwap::from_pointee(Generation::open(&dir.join(current_name(dir)?))?)))
}

/// Takes what another process committed, or the generation that it swapped in.
pub(crate) fn refresh(current: &Current, dir: &Path) -> Result<(), IndexError> {
    let name = current_name(dir)?;
    let generation = current.load();
    if generation.path.ends_with(&name) {
        return generation.reload();
    }
    current.store(Arc::new(Generation::open(&dir.join(name))?));
    Ok(())
}

/// The folder of the generation that is current, of our version.
fn current_name(dir: &Path) -> Result<String, IndexError> {
    let name = std::fs::read_to_string(dir.join("current")).map_err(|_| IndexError::Missing(dir.to_owned()))?;
    let name = name.trim();
    if generation_number(Path::new(name)) == 0 || name != self::name(generation_number(Path::new(name))) {
        return Err(IndexError::Version(dir.to_owned()));
    }
    Ok(name.to_owned())
}

/// The one writer.
pub(crate) struct Writer {
    dir: PathBuf,
    current: Current,
    writer: IndexWriter,
}

impl Writer {
    /// Opens the index in `dir` for writing, or makes a new one from the store when there is none that can be used.
    pub(crate) async fn open(dir: &Path, store: &Store) -> Result<Self, IndexError> {
        if let Ok(current) = open(dir) {
            let generation = current.load_full();
            let usable = generation.path.ends_with(name(generation_number(&generation.path)));
            let ahead = generation.change_no()? > store.change_no().await?;
            if usable
                && !ahead
                && let Ok(writer) = writer(&generation.index)
            {
                return Ok(Self { dir: dir.to_owned(), current, writer });
            }
            tracing::warn!(ahead, usable, "the index does not fit the store and is made anew");
        }
        Self::rebuild(dir, store).await
    }

    /// The index for readers in this process.
    pub(crate) fn current(&self) -> Current {
        Arc::clone(&self.current)
    }

    /// Makes the index anew beside the old one and swaps it in.
    pub(crate) async fn rebuild(dir: &Path, store: &Store) -> Result<Self, IndexError> {
        let Built { generation, writer, old } = build(dir, store).await?;
        remove(&old);
        Ok(Self { dir: dir.to_owned(), current: Arc::new(ArcSwap::from_pointee(generation)), writer })
    }

    /// Follows the store up to its last change; true when anything was new.
    pub(crate) async fn catch_up(&mut self, store: &Store) -> Result<bool, IndexError> {
        let generation = self.current.load_full();
        let last = generation.change_no()?;
        if store.change_no().await? == last {
            return Ok(false);
        }
        // The compounds are learned from the titles there are; when those have grown by half, a new generation learns
        // again. Each doubling costs one build, so following stays linear, and a new stock is never without.
        let (known, changed) = (generation.postings().descriptions(), store.count_changed(last).await?);
        if known + changed > generation.learned_from + generation.learned_from / 2 {
            self.build_anew(store).await?;
            return Ok(true);
        }
        match follow(&generation, &mut self.writer, store, last).await {
            Ok(()) => generation.reload()?,
            Err(IndexError::Engine(error)) => {
                // A process that was killed while it committed leaves files that stand in the way of the next commit.
                tracing::warn!(%error, "the index cannot follow the store and is made anew");
                self.build_anew(store).await?;
            }
            Err(other) => return Err(other),
        }
        Ok(true)
    }

    async fn build_anew(&mut self, store: &Store) -> Result<(), IndexError> {
        let Built { generation, writer, old } = build(&self.dir, store).await?;
        // Readers go to the new one before the old one goes, so that nobody asks for files that are gone.
        self.current.store(Arc::new(generation));
        self.writer = writer;
        remove(&old);
        Ok(())
    }
}

fn writer(index: &tantivy::Index) -> Result<IndexWriter, IndexError> {
    Ok(index.writer_with_num_threads(2, WRITER_BYTES)?)
}

fn name(number: u64) -> String {
    format!("v{}-{number}", schema::VERSION)
}

fn generation_number(path: &Path) -> u64 {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
}

/// A new generation, to which the pointer on the disk leads already.
struct Built {
    generation: Generation,
    writer: IndexWriter,
    /// Folders of those before, which can go when nobody reads them any more.
    old: Vec<PathBuf>,
}

/// A folder that stays behind does no harm.
fn remove(old: &[PathBuf]) {
    for path in old {
        if let Err(error) = std::fs::remove_dir_all(path) {
            tracing::warn!(path = %path.display(), %error, "an old generation of the index stays behind");
        }
    }
}

async fn build(dir: &Path, store: &Store) -> Result<Built, IndexError> {
    let fault =
        |path: &Path, error: std::io::Error| IndexError::Files { path: path.to_owned(), reason: error.to_string() };
    std::fs::create_dir_all(dir).map_err(|error| fault(dir, error))?;
    let old: Vec<PathBuf> = std::fs::read_dir(dir)
        .map_err(|error| fault(dir, error))?
        .filter_map(|entry| Some(entry.ok()?.path()).filter(|path| path.is_dir()))
        .collect();
    let number = old.iter().map(|path| generation_number(path)).max().unwrap_or(0) + 1;
    let path = dir.join(name(number));
    std::fs::create_dir_all(&path).map_err(|error| fault(&path, error))?;
    let (titles, count) = titles(store).await?;
    let compounds = Compounds::learn(titles.iter().map(String::as_str));
    drop(titles);
    let words = path.join("compounds.txt");
    std::fs::write(&words, format!("{count}\n{}", compounds.to_lines())).map_err(|error| fault(&words, error))?;
    let generation = Generation::open(&path)?;
    let mut writer = writer(&generation.index)?;
    follow(&generation, &mut writer, store, 0).await?;
    generation.reload()?;
    // The name is swapped by a rename: a reader finds the old generation or the new one.
    let (pointer, aside) = (dir.join("current"), dir.join("current.new"));
    std::fs::write(&aside, name(number)).map_err(|error| fault(&aside, error))?;
    std::fs::rename(&aside, &pointer).map_err(|error| fault(&pointer, error))?;
    Ok(Built { generation, writer, old })
}

/// The distinct titles, keywords and names in the catalogues of all Leistungen, and how many Leistungen there are.
async fn titles(store: &Store) -> Result<(BTreeSet<String>, usize), IndexError> {
    let (mut titles, mut count, mut last) = (BTreeSet::new(), 0, 0);
    loop {
        let batch = store.titles_since(last, BATCH).await?;
        let Some((change_no, _)) = batch.last() else { return Ok((titles, count)) };
        last = *change_no;
        for (_, leistung) in batch {
            count += 1;
            let german = leistung.title.get(&Lang::DE).into_iter().chain(leistung.bezeichnung.get(&Lang::DE));
            titles.extend(german.chain(leistung.keywords.get(&Lang::DE).into_iter().flatten()).cloned());
            let official = leistung.schluessel.iter().flat_map(|key| Leika::built_in().names(*key));
            titles.extend(official.map(str::to_owned));
        }
    }
}

async fn follow(generation: &Generation, writer: &mut IndexWriter, store: &Store, from: i64) -> Result<(), IndexError> {
    // Read before the records: what changes meanwhile has a higher number and comes next time.
    let until = store.change_no().await?;
    let searcher = generation.reader.searcher();
    let (mut last, mut groups) = (from, BTreeSet::new());
    loop {
        let batch = store.changed_since(last, BATCH).await?;
        let Some(end) = batch.last() else { break };
        last = end.change_no;
        for changed in &batch {
            let key = Term::from_field_text(generation.fields.key, &document_key(changed));
            if from > 0 {
                // What it was until now: the concept that it leaves has to forget its words.
                groups.extend(indexed(generation, &searcher, &key)?);
            }
            if let Some(Object::Leistung(leistung)) = changed.stored.as_ref().map(|stored| &stored.object) {
                groups.insert(Group::of(leistung, &changed.id));
            }
            writer.delete_term(key);
            if let Some(document) = document(&generation.fields, &document_key(changed), changed) {
                writer.add_document(document)?;
            }
        }
    }
    concept::refresh(generation, writer, store, &groups).await?;
    let mut commit = writer.prepare_commit()?;
    commit.set_payload(&until.max(last).to_string());
    commit.commit()?;
    Ok(())
}

/// The group of the description that is indexed under `key`; none when there is none.
fn indexed(generation: &Generation, searcher: &tantivy::Searcher, key: &Term) -> Result<Option<Group>, IndexError> {
    let query = tantivy::query::TermQuery::new(key.clone(), tantivy::schema::IndexRecordOption::Basic);
    let top = tantivy::collector::TopDocs::with_limit(1).order_by_score();
    let Some((_, address)) = searcher.search(&query, &top)?.into_iter().next() else { return Ok(None) };
    let shown = shown(searcher, &generation.fields, address)?;
    Ok(Some(Group::by(shown.schluessel.first(), &shown.id)))
}

/// What a description shows.
fn shown(searcher: &tantivy::Searcher, fields: &Fields, address: tantivy::DocAddress) -> tantivy::Result<Shown> {
    use tantivy::schema::Value;
    let document: TantivyDocument = searcher.doc(address)?;
    let text = document.get_first(fields.shown).and_then(|value| value.as_str()).unwrap_or_default();
    serde_json::from_str(text).map_err(|error| tantivy::TantivyError::InternalError(error.to_string()))
}

fn document_key(changed: &Changed) -> String {
    format!("{} {}", changed.portal, changed.id)
}

/// What is indexed of a description; none when it is gone.
fn document(fields: &Fields, key: &str, changed: &Changed) -> Option<TantivyDocument> {
    let stored = changed.stored.as_ref()?;
    let Object::Leistung(leistung) = &stored.object else { return None };
    let mut document = TantivyDocument::new();
    document.add_text(fields.key, key);
    for schluessel in &leistung.schluessel {
        document.add_text(fields.schluessel, schluessel.to_string());
    }
    document.add_u64(fields.group, Group::of(leistung, &changed.id).number());
    document.add_u64(fields.agency, agency_number(&changed.id.agency));
    document.add_u64(fields.has_text, u64::from(!concept::text_of(leistung, Lang::DE).is_empty()));
    leistung.gebiete.iter().for_each(|ars| document.add_u64(fields.valid, ars.number()));
    let mut offered = BTreeSet::new();
    for (ars, online) in &changed.offered {
        if offered.insert(ars) {
            document.add_u64(fields.offered, ars.number());
        }
        if *online {
            document.add_u64(fields.online, ars.number());
        }
    }
    document.add_u64(fields.tie, xxh3_64(key.as_bytes()));
    let short = |lang| Some((lang, short_text(leistung, lang)?));
    let shown = Shown {
        portal: stored.portal.clone(),
        id: stored.id.clone(),
        schluessel: leistung.schluessel.clone(),
        title: leistung.title.clone(),
        kurztext: Lang::OFFERED.into_iter().filter_map(short).collect(),
        keywords: leistung.keywords.get(&Lang::DE).cloned().unwrap_or_default(),
        changed: stored.changed,
    };
    document.add_text(fields.shown, serde_json::to_string(&shown).expect("plain values"));
    Some(document)
}

/// How an agency stands in the index.
pub(crate) fn agency_number(agency: &str) -> u64 {
    xxh3_64(agency.as_bytes())
}

/// The short text of a Leistung, else the beginning of its text, without markup, at most 300 characters.
pub(crate) fn short_text(leistung: &Leistung, lang: Lang) -> Option<String> {
    let of = |code: &str| {
        let modul = leistung.modules.iter().find(|modul| modul.art == ModulArt::Text(code.into()))?;
        let (found, html) = in_lang(&modul.text, lang)?;
        (found == lang).then(|| plain(html.as_str()))
    };
    let text = ["05", "24", "06"].into_iter().find_map(of)?;
    let mut end = text.char_indices().nth(300).map_or(text.len(), |(at, _)| at);
    if end < text.len() {
        // A sentence if there is one, else a word.
        let cut = text.get(..end).unwrap_or_default();
        end = cut.rfind(". ").filter(|at| *at > 120).map_or_else(|| cut.rfind(' ').unwrap_or(end), |at| at + 1);
        let kept = text.get(..end).unwrap_or_default();
        return Some(if kept.ends_with('.') { kept.to_owned() } else { format!("{kept} …") });
    }
    Some(text)
}
