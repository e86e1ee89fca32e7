use super::*;

fn upstreams(count: usize) -> Vec<Url> {
    (0..count).map(|at| format!("http://10.0.0.{at}:80").parse().unwrap()).collect()
}

/// Numbers as good as chance, the same in every run (SplitMix64).
fn chances() -> impl Iterator<Item = u64> {
    (1..).map(crate::proxy::upstream::mixed)
}

#[test]
fn the_one_with_fewer_open_requests_takes_the_next() {
    let (two, mut balance) = (upstreams(2), Balance::default());
    for chance in chances().take(100) {
        balance.choose(&two, &[], chance).unwrap();
    }
    assert_eq!(two.iter().map(|upstream| balance.open(upstream)).collect::<Vec<_>>(), [50, 50]);
    for _ in 0..10 {
        balance.left(&two[1]);
    }
    assert_eq!(balance.likely(&two), Some(&two[1]));
    assert!(chances().take(10).all(|chance| balance.choose(&two, &[], chance) == Some(1)));
}

#[test]
fn among_many_none_is_far_ahead_and_none_is_left_out() {
    let (ten, mut balance) = (upstreams(10), Balance::default());
    for chance in chances().take(1000) {
        balance.choose(&ten, &[], chance).unwrap();
    }
    for upstream in &ten {
        let open = balance.open(upstream);
        assert!((95..=105).contains(&open), "{upstream} has {open}");
    }
}

#[test]
fn what_was_tried_is_not_tried_again() {
    let (three, mut balance) = (upstreams(3), Balance::default());
    for chance in chances().take(50) {
        let mut tried = Vec::new();
        while let Some(at) = balance.choose(&three, &tried, chance) {
            assert!(!tried.contains(&at));
            tried.push(at);
        }
        assert_eq!(tried.len(), 3);
    }
    assert_eq!(balance.choose(&[], &[], 7), None);
}

#[test]
fn what_is_in_no_route_is_forgotten() {
    let (two, mut balance) = (upstreams(2), Balance::default());
    for chance in chances().take(4) {
        balance.choose(&two, &[], chance);
    }
    balance.keep_only(|upstream| *upstream == two[0]);
    balance.left(&two[1]);
    assert_eq!((balance.open(&two[0]), balance.open(&two[1])), (2, 0));
}
