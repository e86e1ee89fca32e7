//! Where answers are kept: in memory, by name and variant, with a bound on the bytes of all of them.
//!
//! What is rarely asked for goes first (`moka`, TinyLFU). A look-up takes no lock and copies no body. An answer that was
//! asked for before something was removed is not kept afterwards: it may be older than the removal.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use moka::notification::RemovalCause;
use moka::ops::compute::Op;
use moka::sync::Cache;

use super::key::{self, Variant};
use super::policy::Terms;
use super::range::Part;

/// Variants of one name; the oldest goes first.
const MAX_VARIANTS: usize = 16;
/// What an entry costs beside its text: tables, counters, pointers; measured roughly and rounded up.
const OVERHEAD: usize = 1024;

/// An answer that is kept.
#[derive(Debug)]
pub struct Stored {
    /// Its status; 200 for a part as well.
    pub status: StatusCode,
    /// Its fields as citizens get them, `Content-Length` included, `Age` not.
    pub fields: HeaderMap,
    /// Its body, or the part of it that is known.
    pub body: Bytes,
    /// Which part, when it is one.
    pub part: Option<Part>,
    /// Which requests it is for.
    pub variant: Variant,
    /// How it may be used.
    pub terms: Terms,
}

impl Stored {
    /// A field that validates, if there is one.
    pub fn validators(&self) -> [(HeaderName, Option<&HeaderValue>); 2] {
        [
            (header::IF_NONE_MATCH, self.fields.get(header::ETAG)),
            (header::IF_MODIFIED_SINCE, self.fields.get(header::LAST_MODIFIED)),
        ]
    }

    fn weight(&self) -> usize {
        let fields: usize = self.fields.iter().map(|(name, value)| name.as_str().len() + value.len() + 64).sum();
        let variant: usize = self.variant.iter().map(|(_, value)| value.as_ref().map_or(0, String::len) + 64).sum();
        self.body.len() + fields + variant + OVERHEAD
    }
}

type Slot = Arc<Vec<Arc<Stored>>>;

/// The answers of all portals.
pub struct Store {
    slots: Cache<Arc<str>, Slot>,
    ways: Arc<Ways>,
    filling: Arc<AtomicUsize>,
    max_bytes: usize,
    max_object_bytes: usize,
}

/// The answers on their way, by name; true for those whose name was removed meanwhile.
#[derive(Default)]
struct Ways(Mutex<HashMap<String, Weak<AtomicBool>>>);

impl Ways {
    fn open(&self) -> MutexGuard<'_, HashMap<String, Weak<AtomicBool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer on its way, from before it was asked for until it is kept or given up.
pub struct Way {
    ways: Arc<Ways>,
    name: String,
    removed: Arc<AtomicBool>,
}

impl Way {
    fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        let mut open = self.ways.open();
        // Others on the way to the same name, if there are any, hold it too.
        let ours = open.get(&self.name).is_some_and(|way| std::ptr::eq(way.as_ptr(), Arc::as_ptr(&self.removed)));
        if ours && Arc::strong_count(&self.removed) == 1 {
            open.remove(&self.name);
        }
    }
}

impl Store {
    /// An empty store for `max_bytes` in all and `max_object_bytes` of one body; `evicted` is told of what goes for want
    /// of room.
    pub fn new(max_bytes: usize, max_object_bytes: usize, evicted: impl Fn() + Send + Sync + 'static) -> Self {
        let weigh = |name: &Arc<str>, slot: &Slot| {
            let weight = name.len() + slot.iter().map(|stored| stored.weight()).sum::<usize>();
            u32::try_from(weight).unwrap_or(u32::MAX)
        };
        let slots = Cache::builder()
            .max_capacity(max_bytes as u64)
            .weigher(weigh)
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    evicted();
                }
            })
            .build();
        let filling = Arc::new(AtomicUsize::new(0));
        Self { slots, ways: Arc::default(), filling, max_bytes, max_object_bytes }
    }

    /// Every variant that is kept by this name, the newest first.
    pub fn variants(&self, name: &str) -> Option<Slot> {
        self.slots.get(name)
    }

    /// Begins the way of an answer; what is removed by its name from now on, it must not come after.
    pub fn way(&self, name: &str) -> Way {
        let mut open = self.ways.open();
        let known = open.get(name).and_then(Weak::upgrade);
        let removed = known.unwrap_or_else(|| {
            let removed = Arc::new(AtomicBool::new(false));
            open.insert(name.to_owned(), Arc::downgrade(&removed));
            removed
        });
        Way { ways: Arc::clone(&self.ways), name: name.to_owned(), removed }
    }

    /// Keeps an answer, unless something by its name was removed while it was on its way; true when it did.
    pub fn keep(&self, way: &Way, stored: &Arc<Stored>) -> bool {
        self.slots.entry(Arc::from(way.name.as_str())).and_compute_with(|before| {
            if way.is_removed() {
                return Op::Nop;
            }
            let mut slot = vec![Arc::clone(stored)];
            if let Some(before) = before {
                let others = before.value().iter().filter(|other| !replaces(stored, other)).cloned();
                slot.extend(others.take(MAX_VARIANTS - 1));
            }
            Op::Put(Arc::new(slot))
        });
        // It may have been removed between the question and the answer.
        if way.is_removed() {
            self.slots.remove(way.name.as_str());
        }
        !way.is_removed()
    }

    /// Forgets one variant.
    pub fn forget(&self, name: &str, stored: &Arc<Stored>) {
        self.slots.entry(Arc::from(name)).and_compute_with(|before| {
            let Some(before) = before else { return Op::Nop };
            let left: Vec<_> = before.value().iter().filter(|other| !Arc::ptr_eq(other, stored)).cloned().collect();
            if left.is_empty() { Op::Remove } else { Op::Put(Arc::new(left)) }
        });
    }

    /// Removes everything by this name, also what is on its way; true when something was there.
    pub fn remove(&self, name: &str) -> bool {
        if let Some(removed) = self.ways.open().remove(name).and_then(|way| way.upgrade()) {
            removed.store(true, Ordering::Release);
        }
        self.slots.remove(name).is_some()
    }

    /// Removes everything whose name begins so, also what is on its way; how many names that were.
    ///
    /// Takes time with the number of entries; not for a thread that answers.
    pub fn remove_all(&self, beginning: &str) -> usize {
        self.ways.open().retain(|name, way| {
            let removed = name.starts_with(beginning).then(|| way.upgrade()).flatten();
            removed.inspect(|removed| removed.store(true, Ordering::Release)).is_none()
        });
        let names: Vec<_> =
            self.slots.iter().map(|(name, _)| name).filter(|name| name.starts_with(beginning)).collect();
        names.iter().filter(|name| self.slots.remove(&***name).is_some()).count()
    }

    /// Bytes and names that are kept.
    pub fn size(&self) -> (u64, u64) {
        self.slots.run_pending_tasks();
        (self.slots.weighted_size(), self.slots.entry_count())
    }

    /// Most bytes of one body.
    pub fn max_object_bytes(&self) -> usize {
        self.max_object_bytes
    }

    /// Room for a body on its way; none when too much is on its way already.
    pub fn room(&self) -> Room {
        Room { filling: Arc::clone(&self.filling), held: 0, most: self.max_bytes / 4, object: self.max_object_bytes }
    }
}

/// True when a newer answer takes the place of an older one: the same variant, and the same part or a whole.
fn replaces(new: &Stored, old: &Stored) -> bool {
    let names = |variant: &Variant| variant.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let same_variant = new.variant == old.variant
        || names(&new.variant) != names(&old.variant) && new.variant.iter().all(|pair| old.variant.contains(pair));
    same_variant && (new.part.is_none() || new.part == old.part)
}

/// The room that one body takes while it comes; free again when it is dropped.
pub struct Room {
    filling: Arc<AtomicUsize>,
    held: usize,
    most: usize,
    object: usize,
}

impl Room {
    /// Takes `bytes` more; false when the body or all bodies on their way would be too large.
    pub fn grow(&mut self, bytes: usize) -> bool {
        self.held += bytes;
        let all = self.filling.fetch_add(bytes, Ordering::AcqRel) + bytes;
        self.held <= self.object && all <= self.most
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.filling.fetch_sub(self.held, Ordering::AcqRel);
    }
}

/// Finds what is kept for a request: the newest variant that it selects and that fits, or why there is none.
pub fn find(slot: Option<&Slot>, request: &HeaderMap, fits: impl Fn(&Stored) -> bool) -> Result<Arc<Stored>, Missed> {
    let Some(slot) = slot else { return Err(Missed::Uri) };
    let mut missed = Missed::Vary;
    for stored in slot.iter().filter(|stored| key::selects(&stored.variant, request)) {
        if fits(stored) {
            return Ok(Arc::clone(stored));
        }
        missed = Missed::Partial;
    }
    Err(missed)
}

/// Why nothing that is kept can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// Nothing by this name.
    Uri,
    /// Only other variants.
    Vary,
    /// Only a part, and another one.
    Partial,
}
