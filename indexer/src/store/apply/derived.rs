//! What follows from the records, kept in the same transaction: keys, Zuständigkeiten by area, overlays, offers.
//!
//! Work grows with what changed and not with what is there: a new Zuständigkeit adds its own offers, one that goes makes
//! those of its Leistung and area anew, and only a Leistung that itself changed has all of its offers made anew.

use connectors::finding::{Finding, Rule};
use connectors::ids::Identifikator;
use sqlx::Row;

use super::Apply;
use crate::record::{Kind, Nested, Object};
use crate::store::{StoreError, kind_number, kind_of};

macro_rules! offers {
    ($more:literal) => {
        concat!(
            "INSERT INTO angebot (schluessel, ars, leistung_portal, leistung_agency, leistung_id, portal, owner_kind, \
             owner_agency, owner_id, rolle) SELECT k.schluessel, z.ars, k.portal, k.agency, k.id, z.portal, \
             z.owner_kind, z.owner_agency, z.owner_id, z.rolle FROM zustaendigkeit z JOIN leistungsschluessel k \
             ON k.agency = z.leistung_agency AND k.id = z.leistung_id WHERE z.leistung_agency = $1 \
             AND z.leistung_id = $2",
            $more
        )
    };
}

/// The offers of a Leistung, everywhere.
const OFFERS: &str = offers!("");
/// The same in one area.
const OFFERS_OF_AREA: &str = offers!(" AND z.ars = $3");

impl Apply {
    /// Writes what follows from a record; `known` when something of it may be there already.
    pub(super) async fn derive(&mut self, id: &Identifikator, object: &Object, known: bool) -> Result<(), StoreError> {
        let kind = object.kind();
        if known {
            self.forget_derived(kind, id).await?;
        }
        match object {
            Object::Leistung(leistung) => {
                let mut keys: Vec<i64> = leistung.schluessel.iter().map(|key| key.number() as i64).collect();
                if keys.is_empty() {
                    keys.push(0);
                }
                for key in keys {
                    sqlx::query(
                        "INSERT INTO leistungsschluessel (portal, agency, id, schluessel) VALUES ($1, $2, $3, $4)",
                    )
                    .bind(self.portal.as_str())
                    .bind(&id.agency)
                    .bind(&id.text)
                    .bind(key)
                    .execute(&mut *self.transaction)
                    .await?;
                }
                self.affected.insert(id.clone());
                Ok(())
            }
            Object::Spezialisierung(overlay) => {
                let Some(leistung) = &overlay.leistung else { return Ok(()) };
                sqlx::query(
                    "INSERT INTO spezialisierung (portal, agency, id, leistung_agency, leistung_id) \
                     VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(self.portal.as_str())
                .bind(&id.agency)
                .bind(&id.text)
                .bind(&leistung.agency)
                .bind(&leistung.text)
                .execute(&mut *self.transaction)
                .await?;
                Ok(())
            }
            Object::Organisationseinheit(unit) => self.offer(kind, id, kind, id, &unit.zustaendigkeiten).await,
            Object::Onlinedienst(service) => self.offer(kind, id, kind, id, &service.zustaendigkeiten).await,
            Object::Formular(form) => self.offer(kind, id, kind, id, &form.zustaendigkeiten).await,
            Object::Zustaendigkeit(one) => {
                let (Some(owner_kind), Some(owner)) = (one.owner_kind, &one.owner) else { return Ok(()) };
                self.offer(kind, id, owner_kind, owner, std::slice::from_ref(&one.what)).await
            }
        }
    }

    async fn offer(
        &mut self,
        from_kind: Kind,
        from: &Identifikator,
        owner_kind: Kind,
        owner: &Identifikator,
        what: &[Nested],
    ) -> Result<(), StoreError> {
        for one in what {
            let Some(leistung) = &one.leistung else { continue };
            let at_the_end = self.affected.contains(leistung);
            self.touched.insert(leistung.clone());
            for ars in &one.gebiete {
                sqlx::query(
                    "INSERT INTO zustaendigkeit (portal, from_kind, from_agency, from_id, own_agency, own_id, \
                     owner_kind, owner_agency, owner_id, leistung_agency, leistung_id, ars, rolle) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                )
                .bind(self.portal.as_str())
                .bind(kind_number(from_kind))
                .bind(&from.agency)
                .bind(&from.text)
                .bind(one.id.as_ref().map(|id| id.agency.as_str()))
                .bind(one.id.as_ref().map(|id| id.text.as_str()))
                .bind(kind_number(owner_kind))
                .bind(&owner.agency)
                .bind(&owner.text)
                .bind(&leistung.agency)
                .bind(&leistung.text)
                .bind(ars.as_str())
                .bind(one.rolle.as_deref())
                .execute(&mut *self.transaction)
                .await?;
                if at_the_end {
                    continue;
                }
                sqlx::query(
                    "INSERT INTO angebot (schluessel, ars, leistung_portal, leistung_agency, leistung_id, portal, \
                     owner_kind, owner_agency, owner_id, rolle) \
                     SELECT schluessel, $1, portal, agency, id, $2, $3, $4, $5, $6 FROM leistungsschluessel \
                     WHERE agency = $7 AND id = $8",
                )
                .bind(ars.as_str())
                .bind(self.portal.as_str())
                .bind(kind_number(owner_kind))
                .bind(&owner.agency)
                .bind(&owner.text)
                .bind(one.rolle.as_deref())
                .bind(&leistung.agency)
                .bind(&leistung.text)
                .execute(&mut *self.transaction)
                .await?;
            }
        }
        Ok(())
    }

    /// Removes what followed from a record, and notes the Leistungen that it touched.
    pub(super) async fn forget_derived(&mut self, kind: Kind, id: &Identifikator) -> Result<(), StoreError> {
        match kind {
            Kind::Leistung => {
                sqlx::query("DELETE FROM leistungsschluessel WHERE portal = $1 AND agency = $2 AND id = $3")
                    .bind(self.portal.as_str())
                    .bind(&id.agency)
                    .bind(&id.text)
                    .execute(&mut *self.transaction)
                    .await?;
                self.affected.insert(id.clone());
            }
            Kind::Spezialisierung => {
                sqlx::query("DELETE FROM spezialisierung WHERE portal = $1 AND agency = $2 AND id = $3")
                    .bind(self.portal.as_str())
                    .bind(&id.agency)
                    .bind(&id.text)
                    .execute(&mut *self.transaction)
                    .await?;
            }
            _ => {
                let gone = sqlx::query(
                    "SELECT DISTINCT leistung_agency, leistung_id, ars FROM zustaendigkeit \
                     WHERE portal = $1 AND from_kind = $2 AND from_agency = $3 AND from_id = $4",
                )
                .bind(self.portal.as_str())
                .bind(kind_number(kind))
                .bind(&id.agency)
                .bind(&id.text)
                .fetch_all(&mut *self.transaction)
                .await?;
                for row in &gone {
                    let leistung = Identifikator::new(row.get::<&str, _>(0), row.get::<&str, _>(1));
                    self.touched.insert(leistung.clone());
                    self.stale.insert((leistung, row.get(2)));
                }
                sqlx::query(
                    "DELETE FROM zustaendigkeit \
                     WHERE portal = $1 AND from_kind = $2 AND from_agency = $3 AND from_id = $4",
                )
                .bind(self.portal.as_str())
                .bind(kind_number(kind))
                .bind(&id.agency)
                .bind(&id.text)
                .execute(&mut *self.transaction)
                .await?;
            }
        }
        Ok(())
    }

    /// Works out the offers that are not right any more, and moves the change number of every Leistung whose offers
    /// changed, so that the index follows.
    pub(super) async fn work_out_offers(&mut self) -> Result<(), StoreError> {
        let affected = std::mem::take(&mut self.affected);
        for (id, ars) in std::mem::take(&mut self.stale) {
            if affected.contains(&id) {
                continue;
            }
            sqlx::query("DELETE FROM angebot WHERE leistung_agency = $1 AND leistung_id = $2 AND ars = $3")
                .bind(&id.agency)
                .bind(&id.text)
                .bind(&ars)
                .execute(&mut *self.transaction)
                .await?;
            sqlx::query(OFFERS_OF_AREA)
                .bind(&id.agency)
                .bind(&id.text)
                .bind(&ars)
                .execute(&mut *self.transaction)
                .await?;
        }
        for id in &affected {
            sqlx::query("DELETE FROM angebot WHERE leistung_agency = $1 AND leistung_id = $2")
                .bind(&id.agency)
                .bind(&id.text)
                .execute(&mut *self.transaction)
                .await?;
            sqlx::query(OFFERS).bind(&id.agency).bind(&id.text).execute(&mut *self.transaction).await?;
        }
        self.touched.extend(affected);
        let touched: Vec<Identifikator> = std::mem::take(&mut self.touched).into_iter().collect();
        self.move_numbers(&touched).await?;
        Ok(())
    }

    /// References of this portal that lead nowhere, at most 1,000.
    pub(super) async fn dangling(&mut self) -> Result<Vec<Finding>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT z.leistung_agency, z.leistung_id, z.owner_kind, z.owner_agency, z.owner_id \
             FROM zustaendigkeit z WHERE z.portal = $1 AND NOT EXISTS (SELECT 1 FROM leistungsschluessel k \
             WHERE k.agency = z.leistung_agency AND k.id = z.leistung_id) LIMIT 1000",
        )
        .bind(self.portal.as_str())
        .fetch_all(&mut *self.transaction)
        .await?;
        let id =
            |row: &sqlx::any::AnyRow, at: usize| Identifikator::new(row.get::<&str, _>(at), row.get::<&str, _>(at + 1));
        let mut findings: Vec<Finding> = rows
            .iter()
            .map(|row| {
                let owner = kind_of(row.get(2)).map_or("", Kind::name);
                Finding::new(Rule::ReferenceDangling)
                    .object(format!("{owner} {}", id(row, 3)))
                    .value(format!("Leistung {}", id(row, 0)))
            })
            .collect();
        let rows = sqlx::query(
            "SELECT DISTINCT z.owner_kind, z.owner_agency, z.owner_id, z.from_agency, z.from_id FROM zustaendigkeit z \
             WHERE z.portal = $1 AND z.from_kind = $2 AND NOT EXISTS (SELECT 1 FROM record r WHERE r.kind = z.owner_kind \
             AND r.agency = z.owner_agency AND r.id = z.owner_id AND r.deleted = 0) LIMIT 1000",
        )
        .bind(self.portal.as_str())
        .bind(kind_number(Kind::Zustaendigkeit))
        .fetch_all(&mut *self.transaction)
        .await?;
        findings.extend(rows.iter().map(|row| {
            let owner = kind_of(row.get(0)).map_or("", Kind::name);
            Finding::new(Rule::ReferenceDangling)
                .object(format!("Zustaendigkeit {}", id(row, 3)))
                .value(format!("{owner} {}", id(row, 1)))
        }));
        Ok(findings)
    }

    /// Units of this run that stand above themselves.
    pub(super) fn cycles(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut units: Vec<_> = self.parents.keys().collect();
        units.sort();
        for unit in units {
            let mut above = unit;
            let mut path = vec![unit];
            while let Some(parent) = self.parents.get(above) {
                if parent == unit {
                    let value = path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → ");
                    findings.push(
                        Finding::new(Rule::ParentCycle).object(format!("Organisationseinheit {unit}")).value(value),
                    );
                    break;
                }
                if path.contains(&parent) {
                    break;
                }
                path.push(parent);
                above = parent;
            }
        }
        findings
    }
}
