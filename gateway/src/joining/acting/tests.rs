use connectors::registration::Contact;

use super::*;
use crate::registry::Role;
use crate::registry::tests::somebody;

struct Office {
    _dir: tempfile::TempDir,
    registry: Registry,
    rules: Rules,
}

impl Office {
    async fn open(at_once: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(&dir.path().join("registry.db")).await.unwrap();
        Self { _dir: dir, registry, rules: Rules { addresses: AddressRule::default(), at_once, max_open: 2 } }
    }

    /// An editor with an account.
    async fn editor(&self, name: &str) -> Who {
        somebody(&self.registry, name, Role::Editor).await
    }

    fn acting<'a>(&'a self, who: &'a Who, dry_run: bool) -> Acting<'a> {
        Acting { registry: &self.registry, who, dry_run }
    }

    async fn register(&self, who: &Who, id: &str) -> Result<Changed, Refusal> {
        self.acting(who, false).register(&self.rules, portal(id), address(), |_| false).await
    }

    /// Proof and rehearsal, as if somebody had looked and found.
    async fn prepare(&self, who: &Who, id: &PortalId) {
        self.acting(who, false).looked(id, "www.stadt.example", Some(ProofPlace::File)).await.unwrap();
        let fingerprint = self.registry.registration(id).await.unwrap().unwrap().registration.fingerprint();
        let at = "2026-11-27T00:00:00Z".parse().unwrap();
        let rehearsed = Rehearsed { fingerprint, good: true, at, body: json!({ "records": 3 }) };
        self.acting(who, false).rehearsed(id, &rehearsed).await.unwrap();
    }

    async fn now(&self, id: &PortalId) -> Option<Registration> {
        self.registry.registration(id).await.unwrap().map(|one| one.registration)
    }
}

fn portal(id: &str) -> Portal {
    let text = format!(
        "id = \"{id}\"\nname = \"Stadt {id}\"\ngebiet = \"059160000000\"\n\
         [connector]\nkind = \"xzufi-index\"\nurl = \"https://www.stadt.example/index.txt\"\n"
    );
    toml::from_str(&text).unwrap()
}

fn address() -> Url {
    Url::parse("https://www.stadt.example/").unwrap()
}

#[tokio::test]
async fn from_registration_to_release_each_step_is_a_change_set_and_an_entry() {
    let office = Office::open(false).await;
    let (editor, operator) = (office.editor("redaktion").await, Who::command_line());
    let made = office.register(&editor, "herne").await.unwrap();
    assert!(made.number.is_some() && !made.facts.proven);
    let id: PortalId = "herne".parse().unwrap();
    let rights = office.registry.rights_on(&id).await.unwrap();
    assert_eq!(rights, [("redaktion".to_owned(), Right::Manage)]);
    let early = office.acting(&editor, false).submit(&office.rules, &id).await.unwrap_err();
    assert!(matches!(early, Refusal::Step(StepFault::NotProven)), "{early}");
    office.prepare(&editor, &id).await;
    office.acting(&editor, false).submit(&office.rules, &id).await.unwrap();
    let own = office.acting(&editor, false).step(&office.rules, &id, &Step::Release).await.unwrap_err();
    assert!(matches!(own, Refusal::Operators), "{own}");
    let released = office.acting(&operator, false).step(&office.rules, &id, &Step::Release).await.unwrap();
    assert_eq!(released.now.unwrap().served(), Some(portal("herne")));
    let changes = office.registry.change_sets(&id, 10).await.unwrap();
    let steps: Vec<&str> = changes.iter().rev().map(|change| change.step.as_str()).collect();
    assert_eq!(steps, ["register", "submit", "release"]);
    let trail = office.registry.audit_before(i64::MAX, Some(&id), 100).await.unwrap();
    let actions: Vec<&str> = trail.iter().rev().map(|entry| entry.action.as_str()).collect();
    let expected = ["portal.register", "portal.proof", "portal.rehearsal", "portal.submit", "portal.release"];
    assert_eq!(actions, expected);
    office.registry.verify_audit().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_dry_run_says_all_and_leaves_nothing() {
    let office = Office::open(false).await;
    let editor = office.editor("redaktion").await;
    let would =
        office.acting(&editor, true).register(&office.rules, portal("herne"), address(), |_| false).await.unwrap();
    assert_eq!((would.number, would.differences.len()), (None, 1));
    let id: PortalId = "herne".parse().unwrap();
    assert_eq!(office.now(&id).await, None);
    assert_eq!(office.registry.rights_on(&id).await.unwrap(), []);
    assert_eq!(office.registry.audit_head().await.unwrap().seq, 0);
    office.register(&editor, "herne").await.unwrap();
    let step = Step::Withdraw;
    let would = office.acting(&editor, true).step(&office.rules, &id, &step).await.unwrap();
    assert_eq!(would.differences.iter().map(|(path, ..)| path.as_str()).collect::<Vec<_>>(), ["state.is", "state.at"]);
    assert_eq!(office.now(&id).await.unwrap().state, State::Draft {});
    assert_eq!(office.registry.last_change().await.unwrap(), 1);
}

#[tokio::test]
async fn at_once_nobody_has_to_look() {
    let office = Office::open(true).await;
    let editor = office.editor("redaktion").await;
    office.register(&editor, "herne").await.unwrap();
    let id: PortalId = "herne".parse().unwrap();
    office.prepare(&editor, &id).await;
    let released = office.acting(&editor, false).submit(&office.rules, &id).await.unwrap();
    assert!(released.now.unwrap().served().is_some());
    // Suspending is the operator's nevertheless.
    let step = Step::Suspend("x".into());
    let refused = office.acting(&editor, false).step(&office.rules, &id, &step).await.unwrap_err();
    assert!(matches!(refused, Refusal::Operators), "{refused}");
}

#[tokio::test]
async fn every_change_is_taken_back_and_nothing_is_lost() {
    let office = Office::open(false).await;
    let (editor, operator) = (office.editor("redaktion").await, Who::command_line());
    let made = office.register(&editor, "herne").await.unwrap().number.unwrap();
    let id: PortalId = "herne".parse().unwrap();
    let edit = |change: &dyn Fn(&mut Portal)| {
        let mut portal = portal("herne");
        change(&mut portal);
        Step::Edit { portal: Box::new(portal), address: address() }
    };
    let named = edit(&|portal| portal.name = "Herne".into());
    let named = office.acting(&editor, false).step(&office.rules, &id, &named).await.unwrap().number.unwrap();
    let both = edit(&|portal| {
        portal.name = "Herne".into();
        portal.contact = Some(Contact { phone: Some("02323 160".into()), email: None, url: None });
    });
    office.acting(&editor, false).step(&office.rules, &id, &both).await.unwrap();
    // The name goes back; the contact that came later stays.
    office.acting(&editor, false).undo(&id, named).await.unwrap();
    let now = office.now(&id).await.unwrap().portal;
    assert_eq!((now.name.as_str(), now.contact.is_some()), ("Stadt herne", true));
    let twice = office.acting(&editor, false).undo(&id, named).await.unwrap_err();
    assert!(matches!(twice, Refusal::NoChange(_)), "{twice}");
    // The first step is not taken back over the later ones.
    let early = office.acting(&editor, false).undo(&id, made).await.unwrap_err();
    assert!(matches!(early, Refusal::Conflict(_)), "{early}");
    office.prepare(&editor, &id).await;
    office.acting(&editor, false).submit(&office.rules, &id).await.unwrap();
    let released =
        office.acting(&operator, false).step(&office.rules, &id, &Step::Release).await.unwrap().number.unwrap();
    let own = office.acting(&editor, false).undo(&id, released).await.unwrap_err();
    assert!(matches!(own, Refusal::Operators), "{own}");
    office.acting(&operator, false).undo(&id, released).await.unwrap();
    let back = office.now(&id).await.unwrap();
    assert!(back.live.is_none() && matches!(back.state, State::Submitted { .. }));
    // And the undoing is undone.
    let last = office.registry.change_sets(&id, 1).await.unwrap()[0].number;
    office.acting(&operator, false).undo(&id, last).await.unwrap();
    assert!(office.now(&id).await.unwrap().served().is_some());
    office.registry.verify_audit().await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_takes_an_id_next_begins_anew() {
    let office = Office::open(false).await;
    let (first, second) = (office.editor("erste").await, office.editor("zweite").await);
    let made = office.register(&first, "herne").await.unwrap().number.unwrap();
    let id: PortalId = "herne".parse().unwrap();
    office.prepare(&first, &id).await;
    let token = office.registry.proof(&id, "www.stadt.example").await.unwrap().unwrap().token;
    let taken = office.register(&second, "herne").await.unwrap_err();
    assert!(matches!(taken, Refusal::IdTaken(_)), "{taken}");
    office.acting(&first, false).undo(&id, made).await.unwrap();
    assert_eq!(office.now(&id).await, None);
    office.register(&second, "herne").await.unwrap();
    let rights = office.registry.rights_on(&id).await.unwrap();
    assert_eq!(rights, [("zweite".to_owned(), Right::Manage)]);
    let proof = office.registry.proof(&id, "www.stadt.example").await.unwrap().unwrap();
    assert!(proof.proven.is_none() && proof.token != token);
}

#[tokio::test]
async fn an_account_has_so_many_open_and_foreign_ids_are_taken() {
    let office = Office::open(false).await;
    let editor = office.editor("redaktion").await;
    office.register(&editor, "a").await.unwrap();
    office.register(&editor, "b").await.unwrap();
    let third = office.register(&editor, "c").await.unwrap_err();
    assert!(matches!(third, Refusal::TooMany(2)), "{third}");
    let acting = office.acting(&editor, false);
    acting.step(&office.rules, &"a".parse().unwrap(), &Step::Withdraw).await.unwrap();
    let of_a_file = acting.register(&office.rules, portal("c"), address(), |id| id.as_str() == "c").await.unwrap_err();
    assert!(matches!(of_a_file, Refusal::IdTaken(_)), "{of_a_file}");
    office.register(&editor, "d").await.unwrap();
}

#[tokio::test]
async fn a_proof_is_lost_by_two_looks_and_never_comes_back_by_undoing() {
    let office = Office::open(false).await;
    let editor = office.editor("redaktion").await;
    office.register(&editor, "herne").await.unwrap();
    let id: PortalId = "herne".parse().unwrap();
    let host = "www.stadt.example";
    let acting = office.acting(&editor, false);
    let unproven = acting.looked(&id, host, None).await.unwrap();
    assert_eq!((unproven.proven, unproven.failures), (None, 0));
    let proven = acting.looked(&id, host, Some(ProofPlace::Dns)).await.unwrap();
    assert!(proven.proven.is_some());
    let once = acting.looked(&id, host, None).await.unwrap();
    let twice = acting.looked(&id, host, None).await.unwrap();
    assert_eq!((once.failures, twice.failures), (1, 2));
    let ms = |proof: &Proof| proof.lost.map(Timestamp::as_millisecond);
    assert_eq!(ms(&once), ms(&twice));
    let known = office.registry.registration(&id).await.unwrap().unwrap();
    assert!(!facts_now(&office.registry, &known).await.unwrap().proven);
    let again = acting.looked(&id, host, Some(ProofPlace::Meta)).await.unwrap();
    assert_eq!((again.lost, again.failures, again.proven.is_some()), (None, 0, true));
    // Another host begins without a proof.
    let elsewhere = Step::Edit {
        portal: Box::new(Portal { connector: connectors::registration::Connector::Push {}, ..portal("herne") }),
        address: Url::parse("https://neu.stadt.example/").unwrap(),
    };
    let moved = acting.step(&office.rules, &id, &elsewhere).await.unwrap();
    assert!(!moved.facts.proven);
}

#[tokio::test]
async fn a_file_is_applied_once_and_by_the_operator_alone() {
    let office = Office::open(false).await;
    let (editor, operator) = (office.editor("redaktion").await, Who::command_line());
    let refused = office.acting(&editor, false).apply(portal("herne")).await.unwrap_err();
    assert!(matches!(refused, Refusal::Operators), "{refused}");
    let applied = office.acting(&operator, false).apply(portal("herne")).await.unwrap().unwrap();
    assert!(applied.now.unwrap().served().is_some());
    assert!(office.acting(&operator, false).apply(portal("herne")).await.unwrap().is_none());
    let dry = office.acting(&operator, true).apply(Portal { name: "Neu".into(), ..portal("herne") }).await.unwrap();
    assert!(dry.unwrap().differences.iter().any(|(path, ..)| path == "live.name"));
    assert_eq!(office.now(&"herne".parse().unwrap()).await.unwrap().portal.name, "Stadt herne");
}
