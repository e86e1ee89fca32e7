//! Statements about many records at once, which are named by pairs of agency and id.
//!
//! Each pair is looked up by itself in an index. For `(agency, id) IN (VALUES …)` SQLite reads all rows of the portal or of
//! the kind instead, however many there are.

/// The live records of kind `$1` with one of `count` ids, from `$2`.
pub(super) fn unread(count: usize) -> String {
    format!(
        "SELECT portal, agency, id, changed, body FROM (VALUES {}) AS v CROSS JOIN record \
         WHERE kind = $1 AND agency = v.column1 AND id = v.column2 AND deleted = 0 ORDER BY portal",
        tuples(2, count, 2)
    )
}

/// The rows, also of deleted records, of portal `$1` and kind `$2` with one of `count` ids, from `$3`.
pub(super) fn stored_all(count: usize) -> String {
    format!(
        "SELECT agency, id, hash, changed, deleted, born FROM (VALUES {}) AS v CROSS JOIN record \
         WHERE portal = $1 AND kind = $2 AND agency = v.column1 AND id = v.column2",
        tuples(3, count, 2)
    )
}

/// Those of `count` ids, from `$2`, that a Zuständigkeit of portal `$1` has that was delivered inside its owner.
pub(super) fn nested_of(count: usize) -> String {
    format!(
        "SELECT DISTINCT own_agency, own_id FROM (VALUES {}) AS v CROSS JOIN zustaendigkeit \
         WHERE portal = $1 AND own_agency = v.column1 AND own_id = v.column2",
        tuples(2, count, 2)
    )
}

/// The keys of the live records of kind `$1` with one of `count` ids, from `$2`, in order.
pub(super) fn live_all(count: usize) -> String {
    format!(
        "SELECT portal, agency, id FROM (VALUES {}) AS v CROSS JOIN record \
         WHERE kind = $1 AND agency = v.column1 AND id = v.column2 AND deleted = 0 ORDER BY agency, id, portal",
        tuples(2, count, 2)
    )
}

/// `count` tuples of `width` places, from `$from`.
pub(super) fn tuples(from: usize, count: usize, width: usize) -> String {
    let tuple = |n: usize| {
        let places: Vec<_> = (0..width).map(|at| format!("${}", from + n * width + at)).collect();
        format!("({})", places.join(", "))
    };
    (0..count).map(tuple).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row};

    use super::*;
    use crate::fixture::store;

    #[tokio::test]
    async fn every_pair_is_looked_up_in_an_index_however_many_rows_there_are() {
        let (_folder, store) = store().await;
        let agency_and_id = ["agency=? AND id=?)", "own_agency=? AND own_id=?)"];
        for sql in [unread(128), stored_all(128), nested_of(128), live_all(128)] {
            let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(&store.readers).await;
            let plan: Vec<String> = rows.unwrap().iter().map(|row| row.get(3)).collect();
            assert!(plan.iter().any(|step| agency_and_id.iter().any(|end| step.ends_with(end))), "{sql}: {plan:#?}");
            let walks = |step: &String| step.starts_with("SCAN record") || step.starts_with("SCAN zustaendigkeit");
            assert!(!plan.iter().any(walks), "{plan:#?}");
        }
    }
}
