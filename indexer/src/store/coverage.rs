//! What is there for every key in every area: read whole, a row at a time, for the coverage of all towns.

use std::collections::{HashMap, HashSet};

use connectors::ids::PortalId;
use futures_util::TryStreamExt;
use sqlx::Row;

use super::read::read_body;
use super::{Store, StoreError, kind_number, portal};
use crate::record::{Kind, Lang, Object};

/// Who offers one key in one area.
#[derive(Debug, Default)]
pub struct Offered {
    /// The offices, each by a number of its own.
    pub offices: Vec<u32>,
    /// Citizens can be sent to an Onlinedienst.
    pub online: bool,
}

impl Store {
    /// Who offers what where, by key and area (as numbers); without contacts, and without offices and services that
    /// nobody delivers.
    pub async fn offered_everywhere(&self) -> Result<HashMap<(u64, u64), Offered>, StoreError> {
        let offices = self.numbered_offices().await?;
        let services = self.open_services().await?;
        let mut found: HashMap<(u64, u64), Offered> = HashMap::new();
        let mut rows = sqlx::query(
            "SELECT schluessel, ars, owner_kind, owner_agency, owner_id FROM angebot \
             WHERE schluessel > 0 AND (rolle IS NULL OR rolle <> '03')",
        )
        .fetch(&self.readers);
        while let Some(row) = rows.try_next().await? {
            let Ok(ars) = row.get::<&str, _>(1).parse::<u64>() else { continue };
            let (kind, owner) = (row.get::<i64, _>(2), (row.get::<String, _>(3), row.get::<String, _>(4)));
            let place = (row.get::<i64, _>(0) as u64, ars);
            if kind == kind_number(Kind::Onlinedienst) {
                found.entry(place).or_default().online |= services.contains(&owner);
            } else if kind == kind_number(Kind::Organisationseinheit)
                && let Some(office) = offices.get(&owner)
            {
                let offices = &mut found.entry(place).or_default().offices;
                if !offices.contains(office) {
                    offices.push(*office);
                }
            }
        }
        Ok(found)
    }

    async fn numbered_offices(&self) -> Result<HashMap<(String, String), u32>, StoreError> {
        let mut found = HashMap::new();
        let mut rows = sqlx::query("SELECT DISTINCT agency, id FROM record WHERE kind = $1 AND deleted = 0")
            .bind(kind_number(Kind::Organisationseinheit))
            .fetch(&self.readers);
        while let Some(row) = rows.try_next().await? {
            let number = found.len() as u32;
            found.insert((row.get(0), row.get(1)), number);
        }
        Ok(found)
    }

    /// The Onlinedienste that citizens can be sent to.
    async fn open_services(&self) -> Result<HashSet<(String, String)>, StoreError> {
        let mut found = HashSet::new();
        let mut rows = sqlx::query("SELECT agency, id, body FROM record WHERE kind = $1 AND deleted = 0")
            .bind(kind_number(Kind::Onlinedienst))
            .fetch(&self.readers);
        while let Some(row) = rows.try_next().await? {
            let Object::Onlinedienst(service) = read_body(row.get(1), row.get(2))? else { continue };
            let german = service.links.iter().find(|link| link.lang == Some(Lang::DE));
            if german.or(service.links.first()).is_some_and(|link| link.handover) {
                found.insert((row.get(0), row.get(1)));
            }
        }
        Ok(found)
    }

    /// The keys that each portal describes.
    pub async fn described_keys(&self) -> Result<HashMap<PortalId, HashSet<u64>>, StoreError> {
        let mut found: HashMap<PortalId, HashSet<u64>> = HashMap::new();
        let mut rows = sqlx::query("SELECT DISTINCT portal, schluessel FROM leistungsschluessel WHERE schluessel > 0")
            .fetch(&self.readers);
        while let Some(row) = rows.try_next().await? {
            found.entry(portal(row.get(0))).or_default().insert(row.get::<i64, _>(1) as u64);
        }
        Ok(found)
    }
}
