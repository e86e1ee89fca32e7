use super::*;

fn upstreams(count: usize) -> Vec<Url> {
    (0..count).map(|at| format!("http://10.0.0.{at}:80").parse().unwrap()).collect()
}

fn now() -> Instant {
    Instant::now()
}

/// Numbers as good as chance, the same in every run (SplitMix64).
fn chances() -> impl Iterator<Item = u64> {
    (1..).map(crate::proxy::upstream::mixed)
}

#[test]
fn the_one_with_fewer_open_requests_takes_the_next() {
    let (two, mut balance) = (upstreams(2), Balance::new(LeaveOut::default()));
    for chance in chances().take(100) {
        balance.choose(&two, &[], chance, now()).unwrap();
    }
    assert_eq!(two.iter().map(|upstream| balance.open(upstream)).collect::<Vec<_>>(), [50, 50]);
    for _ in 0..10 {
        balance.left(&two[1]);
    }
    assert_eq!(balance.likely(&two), Some(&two[1]));
    assert!(chances().take(10).all(|chance| balance.choose(&two, &[], chance, now()).unwrap().at == 1));
}

#[test]
fn among_many_none_is_far_ahead_and_none_is_left_out() {
    let (ten, mut balance) = (upstreams(10), Balance::new(LeaveOut::default()));
    for chance in chances().take(1000) {
        balance.choose(&ten, &[], chance, now()).unwrap();
    }
    for upstream in &ten {
        let open = balance.open(upstream);
        assert!((95..=105).contains(&open), "{upstream} has {open}");
    }
}

#[test]
fn what_was_tried_is_not_tried_again() {
    let (three, mut balance) = (upstreams(3), Balance::new(LeaveOut::default()));
    for chance in chances().take(50) {
        let mut tried = Vec::new();
        while let Some(Chosen { at, .. }) = balance.choose(&three, &tried, chance, now()) {
            assert!(!tried.contains(&at));
            tried.push(at);
        }
        assert_eq!(tried.len(), 3);
    }
    assert_eq!(balance.choose(&[], &[], 7, now()), None);
}

#[test]
fn what_is_in_no_route_is_forgotten() {
    let (two, mut balance) = (upstreams(2), Balance::new(LeaveOut::default()));
    for chance in chances().take(4) {
        balance.choose(&two, &[], chance, now());
    }
    balance.keep_only(|upstream| *upstream == two[0]);
    balance.left(&two[1]);
    assert_eq!((balance.open(&two[0]), balance.open(&two[1])), (2, 0));
}

/// Two upstreams, of which the first is judged as the test says.
struct Case {
    two: Vec<Url>,
    balance: Balance,
    begin: Instant,
}

impl Case {
    fn new() -> Self {
        Self { two: upstreams(2), balance: Balance::new(LeaveOut::default()), begin: now() }
    }

    /// How often each is chosen in a hundred requests at this second; all of them are answered by the second one.
    fn shares(&mut self, second: f64) -> usize {
        let now = self.begin + Duration::from_secs_f64(second);
        let first = chances().take(100).filter(|chance| {
            let chosen = self.balance.choose(&self.two, &[], *chance, now).unwrap();
            self.balance.left(&self.two[chosen.at]);
            chosen.at == 0
        });
        first.count()
    }

    fn judge(&mut self, second: f64, was_out: bool, verdict: Verdict) -> bool {
        let now = self.begin + Duration::from_secs_f64(second);
        self.balance.judged(&self.two[0], was_out, verdict, now)
    }

    fn chosen(&mut self, second: f64, tried: &[usize]) -> Option<Chosen> {
        self.balance.choose(&self.two, tried, 7, self.begin + Duration::from_secs_f64(second))
    }

    /// The first one, left out at second 0.
    fn out() -> Self {
        let mut case = Self::new();
        case.shares(0.0);
        let outs = [0.0; 3].map(|second| case.judge(second, false, Verdict::Failed));
        assert_eq!(outs, [false, false, true]);
        assert_eq!(case.balance.out(), 1);
        case
    }
}

#[test]
fn only_failures_in_a_row_count() {
    let mut case = Case::new();
    case.shares(0.0);
    for verdict in [Verdict::Failed, Verdict::Failed, Verdict::Answered, Verdict::Failed, Verdict::Unknown] {
        assert!(!case.judge(0.0, false, verdict));
    }
    assert!(!case.judge(0.0, false, Verdict::Failed));
    assert!(case.judge(0.0, false, Verdict::Failed));
}

#[test]
fn one_that_is_out_is_tried_by_one_request_and_returns_slowly() {
    let mut case = Case::out();
    assert_eq!(case.shares(4.9), 0);
    assert_eq!(case.shares(5.1), 1, "a single request tries it");
    assert!(!case.judge(6.0, true, Verdict::Answered));
    assert_eq!(case.balance.out(), 0);
    let shares = [6.0, 8.5, 11.0, 15.9].map(|second| case.shares(second));
    assert!(shares[0] <= 2 && shares.is_sorted() && (40..=60).contains(&shares[3]), "{shares:?}");
}

#[test]
fn the_time_doubles_up_to_a_bound_and_begins_anew_after_a_return() {
    let mut case = Case::out();
    let mut second = 0.0;
    for time in [5.0, 10.0, 20.0, 40.0, 80.0, 120.0, 120.0] {
        assert_eq!(case.shares(second + time - 0.1), 0, "{time}");
        second += time;
        assert_eq!(case.shares(second), 1, "{time}");
        case.judge(second, true, Verdict::Failed);
    }
    second += 120.0;
    assert_eq!(case.shares(second), 1);
    case.judge(second, true, Verdict::Answered);
    assert!(case.judge(second + 9.0, false, Verdict::Failed), "one that just returned goes at the first failure");
    second += 9.0 + 120.0;
    assert_eq!(case.shares(second), 1);
    case.judge(second, true, Verdict::Answered);
    let outs = [10.0, 10.0, 10.0].map(|later| case.judge(second + later, false, Verdict::Failed));
    assert_eq!(outs, [false, false, true]);
    assert_eq!(case.shares(second + 15.0), 1, "the first time again");
}

#[test]
fn a_trial_whose_client_left_is_made_again_and_late_news_changes_nothing() {
    let mut case = Case::out();
    case.judge(1.0, false, Verdict::Answered);
    case.judge(1.0, false, Verdict::Failed);
    assert_eq!(case.balance.out(), 1);
    assert_eq!(case.chosen(5.0, &[]), Some(Chosen { at: 0, was_out: true }));
    assert_eq!(case.chosen(5.0, &[]), Some(Chosen { at: 1, was_out: false }));
    case.judge(5.0, true, Verdict::Unknown);
    assert_eq!(case.chosen(5.0, &[]), Some(Chosen { at: 0, was_out: true }));
}

#[test]
fn when_all_are_out_they_are_tried_all_the_same() {
    let mut case = Case::out();
    assert_eq!(case.chosen(0.0, &[1]), Some(Chosen { at: 0, was_out: true }), "the other one was tried");
    let second = case.two[1].clone();
    for _ in 0..3 {
        case.balance.judged(&second, false, Verdict::Failed, case.begin + Duration::from_secs(1));
    }
    assert_eq!(case.chosen(2.0, &[]), Some(Chosen { at: 0, was_out: true }), "the one that is due first");
    assert_eq!(case.chosen(2.0, &[0]), Some(Chosen { at: 1, was_out: true }));
    case.judge(2.0, true, Verdict::Answered);
    assert_eq!(case.balance.out(), 1, "an answer brings one back");
}

#[test]
fn what_probes_call_ill_is_left_out_until_they_call_it_well() {
    let (two, mut balance) = (upstreams(2), Balance::new(LeaveOut::default()));
    let at = now();
    assert!(!balance.probed(&two[0], false, at), "one probe may be lost");
    assert!(!balance.probed(&two[0], true, at));
    assert!(!balance.probed(&two[0], false, at) && balance.probed(&two[0], false, at));
    assert!(!balance.probed(&two[0], false, at));
    assert!(chances().take(50).all(|chance| balance.choose(&two, &[], chance, at).unwrap().at == 1));
    balance.judged(&two[0], true, Verdict::Answered, at);
    assert_eq!(balance.out(), 1, "an answer to a request does not make it well");
    for _ in 0..3 {
        balance.judged(&two[1], false, Verdict::Failed, at);
    }
    assert_eq!(balance.choose(&two, &[], 0, at).unwrap(), Chosen { at: 1, was_out: true }, "the lesser evil");
    assert!(balance.choose(&two, &[1], 0, at).is_some_and(|chosen| chosen.at == 0), "all are out");
    assert!(balance.probed(&two[0], true, at) && balance.probed(&two[1], true, at));
    assert_eq!(balance.out(), 0);
    balance.probed(&two[0], false, at);
    balance.probed(&two[0], false, at);
    balance.unprobed(&two[0], at);
    assert_eq!(balance.out(), 0);
}
