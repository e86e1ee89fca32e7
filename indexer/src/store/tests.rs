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
