//! The lists of all pages for search engines: made from the pages themselves, as a task that follows the change numbers.
//!
//! What is served lies on the disk, whole; what is in memory does not depend on how many pages there are. `lastmod` moves
//! only when something that can be seen has changed, because search engines believe it only as long as that is so.

mod build;
mod generation;
mod gone;
mod keep;
mod list;
mod parts;
mod seen;
mod serve;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use connectors::ids::{Identifikator, Leistungsschluessel};
use indexer::catalog::listing::Unit;
use url::Url;

pub use build::BuildError;
pub use generation::{Generation, Manifest, begin, complete, list_file, whole};
pub use gone::Gone;
pub use keep::{Keeper, keep};
pub use list::{Found, GONE, Known, Listed, Merge, Reading, Told};
pub use parts::{Kind, MAX_BYTES, MAX_URLS, Part, Parts, absolute};
pub use seen::Asker;
pub use serve::router;

/// The lists that are served now.
#[derive(Debug)]
pub struct Sitemaps {
    folder: PathBuf,
    base: Url,
    current: ArcSwapOption<Serving>,
}

/// A generation with what is answered from memory.
#[derive(Debug)]
struct Serving {
    generation: Generation,
    index: String,
}

impl Sitemaps {
    /// The lists in `folder`, with addresses below `base`; those that are there are served at once.
    pub fn open(folder: PathBuf, base: Url) -> Arc<Self> {
        let sitemaps = Self { folder, base, current: ArcSwapOption::empty() };
        if let Err(error) = sitemaps.reread() {
            tracing::error!(%error, "the lists of pages cannot be read; they are made anew");
        }
        Arc::new(sitemaps)
    }

    /// Lists that nobody makes, such as those of a preview.
    pub fn none(base: Url) -> Arc<Self> {
        Arc::new(Self { folder: PathBuf::new(), base, current: ArcSwapOption::empty() })
    }

    /// Takes what another process made.
    fn reread(&self) -> io::Result<()> {
        let number = generation::current_number(&self.folder)?;
        if number != self.current.load().as_ref().map(|serving| serving.generation.number)
            && let Some(generation) = Generation::current(&self.folder)?
        {
            self.serve(generation);
        }
        Ok(())
    }

    fn serve(&self, generation: Generation) {
        let index = parts::index(&self.base, &generation.manifest.parts);
        self.current.store(Some(Arc::new(Serving { generation, index })));
    }

    /// The generation that is served.
    pub fn generation(&self) -> Option<Generation> {
        self.current.load().as_ref().map(|serving| serving.generation.clone())
    }

    /// The description by which a Leistung is found that had pages under this key and has none any more; none where
    /// nothing is known of such a key.
    pub fn gone_under(&self, key: Leistungsschluessel) -> Option<Option<Identifikator>> {
        let current = self.current.load();
        let witness = current.as_ref()?.generation.gone.witness(&build::name_of(&Unit::Key(key)))?;
        Some(witness.split_once('\u{1}').map(|(agency, text)| Identifikator::new(agency, text)))
    }

    /// The line of robots.txt that says where the lists are.
    pub fn robots_line(&self) -> String {
        absolute(&self.base, "/sitemap.xml").map_or_else(String::new, |url| format!("Sitemap: {url}\n"))
    }
}
