use super::*;
use crate::registry::store::tests::registry;

async fn made(registry: &Registry, name: &str, role: Role) -> i64 {
    registry.make_account(&Who::command_line(), name, role, "ein langes Kennwort").await.unwrap()
}

fn right(portal: &str, right: Option<Right>) -> AccountChange {
    AccountChange { rights: BTreeMap::from([(portal.parse().unwrap(), right)]), ..AccountChange::default() }
}

async fn actions(registry: &Registry) -> Vec<String> {
    registry.audit_after(0, 100).await.unwrap().into_iter().map(|entry| entry.action).collect()
}

#[tokio::test]
async fn names_and_passwords_are_checked_before_anything_is_made() {
    let (_dir, registry) = registry().await;
    let who = Who::command_line();
    for name in ["", "x", "-ab", "a b", "ä-b", &"a".repeat(65), "a/b", "a\nb"] {
        let error = registry.make_account(&who, name, Role::Editor, "ein langes Kennwort").await.unwrap_err();
        assert!(matches!(error, AccountError::Name(_)), "{name}: {error}");
    }
    for password in ["", "elf Zeichen", &"x".repeat(201), "redaktion-bochum"] {
        let error = registry.make_account(&who, "redaktion-bochum", Role::Editor, password).await.unwrap_err();
        assert!(matches!(error, AccountError::Password), "{password}: {error}");
    }
    assert_eq!(registry.accounts().await.unwrap(), []);
    made(&registry, " Redaktion@Bochum.example ", Role::Editor).await;
    assert_eq!(registry.accounts().await.unwrap()[0].name, "redaktion@bochum.example");
}

#[tokio::test]
async fn a_dry_run_tells_and_changes_nothing() {
    let (_dir, registry) = registry().await;
    let (who, id) = (Who::command_line(), made(&registry, "red", Role::Editor).await);
    let change = AccountChange { locked: Some(true), ..right("stadt", Some(Right::Manage)) };
    let (before, after) = registry.change_account(&who, id, &change, None, true).await.unwrap();
    assert_eq!((before.locked, after.locked), (false, true));
    assert_eq!(after.rights, BTreeMap::from([("stadt".to_owned(), "manage")]));
    assert_eq!(registry.rights(id).await.unwrap(), BTreeMap::new());
    assert_eq!(actions(&registry).await, ["account.add"]);
    let done = registry.change_account(&who, id, &change, Some("Vertrag"), false).await.unwrap();
    assert_eq!(done, (before, after), "the dry run told what then happened");
    let entries = registry.audit_after(1, 10).await.unwrap();
    let told: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.portal.as_deref())).collect();
    assert_eq!(told, [("account.right", Some("stadt")), ("account.change", None)]);
    assert!(entries.iter().all(|entry| entry.reason.as_deref() == Some("Vertrag")));
    // Once more changes nothing and says nothing.
    registry.change_account(&who, id, &change, None, false).await.unwrap();
    assert_eq!(actions(&registry).await.len(), 3);
    registry.change_account(&who, id, &right("stadt", None), None, false).await.unwrap();
    assert_eq!(registry.rights(id).await.unwrap(), BTreeMap::new());
}

#[tokio::test]
async fn somebody_always_runs_the_verbund() {
    let (_dir, registry) = registry().await;
    let who = Who::command_line();
    let one = made(&registry, "eins", Role::Operator).await;
    for change in [
        AccountChange { locked: Some(true), ..AccountChange::default() },
        AccountChange { role: Some(Role::Editor), ..AccountChange::default() },
    ] {
        let error = registry.change_account(&who, one, &change, None, false).await.unwrap_err();
        assert!(matches!(error, AccountError::LastOperator), "{error}");
    }
    assert!(matches!(registry.drop_account(&who, one).await.unwrap_err(), AccountError::LastOperator));
    let two = made(&registry, "zwei", Role::Operator).await;
    let locked = AccountChange { locked: Some(true), ..AccountChange::default() };
    registry.change_account(&who, one, &locked, None, false).await.unwrap();
    // One that is locked runs nothing, and may go.
    assert!(registry.drop_account(&who, two).await.is_err());
    registry.drop_account(&who, one).await.unwrap();
    assert_eq!(registry.accounts().await.unwrap().len(), 1);
    assert!(registry.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn the_numbers_of_accounts_are_never_given_twice() {
    let (_dir, registry) = registry().await;
    let first = made(&registry, "aa", Role::Editor).await;
    registry.drop_account(&Who::command_line(), first).await.unwrap();
    assert_ne!(made(&registry, "aa", Role::Editor).await, first);
}
