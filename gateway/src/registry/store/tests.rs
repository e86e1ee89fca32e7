use serde_json::json;

use super::*;
use crate::registry::who::{Right, Role};

pub(in crate::registry) async fn registry() -> (tempfile::TempDir, Registry) {
    let dir = tempfile::tempdir().unwrap();
    let registry = Registry::open(&dir.path().join("data/registry.db")).await.unwrap();
    (dir, registry)
}

async fn wrote(registry: &Registry, actions: &[&str]) {
    for action in actions {
        let mut tx = registry.begin().await.unwrap();
        let after = Some(json!({"b": 1, "a": {"d": [null, true], "c": "ä\"\n"}}));
        let portal = "stadt".parse().unwrap();
        tx.audit(&Who::command_line(), action, Some(&portal), None, after).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn it_opens_again_as_it_was_and_refuses_what_it_does_not_know() {
    let (dir, registry) = registry().await;
    wrote(&registry, &["x.y"]).await;
    registry.close().await;
    let file = dir.path().join("data/registry.db");
    let again = Registry::open(&file).await.unwrap();
    assert_eq!(again.audit_head().await.unwrap().seq, 1);
    sqlx::query("UPDATE meta SET value = 999 WHERE name = 'schema'").execute(&again.writer).await.unwrap();
    again.close().await;
    let error = Registry::open(&file).await.unwrap_err();
    assert!(matches!(error, RegistryError::Newer { found: 999, .. }), "{error}");
    std::fs::write(dir.path().join("text"), "no database at all, but long enough to be none".repeat(100)).unwrap();
    let error = Registry::open(&dir.path().join("text")).await.unwrap_err();
    assert!(matches!(error, RegistryError::Open { .. }), "{error}");
}

#[tokio::test]
async fn an_effect_and_its_entry_are_there_together_or_not_at_all() {
    let (_dir, registry) = registry().await;
    let new = NewAccount { name: "bochum".into(), role: Role::Editor, password: None, subject: None };
    let mut tx = registry.begin().await.unwrap();
    tx.add_account(&new).await.unwrap();
    tx.audit(&Who::command_line(), "account.add", None, None, None).await.unwrap();
    drop(tx);
    assert_eq!(registry.accounts().await.unwrap(), []);
    assert_eq!(registry.audit_head().await.unwrap(), Head::default());
    let mut tx = registry.begin().await.unwrap();
    let id = tx.add_account(&new).await.unwrap();
    tx.set_right(id, &"stadt-bochum".parse().unwrap(), Some(Right::Deliver)).await.unwrap();
    tx.audit(&Who::command_line(), "account.add", None, None, None).await.unwrap();
    let taken = tx.add_account(&new).await.unwrap_err();
    assert!(matches!(taken, RegistryError::NameTaken(_)), "{taken}");
    tx.commit().await.unwrap();
    let (account, rights) = registry.account_with_rights(id).await.unwrap().unwrap();
    assert_eq!((account.name.as_str(), account.locked), ("bochum", false));
    assert_eq!(rights.into_values().collect::<Vec<_>>(), [Right::Deliver]);
    let on = registry.rights_on(&"stadt-bochum".parse().unwrap()).await.unwrap();
    assert_eq!(on, [("bochum".to_owned(), Right::Deliver)]);
}

#[tokio::test]
async fn several_processes_write_one_after_the_other() {
    let (dir, registry) = registry().await;
    let other = Registry::open(&dir.path().join("data/registry.db")).await.unwrap();
    let actions = vec!["a.b"; 20];
    tokio::join!(wrote(&registry, &actions), wrote(&other, &actions), wrote(&registry, &actions));
    assert_eq!(registry.verify_audit().await.unwrap().unwrap().seq, 60);
}

#[tokio::test]
async fn the_trail_refuses_changes_and_shows_those_that_were_forced() {
    let (dir, registry) = registry().await;
    wrote(&registry, &["a.a", "b.b", "c.c", "d.d"]).await;
    let head = registry.audit_head().await.unwrap();
    assert_eq!(registry.verify_audit().await.unwrap(), Ok(head.clone()));
    for refused in ["UPDATE audit SET actor = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 4"] {
        let error = sqlx::query(refused).execute(&registry.writer).await.unwrap_err();
        assert!(error.to_string().contains("audit trail"), "{error}");
    }
    assert_eq!(registry.verify_audit().await.unwrap(), Ok(head));
    registry.close().await;
    // With the triggers gone, as somebody could do who may write to the file.
    let whole = std::fs::read(dir.path().join("data/registry.db")).unwrap();
    for (forced, fault) in [
        ("UPDATE audit SET actor = 'x' WHERE seq = 2", AuditFault::Changed(2)),
        ("UPDATE audit SET at = at + 1 WHERE seq = 4", AuditFault::Changed(4)),
        ("UPDATE audit SET new_value = '{}' WHERE seq = 1", AuditFault::Changed(1)),
        ("DELETE FROM audit WHERE seq = 2", AuditFault::Unlinked(3)),
        ("DELETE FROM audit WHERE seq = 1", AuditFault::Unlinked(2)),
        ("DELETE FROM audit WHERE seq = 4", AuditFault::Head { found: 3, known: 4 }),
        ("DELETE FROM audit", AuditFault::Head { found: 0, known: 4 }),
        ("UPDATE audit SET seq = 9 WHERE seq = 4", AuditFault::Unlinked(9)),
        ("UPDATE audit_head SET hash = 'x' WHERE one = 1", AuditFault::Unlinked(4)),
    ] {
        let file = dir.path().join("forced.db");
        std::fs::write(&file, &whole).unwrap();
        let registry = Registry::open(&file).await.unwrap();
        for statement in ["DROP TRIGGER audit_is_never_changed", "DROP TRIGGER audit_is_never_removed", forced] {
            sqlx::query(statement).execute(&registry.writer).await.unwrap();
        }
        assert_eq!(registry.verify_audit().await.unwrap(), Err(fault), "{forced}");
        registry.close().await;
        for rest in ["forced.db-wal", "forced.db-shm"] {
            let _ = std::fs::remove_file(dir.path().join(rest));
        }
    }
}

#[tokio::test]
async fn the_hash_of_an_entry_is_that_of_its_values_in_order() {
    let (_dir, registry) = registry().await;
    wrote(&registry, &["a.a"]).await;
    let entry = registry.audit_after(0, 10).await.unwrap().remove(0);
    assert_eq!(entry.after.as_deref(), Some(r#"{"a":{"c":"ä\"\n","d":[null,true]},"b":1}"#));
    let written = format!(
        "[1,{},\"Kommandozeile\",\"command line\",null,\"a.a\",\"stadt\",null,{},null,\"\"]",
        entry.at_ms,
        serde_json::to_string(entry.after.as_deref().unwrap()).unwrap()
    );
    assert_eq!(entry.hash, crate::registry::secrets::hash(&written));
    assert_eq!(registry.audit_before(i64::MAX, Some(&"stadt".parse().unwrap()), 5).await.unwrap(), [entry]);
    assert_eq!(registry.audit_before(i64::MAX, Some(&"andere".parse().unwrap()), 5).await.unwrap(), []);
}

#[tokio::test]
async fn failures_are_counted_and_forgotten() {
    let (_dir, registry) = registry().await;
    let now = clock::now();
    let ago = |seconds| now - jiff::SignedDuration::from_secs(seconds);
    let mut tx = registry.begin().await.unwrap();
    assert_eq!(tx.count_failure("m", ago(60)).await.unwrap(), 1);
    assert_eq!(tx.count_failure("m", ago(60)).await.unwrap(), 2);
    assert_eq!(tx.count_failure("n", ago(60)).await.unwrap(), 1);
    tx.bar("m", now + jiff::SignedDuration::from_secs(30)).await.unwrap();
    tx.commit().await.unwrap();
    let marks = ["n".to_owned(), "m".to_owned()];
    assert!(registry.barred_until(&marks, now).await.unwrap().is_some());
    assert_eq!(registry.barred_until(&marks[..1], now).await.unwrap(), None);
    let later = now + jiff::SignedDuration::from_secs(31);
    assert_eq!(registry.barred_until(&marks, later).await.unwrap(), None);
    let mut tx = registry.begin().await.unwrap();
    // Long enough without a failure, they begin anew.
    assert_eq!(tx.count_failure("m", later).await.unwrap(), 1);
    tx.forget_failures("m").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(registry.barred_until(&marks, now).await.unwrap(), None);
}
