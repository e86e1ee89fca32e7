use std::path::Path;

use super::*;

const MAIN: &str = r#"[server]
listen = "127.0.0.1:8080"
internal = "127.0.0.1:8081"
public_url = "http://localhost:8080"
[store]
url = "sqlite://data/portalverbund.db"
[index]
dir = "data/index"
[egress]
allow = []
"#;

const PORTAL: &str = r#"id = "stadt-bochum"
name = "Stadt Bochum"
gebiet = "059110000000"
[connector]
kind = "xzufi-index"
url = "https://www.example.org/xzufi/index.txt"
[[route]]
prefix = "/portal/stadt-bochum"
upstream = ["https://portal.example.org"]
"#;

/// Replaces `from` in `text`, which must be there, by `to`.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[track_caller]
fn check_main(from: &str, to: &str, expected: &str) {
    let fault = Config::parse(Path::new("c.toml"), &with(MAIN, from, to)).unwrap_err().to_string();
    assert!(fault.starts_with(expected), "\n got {fault}\nwant {expected}");
}

#[test]
fn a_wrong_key_or_value_is_shown_at_its_place() {
    check_main("listen =", "lissten =", "c.toml:2:1: unknown field `lissten`, expected one of `listen`");
    check_main("[egress]", "[egres]", "c.toml:9:2: unknown field `egres`, expected one of `server`");
    check_main("listen = \"127.0.0.1:8080\"\n", "", "c.toml:1:1: missing field `listen`, expected for example `listen");
    check_main(
        "[store]\nurl = \"sqlite://data/portalverbund.db\"\n",
        "",
        "c.toml:1:1: missing field `store`, expected",
    );
    check_main("127.0.0.1:8080\"", "8080\"", "c.toml:2:10: `8080` is no address to listen on, expected an IP address");
    check_main("\"http://localhost:8080\"", "\"http://x.example/pfad\"", "c.toml:4:14: no usable address, expected");
    check_main("allow = []", "allow = [\"10.0.0.0\"]", "c.toml:10:9: `10.0.0.0` is no network, expected");
    check_main("8081", "8080", "c.toml:3:12: the internal listener has the address of the public one, expected");
    check_main("[store]", "max_fields = 5\n[store]", "c.toml:5:14: 5 is out of range, expected 10 to 1000");
    check_main("[store]", "drain_s = -1\n[store]", "c.toml:5:11: -1 is out of range, expected 0 to 3600");
    check_main("[store]", "drain_s = \"1\"\n[store]", "c.toml:5:11: invalid type: string \"1\", expected i64");
    check_main("sqlite://data/portalverbund.db", "mysql://x", "c.toml:6:7: no usable store, expected `sqlite://");
    check_main("sqlite://data/portalverbund.db", "sqlite://", "c.toml:6:7: no usable store, expected `sqlite://");
    check_main("dir = \"data/index\"", "dir = \"\"", "c.toml:8:7: expected the path of a folder");
    check_main("[index]", "[log]\nfilter = \"laut=sehr\"\n[index]", "c.toml:8:10: `laut=sehr` is no log filter");
    check_main("[egress]", "[insights]\nmin_count = 9\n[egress]", "c.toml:10:13: 9 is out of range, expected 10 to");
    check_main("[egress]", "[insights]\nfile = \"\"\n[egress]", "c.toml:10:8: expected the path of a file");
    check_main("[egress]", "[insights]\nkeep = 1\n[egress]", "c.toml:10:1: unknown field `keep`, expected one of");
    check_main("[index]", "[index", "c.toml:7:7: ");
    check_main("[index]", "[store]", "c.toml:7:2: duplicate key");
}

#[test]
fn what_does_not_go_together_is_shown_at_its_place() {
    let tls = "[tls]\ncertificates = [{ certificate = \"c.pem\", key = \"k.pem\" }]\n[egress]";
    check_main("[egress]", tls, "c.toml:4:14: citizens reach this address by TLS");
    check_main("[egress]", "[tls]\ncertificates = []\n[egress]", "c.toml:10:16: expected at least one");
    check_main("[egress]", "[tls]\n[egress]", "c.toml:9:1: missing field `certificates`, expected for example");
    check_main("[store]", "proxy_protocol = true\n[store]", "c.toml:5:18: nobody may send the PROXY protocol");
    check_main("[store]", "trusted = [\"10.0.0.1\"]\n[store]", "c.toml:5:11: `10.0.0.1` is no network, expected");
    check_main("[store]", "forwarded_field = \"via\"\n[store]", "c.toml:5:19: unknown variant `via`, expected `x-fo");
    let secure = with(MAIN, "http://localhost:8080", "https://verbund.example");
    let all = with(&secure, "[egress]", &tls.replace("[egress]", "redirect_from = \"127.0.0.1:8081\"\n[egress]"));
    let fault = Config::parse(Path::new("c.toml"), &all).unwrap_err().to_string();
    assert!(fault.starts_with("c.toml:11:17: another listener has this address"), "{fault}");
    let config = Config::parse(Path::new("c.toml"), &with(&secure, "[egress]", tls)).unwrap();
    let tls = config.tls.unwrap();
    assert_eq!((tls.profile, tls.look_s, tls.redirect_from), (Profile::Modern, 10, None));
}

#[test]
fn a_password_in_the_store_is_refused_and_not_repeated() {
    let text = with(MAIN, "sqlite://data/portalverbund.db", "postgres://wir:geheim@host/db");
    let fault = Config::parse(Path::new("c.toml"), &text).unwrap_err();
    assert!((fault.line, fault.column) == (6, 7) && !fault.message.contains("geheim"), "{fault}");
    assert!(fault.message.contains("PostgreSQL is not built in yet"), "{fault}");
}

#[test]
fn columns_count_characters() {
    let text = "index = { dir = \"größe\" }\nstore = { url = \"sqlite://dätä\", x = 1 }\n";
    let fault = Config::parse(Path::new("c.toml"), text).unwrap_err();
    assert_eq!((fault.line, fault.column), (2, 34));
    let text = with(MAIN, "allow = []", "\"größe\" = 1");
    let fault = Config::parse(Path::new("c.toml"), &text).unwrap_err();
    assert_eq!((fault.line, fault.column), (10, 1));
}

#[test]
fn what_is_not_written_has_its_default() {
    let config = Config::parse(Path::new("c.toml"), MAIN).unwrap();
    assert_eq!((config.server.workers, config.server.max_connections), (0, 10_000));
    assert_eq!(config.crawl, Crawl::default());
    assert_eq!((config.cache.max_bytes, config.cache.max_object_bytes), (256 << 20, 8 << 20));
    assert_eq!(config.crawl.limits(), Limits::default());
    assert_eq!(config.spool_dir(), Path::new("data/spool"));
    assert_eq!(config.insights, Insights::default());
    assert_eq!(config.insights_file(), Path::new("data/insights.json"));
    let text = with(MAIN, "[egress]", "[insights]\nenabled = false\nfile = \"x/y.json\"\n[egress]");
    let elsewhere = Config::parse(Path::new("c.toml"), &text).unwrap();
    assert!(!elsewhere.insights.enabled && elsewhere.insights_file() == Path::new("x/y.json"));
    let text = with(MAIN, "[egress]", "[crawl]\nmax_files = 7\n[egress]");
    let config = Config::parse(Path::new("c.toml"), &text).unwrap();
    assert_eq!(config.crawl, Crawl { max_files: 7, ..Crawl::default() });
}

/// A folder with a configuration and portals.
fn folder(main: &str, portals: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("portalverbund.toml"), main).unwrap();
    fs::create_dir(folder.path().join("portale.d")).unwrap();
    for (name, text) in portals {
        fs::write(folder.path().join("portale.d").join(name), text).unwrap();
    }
    folder
}

/// Loads a broken portal beside a good one; gives the fault without its folder.
fn load_beside(name: &str, text: &str) -> String {
    let good = with(&with(PORTAL, "stadt-bochum", "kreis-borken"), "/portal/stadt-bochum", "/portal/borken");
    let folder = folder(MAIN, &[("kreis-borken.toml", &good), (name, text)]);
    let loaded = load(&folder.path().join("portalverbund.toml")).unwrap();
    let ids: Vec<_> = loaded.portals.iter().map(|portal| portal.id.as_str()).collect();
    assert_eq!(ids, ["kreis-borken"], "{:?}", loaded.faults);
    assert_eq!(loaded.faults.len(), 1, "{:?}", loaded.faults);
    let shown = loaded.faults[0].to_string();
    shown.split_once("portale.d/").unwrap().1.to_owned()
}

#[track_caller]
fn check_portal(from: &str, to: &str, expected: &str) {
    let fault = load_beside("stadt-bochum.toml", &with(PORTAL, from, to));
    let expected = format!("stadt-bochum.toml:{expected}");
    assert!(fault.starts_with(&expected), "\n got {fault}\nwant {expected}");
}

#[test]
fn a_broken_portal_disables_itself_only_and_names_the_place() {
    let yes = "https://portal.example.org\"]\ncache = \"yes\"";
    check_portal("https://portal.example.org\"]", yes, "10:9: `yes` is no way to cache, expected true, false or");
    check_portal("gebiet =", "gebeit =", "3:1: unknown field `gebeit`, expected one of `id`, `name`, `gebiet`");
    check_portal("gebiet = \"059110000000\"\n", "", "1:1: missing field `gebiet`, expected for example `gebiet = ");
    check_portal("059110000000", "991", "3:10: `991` is no ARS");
    check_portal("Stadt Bochum", "", "2:8: expected a text that is not empty");
    check_portal("\"xzufi-index\"", "\"netz\"", "5:8: `netz` is no kind of connector, expected one of `xzufi-index`");
    check_portal("\"xzufi-index\"", "\"ftp\"", "5:8: `ftp` is no kind of connector, expected one of `xzufi-index`");
    check_portal("kind = \"xzufi-index\"\n", "", "4:1: missing field `kind`, expected for example");
    check_portal("url =", "ulr =", "6:1: `ulr` does not belong to kind `xzufi-index`, expected `url`, `every_s`");
    check_portal("[[route]]", "folder = \"x\"\n[[route]]", "7:1: `folder` does not belong to kind `xzufi-index`");
    check_portal(
        "url = \"https://www.example.org/xzufi/index.txt\"\n",
        "",
        "4:1: a connector of kind `xzufi-index` needs",
    );
    check_portal("https://www.example.org/x", "ftp://x/x", "6:7: no usable address, expected http:// or https://");
    check_portal("https://www", "https://u:p@www", "6:7: no usable address, expected http:// or https://");
    check_portal("[[route]]", "every_s = 0\n[[route]]", "7:11: ");
    check_portal("/portal/stadt-bochum", "portal", "8:10: `portal` is no path prefix");
    check_portal("prefix = \"/portal/stadt-bochum\"\n", "", "7:1: a route needs `prefix`, `path` or `host`");
    check_portal(
        "upstream = [\"https://portal.example.org\"]\n",
        "",
        "7:1: missing field `upstream`, expected for example",
    );
    check_portal("upstream", "to", "9:1: `to` does not belong to kind `proxy`, expected `upstream`");
    let redirect = |more: &str| format!("kind = \"redirect\"\n{more}");
    let upstream = "upstream = [\"https://portal.example.org\"]";
    check_portal(
        upstream,
        &redirect("upstream = []"),
        "10:1: `upstream` does not belong to kind `redirect`, expected `to`",
    );
    check_portal(upstream, &redirect(""), "7:1: missing field `to`, expected for example");
    check_portal(upstream, &redirect("to = \"//x\""), "10:6: no usable destination, expected http:// or https://");
    check_portal(upstream, &redirect("to = \"/neu\"\nstatus = 303"), "11:10: 303 is no status of a redirect");
    check_portal(upstream, &redirect("to = \"https://fremd.example/\""), "10:6: citizens may not be led to `fremd.exa");
    check_portal(upstream, "kind = \"move\"", "9:8: `move` is no kind of route, expected one of `proxy`, `redirect`");
    check_portal(upstream, "kind = \"gone\"\ntext = \"\"", "10:8: expected a text of one line");
    check_portal("[[route]]", "[responsible]\npath = \"/x\"\n[[route]]", "8:8: `/x` is no path for forwarding");
    check_portal(
        "[[route]]\nprefix = \"/portal/stadt-bochum\"",
        "[responsible]\npath = \"/{rest}\"\n[[route]]\npath = \"/portal/x\"",
        "8:8: nothing can be forwarded without a route of kind `proxy`",
    );
    let maintenance = |keys: &str| format!("[maintenance]\n{keys}\n[[route]]");
    check_portal("[[route]]", &maintenance("text = \"x\""), "7:1: missing field `until`, expected for example");
    check_portal(
        "[[route]]",
        &maintenance("text = \"x\"\nuntil = 2026-12-01"),
        "9:9: `2026-12-01` is no point in time",
    );
    check_portal("[[route]]", &maintenance("until = 2026-12-01T06:00:00Z\ntext = \" \""), "9:8: expected a text");
    check_portal("https://portal.example.org", "https://portal.example.org/x", "9:12: no usable upstream, expected");
    check_portal("[[route]]", "[guard]\nmax_share = 2\n[[route]]", "8:13: expected a share from 0 to 1");
    check_portal("/portal/stadt-bochum", "/portal/borken", "8:10: the route `/portal/borken` is taken by ");
    check_portal("id = \"stadt-bochum\"", "id = \"stadt-buxtehude\"", "1:6: the id is `stadt-buxtehude`, but the file");
    check_portal("id = \"stadt-bochum\"", "id = ", "1:6: ");
    check_portal(PORTAL, "", "1:1: missing field `id`");
}

#[test]
fn every_kind_of_connector_can_be_written() {
    let index = "kind = \"xzufi-index\"\nurl = \"https://www.example.org/xzufi/index.txt\"";
    for connector in [
        "kind = \"xzufi-folder\"\nfolder = \"data/lieferung\"\nevery_s = 60",
        "kind = \"bereitstelldienst\"\nurl = \"https://pvog.example.org/x?index=0\"",
        "kind = \"bereitstelldienst\"\nurl = \"https://pvog.example.org/x\"\ntoken_url = \"https://login.example.org/\"\nclient_id = \"wir\"\nclient_secret_file = \"geheim\"",
        "kind = \"push\"",
    ] {
        let folder = folder(MAIN, &[("stadt-bochum.toml", &with(PORTAL, index, connector))]);
        let loaded = load(&folder.path().join("portalverbund.toml")).unwrap();
        assert_eq!((loaded.portals.len(), loaded.faults), (1, vec![]), "{connector}");
    }
    check_portal(
        index,
        "kind = \"bereitstelldienst\"\nurl = \"https://x.example/\"\nclient_id = \"wir\"",
        "4:1: `token_url`",
    );
    check_portal(
        index,
        "kind = \"push\"\nevery_s = 5",
        "6:1: `every_s` does not belong to kind `push`, expected no key",
    );
}

#[test]
fn a_connector_reads_back_as_it_was_written() {
    let folder = folder(MAIN, &[("stadt-bochum.toml", PORTAL)]);
    let portal = load(&folder.path().join("portalverbund.toml")).unwrap().portals.remove(0);
    let again: Portal = toml::from_str(&toml::to_string(&portal).unwrap()).unwrap();
    assert_eq!(again, portal);
}

#[test]
fn what_will_not_be_dialled_is_a_warning() {
    let text = with(PORTAL, "https://portal.example.org", "http://127.0.0.1:9200");
    let warnings = |main: &str| {
        let folder = folder(main, &[("stadt-bochum.toml", &text)]);
        let loaded = load(&folder.path().join("portalverbund.toml")).unwrap();
        assert_eq!((loaded.portals.len(), loaded.faults.len()), (1, 0));
        loaded.warnings
    };
    let found = warnings(MAIN);
    assert_eq!((found.len(), found[0].line, found[0].column), (1, 9, 12), "{found:?}");
    assert!(found[0].message.contains("[egress] allow"), "{found:?}");
    assert_eq!(warnings(&with(MAIN, "allow = []", "allow = [\"127.0.0.0/8\"]")), []);
}

#[test]
fn what_is_no_portal_file_is_left_alone_and_what_cannot_be_read_is_a_fault() {
    let folder = folder(MAIN, &[("liesmich.txt", "x"), (".verborgen.toml", "x"), ("stadt-bochum.toml", PORTAL)]);
    fs::write(folder.path().join("portale.d/latin.toml"), b"id = \"latin\"\nname = \"M\xfcnster\"\n").unwrap();
    fs::create_dir(folder.path().join("portale.d/ordner.toml")).unwrap();
    let loaded = load(&folder.path().join("portalverbund.toml")).unwrap();
    assert_eq!(loaded.portals.len(), 1);
    let shown: Vec<_> = loaded.faults.iter().map(|fault| (fault.line, fault.column, fault.message.as_str())).collect();
    assert_eq!(shown, [(2, 10, "is not in UTF-8"), (1, 1, "is no file")]);
}

#[test]
fn a_missing_file_is_named() {
    let error = load(Path::new("gibt/es/nicht.toml")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read gibt/es/nicht.toml: "), "{error}");
}

#[test]
fn what_we_ship_can_be_loaded() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let loaded = load(&here.join("portalverbund.toml")).unwrap();
    assert_eq!((loaded.faults, loaded.warnings), (vec![], vec![]));
    // Every value that stands there as a comment is the default and has the name of a key.
    let shipped = fs::read_to_string(here.join("portalverbund.toml")).unwrap();
    let uncommented = shipped.replace("\n# [", "\n[");
    let written: String = uncommented
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    assert_eq!(Config::parse(Path::new("c.toml"), &written).unwrap(), loaded.config);

    // What has no default stands behind two signs.
    let written = shipped.replace("\n## ", "\n").replace("http://localhost:8080", "https://verbund.example");
    let tls = Config::parse(Path::new("c.toml"), &written).unwrap().tls.unwrap();
    let files = CertificateFiles { certificate: "tls/chain.pem".into(), key: "tls/key.pem".into() };
    let redirect_from = Some("0.0.0.0:80".parse().unwrap());
    assert_eq!(tls, Tls { profile: Profile::default(), certificates: vec![files], look_s: 10, redirect_from });

    let template = fs::read_to_string(here.join("portale.d/beispiel.toml.vorlage")).unwrap();
    let folder = folder(MAIN, &[("beispiel.toml", &template)]);
    let loaded = load(&folder.path().join("portalverbund.toml")).unwrap();
    assert_eq!((loaded.portals.len(), loaded.faults, loaded.warnings), (1, vec![], vec![]));
}

#[test]
fn an_issuer_stays_as_it_is_written_and_comes_by_https() {
    let read = |issuer: &str| {
        let text = format!("issuer = \"{issuer}\"\nclient_id = \"wir\"\n");
        toml::from_str::<Oidc>(&text).map(|oidc| oidc.issuer)
    };
    for issuer in ["https://a.example", "https://a.example/realms/nrw", "http://127.0.0.1:9", "http://localhost/"] {
        assert_eq!(read(issuer).unwrap(), issuer);
    }
    for issuer in ["http://a.example", "https://a.example/?x", "https://u@a.example", "a.example", "https://"] {
        assert!(read(issuer).unwrap_err().to_string().contains("no usable issuer"), "{issuer}");
    }
}
