//! Change sets: what a step changed, and how it is taken back without touching what came later.

use serde_json::{Map, Value};

/// A part that the change set changed has been changed again since, so taking it back would lose the later change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` was changed again since; undo the later change first")]
pub struct Conflict {
    /// Which, as `live.contact.phone`.
    pub path: String,
}

/// What `now` is without the change from `before` to `after`. Parts that the change did not touch stay as they are now;
/// objects are compared key by key, everything else as a whole.
pub fn undone(before: &Value, after: &Value, now: &Value) -> Result<Value, Conflict> {
    take_back(before, after, now, &mut Vec::new())
}

fn take_back<'a>(before: &'a Value, after: &'a Value, now: &Value, path: &mut Vec<&'a str>) -> Result<Value, Conflict> {
    if before == after || now == before {
        return Ok(now.clone());
    }
    if let (Value::Object(before), Value::Object(after), Value::Object(now)) = (before, after, now) {
        return by_key(before, after, now, path).map(Value::Object);
    }
    if now == after { Ok(before.clone()) } else { Err(Conflict { path: path.join(".") }) }
}

fn by_key<'a>(
    before: &'a Map<String, Value>,
    after: &'a Map<String, Value>,
    now: &Map<String, Value>,
    path: &mut Vec<&'a str>,
) -> Result<Map<String, Value>, Conflict> {
    // A key that is missing and one that says nothing are the same.
    let of = |object: &Map<String, Value>, key: &str| object.get(key).cloned().unwrap_or(Value::Null);
    let mut left = now.clone();
    for key in before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))) {
        path.push(key);
        let (old, new) = (before.get(key).unwrap_or(&Value::Null), after.get(key).unwrap_or(&Value::Null));
        match take_back(old, new, &of(now, key), path)? {
            Value::Null if !before.contains_key(key) => left.remove(key),
            value => left.insert(key.clone(), value),
        };
        path.pop();
    }
    Ok(left)
}

/// The parts in which two values differ, as (path, before, after); for people and for the audit trail.
pub fn differences(before: &Value, after: &Value) -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    collect(before, after, &mut Vec::new(), &mut found);
    found
}

fn collect<'a>(before: &'a Value, after: &'a Value, path: &mut Vec<&'a str>, found: &mut Vec<(String, Value, Value)>) {
    if before == after {
        return;
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        found.push((path.join("."), before.clone(), after.clone()));
        return;
    };
    for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))) {
        path.push(key);
        collect(old.get(key).unwrap_or(&Value::Null), new.get(key).unwrap_or(&Value::Null), path, found);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(before: Value, after: Value, now: Value, expected: Result<Value, &str>) {
        let expected = expected.map_err(|path| Conflict { path: path.to_owned() });
        assert_eq!(undone(&before, &after, &now), expected);
    }

    #[test]
    fn a_change_is_taken_back_and_later_ones_stay() {
        let before = json!({ "name": "A", "contact": { "phone": "1" }, "hosts": ["a"] });
        let after = json!({ "name": "B", "contact": { "phone": "2", "email": "x" }, "hosts": ["a"] });
        check(before.clone(), after.clone(), after.clone(), Ok(before.clone()));
        let later = json!({ "name": "B", "contact": { "phone": "2", "email": "x" }, "hosts": ["a", "b"] });
        check(
            before.clone(),
            after.clone(),
            later,
            Ok(json!({ "name": "A", "contact": { "phone": "1" }, "hosts": ["a", "b"] })),
        );
        let again = json!({ "name": "B", "contact": { "phone": "3", "email": "x" }, "hosts": ["a"] });
        check(before.clone(), after.clone(), again, Err("contact.phone"));
        // Taken back by hand already.
        check(before.clone(), after, before.clone(), Ok(before));
    }

    #[test]
    fn what_was_made_goes_and_what_was_removed_comes_back() {
        check(Value::Null, json!({ "a": 1 }), json!({ "a": 1 }), Ok(Value::Null));
        check(json!({ "a": 1 }), Value::Null, Value::Null, Ok(json!({ "a": 1 })));
        check(Value::Null, json!({ "a": 1 }), json!({ "a": 2 }), Err(""));
        check(json!({ "live": null }), json!({ "live": { "a": 1 } }), json!({ "live": { "a": 2 } }), Err("live"));
    }

    #[test]
    fn differences_name_the_smallest_part() {
        let found = differences(&json!({ "a": { "b": 1, "c": 2 }, "d": [1] }), &json!({ "a": { "b": 1 }, "d": [2] }));
        let paths: Vec<&str> = found.iter().map(|(path, _, _)| path.as_str()).collect();
        assert_eq!(paths, ["a.c", "d"]);
        assert_eq!(found[0].1, json!(2));
        assert_eq!(found[0].2, Value::Null);
    }

    /// Objects without explicit nulls, as registrations are written.
    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<bool>().prop_map(Value::from), (0..5).prop_map(Value::from)];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect()))
            ]
        })
    }

    proptest! {
        #[test]
        fn undoing_at_once_gives_what_was(before in values(), after in values()) {
            prop_assert_eq!(undone(&before, &after, &after), Ok(before));
        }

        #[test]
        fn undoing_never_gives_what_nobody_had(before in values(), after in values(), now in values()) {
            if let Ok(left) = undone(&before, &after, &now) {
                // Whatever differs from now is what the change set had changed.
                for (path, was, is) in differences(&now, &left) {
                    prop_assert!(!differences(&before, &after).is_empty(), "{}: {} {}", path, was, is);
                }
                prop_assert_eq!(undone(&before, &after, &left), Ok(left.clone()));
            }
        }
    }
}
