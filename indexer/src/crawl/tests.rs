#![expect(clippy::disallowed_methods, reason = "the servers of a test end with its runtime")]

use std::fs;
use std::sync::{Arc, Mutex};

use config::Config;
use connectors::finding::Rule;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;

/// What a fake portal sends: bytes as they are, perhaps slowly; then it closes the connection.
enum Reply {
    Bytes(Vec<u8>),
    Drip(Vec<u8>, Duration),
    Silence,
}

fn raw(text: impl Into<Vec<u8>>) -> Reply {
    Reply::Bytes(text.into())
}

fn ok(body: &str) -> Reply {
    ok_with("", body)
}

/// An answer with further fields, each with its line end.
fn ok_with(fields: &str, body: &str) -> Reply {
    raw(format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()))
}

fn status(status: u16, fields: &str) -> Reply {
    raw(format!("HTTP/1.1 {status} X\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n"))
}

/// A portal of our own that can misbehave below HTTP. It keeps the heads and bodies that it was sent.
struct Portal {
    address: std::net::SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Portal {
    /// Answers every request by `answer`, which gets the target and everything that was sent.
    async fn start(answer: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (heads.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), kept.clone()));
            }
        });
        Self { address, heads, task }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn connector(&self) -> Connector {
        connector(&self.url("/xzufi/index.txt"))
    }

    /// The targets that were asked for, sorted.
    fn targets(&self) -> Vec<String> {
        let target = |head: &String| head.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut targets: Vec<_> = self.heads.lock().unwrap().drain(..).map(|head| target(&head)).collect();
        targets.sort();
        targets
    }
}

async fn serve<A>(mut stream: TcpStream, answer: Arc<A>, kept: Arc<Mutex<Vec<String>>>)
where
    A: Fn(&str, &str) -> Reply,
{
    let mut sent = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap_or(0);
        sent.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&sent);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            body.len() >= length.unwrap_or(0)
        });
        if read == 0 || whole {
            break;
        }
    }
    let sent = String::from_utf8_lossy(&sent).into_owned();
    kept.lock().unwrap().push(sent.clone());
    let target = sent.split(' ').nth(1).unwrap_or_default();
    match answer(target, &sent) {
        Reply::Bytes(bytes) => drop(stream.write_all(&bytes).await),
        Reply::Drip(bytes, pause) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
        }
        Reply::Silence => tokio::time::sleep(Duration::from_secs(3600)).await,
    }
    drop(stream.shutdown().await);
}

fn connector(url: &str) -> Connector {
    serde_json::from_value(serde_json::json!({"kind": "xzufi-index", "url": url})).unwrap()
}

fn folder_connector(folder: &Path) -> Connector {
    serde_json::from_value(serde_json::json!({"kind": "xzufi-folder", "folder": folder})).unwrap()
}

/// A fetcher with these lines in `[crawl]` and this network opened.
fn fetcher_with(allow: &str, crawl: &str) -> Fetcher {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost\"\n\
         [store]\nurl = \"sqlite://x\"\n[index]\ndir = \"x\"\n[egress]\nallow = [{allow}]\n\
         [crawl]\nretry_wait_ms = 10\n{crawl}\n"
    );
    Fetcher::new(&Config::parse(Path::new("c.toml"), &text).unwrap()).unwrap()
}

fn fetcher() -> Fetcher {
    fetcher_with("\"127.0.0.0/8\"", "max_tries = 2")
}

/// Runs against one portal that share a spool.
struct Runner {
    spool: TempDir,
    known: HashMap<String, Known>,
}

impl Runner {
    fn new() -> Self {
        Self { spool: tempfile::tempdir().unwrap(), known: HashMap::new() }
    }

    async fn collect(&self, fetcher: &Fetcher, connector: &Connector) -> Result<Collected, CrawlError> {
        let id = "stadt-bochum".parse().unwrap();
        collect(&id, connector, &self.known, fetcher, self.spool.path(), |_, _| (), &CancellationToken::new()).await
    }

    fn kept(&self) -> usize {
        fs::read_dir(self.spool.path().join("stadt-bochum")).unwrap().count()
    }
}

/// The rules that a run against `portal` ended with; nothing is left behind but what was whole.
async fn rules(fetcher: &Fetcher, portal: &Portal) -> Vec<Rule> {
    match Runner::new().collect(fetcher, &portal.connector()).await {
        Err(CrawlError::Findings(findings)) => findings.iter().map(|finding| finding.rule).collect(),
        other => panic!("{other:?}"),
    }
}

/// A portal whose index lists `a.xml`, which is answered so.
async fn with_a(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Portal {
    Portal::start(move |target, sent| if target.ends_with("/index.txt") { ok("a.xml\n") } else { answer(sent) }).await
}

#[tokio::test]
async fn a_delivery_is_collected_whole_and_in_order() {
    let portal = Portal::start(|target, _| match target {
        "/xzufi/index.txt" => ok("b.xml\r\na.xml\r\n"),
        "/xzufi/a.xml" => raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a/\r\n1\r\n>\r\n0\r\n\r\n"),
        _ => ok("<b/>"),
    })
    .await;
    let run = Runner::new();
    let collected = run.collect(&fetcher(), &portal.connector()).await.unwrap();
    let files: Vec<_> = collected
        .files
        .iter()
        .map(|file| (file.name.as_str(), fs::read_to_string(&file.path).unwrap(), file.bytes, file.unchanged))
        .collect();
    assert_eq!(files, [("b.xml", "<b/>".into(), 4, false), ("a.xml", "<a/>".into(), 4, false)]);
    assert_eq!(collected.coverage, Coverage::Whole);
    let heads = portal.heads.lock().unwrap().join("\n").to_lowercase();
    assert!(heads.contains("user-agent: portalverbund.nrw/") && heads.contains("accept-encoding: identity"), "{heads}");
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let portal = with_a(|sent| match sent.contains("if-none-match: \"1\"") {
        true => status(304, "ETag: \"1\"\r\n"),
        false => ok_with("ETag: \"1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "<a/>"),
    })
    .await;
    let fetcher = fetcher();
    let mut run = Runner::new();
    let first = run.collect(&fetcher, &portal.connector()).await.unwrap();
    assert!(!first.files[0].unchanged);
    run.known = first.known();

    let second = run.collect(&fetcher, &portal.connector()).await.unwrap();
    assert!(second.files[0].unchanged && fs::read(&second.files[0].path).unwrap() == b"<a/>");
    assert_eq!((second.known(), second.fingerprint()), (first.known(), first.fingerprint()));
    assert!(portal.heads.lock().unwrap().iter().any(|head| head.contains("if-modified-since: Sun, 06 Nov 1994")));

    // A file of the last run that was damaged since is fetched again, without conditions.
    fs::write(&second.files[0].path, "kaputt").unwrap();
    portal.targets();
    let third = run.collect(&fetcher, &portal.connector()).await.unwrap();
    assert_eq!(fs::read(&third.files[0].path).unwrap(), b"<a/>");
    assert_eq!(portal.targets(), ["/xzufi/a.xml", "/xzufi/a.xml", "/xzufi/index.txt"]);

    // One that is gone is asked for without conditions at once.
    fs::remove_file(&third.files[0].path).unwrap();
    assert!(run.collect(&fetcher, &portal.connector()).await.unwrap().files[0].path.is_file());
    assert_eq!(portal.targets(), ["/xzufi/a.xml", "/xzufi/index.txt"]);
}

#[tokio::test]
async fn the_spool_holds_what_the_last_runs_need_and_no_more() {
    let turn = Arc::new(Mutex::new("<eins/>"));
    let now = turn.clone();
    let portal = with_a(move |_| ok(*now.lock().unwrap())).await;
    let fetcher = fetcher();
    let mut run = Runner::new();
    run.known = run.collect(&fetcher, &portal.connector()).await.unwrap().known();
    *turn.lock().unwrap() = "<zwei/>";
    let second = run.collect(&fetcher, &portal.connector()).await.unwrap();
    assert_eq!(run.kept(), 2, "the last good state is there until the new one is applied");
    second.settle().await.unwrap();
    assert_eq!(run.kept(), 1);
    fs::write(run.spool.path().join("stadt-bochum/neu-abc"), "rest").unwrap();
    run.known = second.known();
    assert!(run.collect(&fetcher, &portal.connector()).await.unwrap().files[0].unchanged);
    assert_eq!(run.kept(), 1);
}

#[tokio::test]
async fn a_listed_file_that_is_missing_ends_the_run() {
    let portal = with_a(|_| status(404, "")).await;
    assert_eq!(rules(&fetcher(), &portal).await, [Rule::FileMissing]);
}

#[tokio::test]
async fn redirects_stay_at_home_and_end() {
    let portal = Portal::start(|target, _| match target {
        "/xzufi/index.txt" => status(302, "Location: /neu/index.txt\r\n"),
        "/neu/index.txt" => ok("a.xml"),
        _ => ok("<a/>"),
    })
    .await;
    let collected = Runner::new().collect(&fetcher(), &portal.connector()).await.unwrap();
    assert_eq!(collected.files.len(), 1);
    assert_eq!(portal.targets(), ["/neu/index.txt", "/xzufi/a.xml", "/xzufi/index.txt"]);

    let other = Portal::start(|_, _| ok("geheim.xml")).await;
    let away = other.url("/index.txt");
    let portal = Portal::start(move |_, _| status(302, &format!("Location: {away}\r\n"))).await;
    assert_eq!(rules(&fetcher(), &portal).await, [Rule::RedirectForeign]);
    assert_eq!(other.targets(), Vec::<String>::new());

    let portal = Portal::start(|_, _| status(301, "Location: /xzufi/index.txt\r\n")).await;
    assert_eq!(rules(&fetcher(), &portal).await, [Rule::RedirectLoop]);
    assert_eq!(portal.targets().len(), 6);

    let portal = Portal::start(|_, _| status(302, "Location: file:///etc/passwd\r\n")).await;
    assert_eq!(rules(&fetcher(), &portal).await, [Rule::RedirectForeign]);
}

#[tokio::test]
async fn an_answer_is_no_larger_than_allowed() {
    let fetcher = fetcher_with("\"127.0.0.0/8\"", "max_file_bytes = 2000\nmax_index_bytes = 1024");
    let portal = with_a(|_| ok(&"x".repeat(2000))).await;
    assert_eq!(Runner::new().collect(&fetcher, &portal.connector()).await.unwrap().files[0].bytes, 2000);
    let portal = with_a(|_| ok(&"x".repeat(2001))).await;
    assert_eq!(rules(&fetcher, &portal).await, [Rule::FetchTooLarge]);
    // No length at all: the end of the connection is the end of the body.
    let portal = with_a(|_| raw(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(9000)))).await;
    assert_eq!(rules(&fetcher, &portal).await, [Rule::FetchTooLarge]);
    let portal = Portal::start(|_, _| ok(&"a.xml\n".repeat(1000))).await;
    assert_eq!(rules(&fetcher, &portal).await, [Rule::FetchTooLarge]);
    let portal = with_a(|_| ok_with("Content-Encoding: gzip\r\n", "x")).await;
    assert_eq!(rules(&fetcher, &portal).await, [Rule::FetchFailed]);
}

#[tokio::test]
async fn a_body_that_ends_before_its_announced_end_is_not_taken() {
    let portal = with_a(|_| raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<a/>")).await;
    assert_eq!(rules(&fetcher(), &portal).await, [Rule::FetchCut]);
    assert_eq!(portal.targets().len(), 3, "tried twice");
    let portal = with_a(|_| raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<a/>\r\n")).await;
    assert_eq!(rules(&fetcher(), &portal).await, [Rule::FetchCut]);
    let portal = with_a(|_| raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n<a/>x")).await;
    assert_eq!(rules(&fetcher(), &portal).await, [Rule::FetchFailed]);
    let portal = with_a(|_| raw("kein HTTP\r\n\r\n")).await;
    assert_eq!(rules(&fetcher(), &portal).await, [Rule::FetchFailed]);
}

#[tokio::test]
async fn a_slow_portal_costs_its_time_and_no_more() {
    let limits = "max_tries = 2\nidle_timeout_s = 1\ntimeout_s = 2";
    let fetcher = fetcher_with("\"127.0.0.0/8\"", limits);
    let began = clock::monotonic();
    let portal = with_a(|_| Reply::Silence).await;
    assert_eq!(rules(&fetcher, &portal).await, [Rule::FetchTimeout]);
    let answer = || format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}", "x".repeat(1000)).into_bytes();
    let portal = with_a(move |_| Reply::Drip(answer(), Duration::from_millis(20))).await;
    assert_eq!(rules(&fetcher, &portal).await, [Rule::FetchTimeout]);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_busy_portal_is_asked_again_when_it_says() {
    let asked = Arc::new(Mutex::new(0));
    let count = asked.clone();
    let portal = with_a(move |_| {
        let mut asked = count.lock().unwrap();
        *asked += 1;
        if *asked == 1 { status(503, "Retry-After: 1\r\n") } else { ok("<a/>") }
    })
    .await;
    let began = clock::monotonic();
    Runner::new().collect(&fetcher(), &portal.connector()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    let portal = with_a(|_| status(429, "Retry-After: 3600\r\n")).await;
    assert_eq!(rules(&fetcher(), &portal).await, [Rule::FetchPaused]);
    let portal = with_a(|_| status(500, "")).await;
    assert_eq!(rules(&fetcher(), &portal).await, [Rule::FetchStatus]);
    assert_eq!(portal.targets().len(), 3);
}

#[tokio::test]
async fn no_address_of_our_own_side_is_dialled() {
    let portal = with_a(|_| ok("<a/>")).await;
    let fetcher = fetcher_with("", "");
    assert_eq!(rules(&fetcher, &portal).await, [Rule::AddressRefused]);
    // Any opened network lets names of our own side through to DNS; what they resolve to is judged there.
    let fetcher = fetcher_with("\"10.0.0.0/8\"", "");
    let port = portal.address.port();
    for host in ["localhost", "2130706433", "[::ffff:127.0.0.1]", "0x7f.1"] {
        let url = format!("http://{host}:{port}/xzufi/index.txt");
        let failed = Runner::new().collect(&fetcher, &connector(&url)).await.unwrap_err();
        let CrawlError::Findings(findings) = failed else { panic!("{failed:?}") };
        assert_eq!(findings[0].rule, Rule::AddressRefused, "{host}");
    }
    assert_eq!(portal.targets(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_that_resolves_to_our_own_side_is_refused_after_dns() {
    use connectors::egress::{Egress, Refused};
    use reqwest::dns::Resolve;

    let resolve = |allow: &str| {
        let allow = allow.split(' ').filter(|net| !net.is_empty()).map(|net| net.parse().unwrap()).collect();
        fetch::PublicNames(Egress::new(allow)).resolve("localhost".parse().unwrap())
    };
    let refused = resolve("").await.err().unwrap();
    assert!(refused.is::<Refused>(), "{refused}");
    let left: Vec<_> = resolve("127.0.0.0/8").await.unwrap().map(|address| address.ip().to_string()).collect();
    assert_eq!(left, ["127.0.0.1"]);
}

#[tokio::test]
async fn nobody_there_is_a_finding() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/index.txt", listener.local_addr().unwrap());
    drop(listener);
    let failed = Runner::new().collect(&fetcher(), &connector(&url)).await.unwrap_err();
    let CrawlError::Findings(findings) = failed else { panic!("{failed:?}") };
    assert_eq!((findings[0].rule, findings[0].file.as_deref()), (Rule::FetchFailed, Some(url.as_str())));
}

#[tokio::test]
async fn files_are_fetched_side_by_side_but_not_all_at_once() {
    let (open, most) = (Arc::new(Mutex::new(0_i32)), Arc::new(Mutex::new(0_i32)));
    let (now, top) = (open.clone(), most.clone());
    let portal = Portal::start(move |target, _| {
        if target.ends_with("index.txt") {
            return ok(&(0..12).map(|at| format!("{at}.xml\n")).collect::<String>());
        }
        let mut open = now.lock().unwrap();
        *open += 1;
        let mut most = top.lock().unwrap();
        *most = (*most).max(*open);
        let now = now.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(30)).await;
            *now.lock().unwrap() -= 1;
        });
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
        Reply::Drip(answer.into(), Duration::from_millis(1))
    })
    .await;
    let fetcher = fetcher_with("\"127.0.0.0/8\"", "parallel = 3");
    assert_eq!(Runner::new().collect(&fetcher, &portal.connector()).await.unwrap().files.len(), 12);
    let most = *most.lock().unwrap();
    assert!((2..=3).contains(&most), "{most}");
}

#[tokio::test]
async fn a_cancelled_run_ends_at_once() {
    let portal = with_a(|_| Reply::Silence).await;
    let (run, cancel) = (Runner::new(), CancellationToken::new());
    let stop = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
    });
    let id = "stadt-bochum".parse().unwrap();
    let ended = collect(&id, &portal.connector(), &run.known, &fetcher(), run.spool.path(), |_, _| (), &cancel).await;
    assert!(matches!(ended, Err(CrawlError::Cancelled)));
}

#[tokio::test]
async fn a_spool_that_cannot_be_written_is_our_fault_and_no_finding() {
    let portal = with_a(|_| ok("<a/>")).await;
    let run = Runner::new();
    fs::write(run.spool.path().join("stadt-bochum"), "eine Datei").unwrap();
    let failed = run.collect(&fetcher(), &portal.connector()).await.unwrap_err();
    assert!(matches!(failed, CrawlError::Spool { .. }), "{failed:?}");
}

#[tokio::test]
async fn a_folder_gives_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let (fetcher, mut run) = (fetcher_with("", "max_file_bytes = 2000"), Runner::new());
    let connector = folder_connector(folder.path());
    let ended = async |run: &Runner| match run.collect(&fetcher, &connector).await {
        Err(CrawlError::Findings(findings)) => findings[0].rule,
        other => panic!("{other:?}"),
    };
    assert_eq!(ended(&run).await, Rule::FetchFailed, "there is no index");
    write("index.txt", "a.xml\nb.xml\n");
    write("a.xml", "<a/>");
    assert_eq!(ended(&run).await, Rule::FileMissing);
    write("b.xml", &"x".repeat(2001));
    assert_eq!(ended(&run).await, Rule::FetchTooLarge);
    write("b.xml", "<b/>");
    let first = run.collect(&fetcher, &connector).await.unwrap();
    assert_eq!(first.files.iter().map(|file| file.bytes).collect::<Vec<_>>(), [4, 4]);
    assert_eq!(fs::read(&first.files[1].path).unwrap(), b"<b/>");
    run.known = first.known();
    write("b.xml", "<c/>");
    let second = run.collect(&fetcher, &connector).await.unwrap();
    assert_eq!(second.files.iter().map(|file| file.unchanged).collect::<Vec<_>>(), [true, false]);
    second.settle().await.unwrap();

    fs::remove_file(folder.path().join("b.xml")).unwrap();
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("b.xml")).unwrap();
    assert_eq!(ended(&run).await, Rule::AddressRefused);
    fs::remove_file(folder.path().join("b.xml")).unwrap();
    fs::create_dir(folder.path().join("b.xml")).unwrap();
    assert_eq!(ended(&run).await, Rule::FetchFailed);

    let missing = folder_connector(&folder.path().join("fehlt"));
    let failed = run.collect(&fetcher, &missing).await.unwrap_err();
    assert!(matches!(failed, CrawlError::Folder { .. }) && failed.to_string().contains("fehlt"), "{failed}");
}

/// A Bereitstelldienst of ours with a token endpoint.
async fn service(answer: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> (Portal, TempDir, Connector) {
    let portal = Portal::start(answer).await;
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("geheim");
    fs::write(&secret, "ge&heim\n").unwrap();
    let connector = serde_json::json!({
        "kind": "bereitstelldienst", "url": portal.url("/v2/objekte?index=0"), "token_url": portal.url("/token"),
        "client_id": "wir", "client_secret_file": secret
    });
    (portal, folder, serde_json::from_value(connector).unwrap())
}

fn envelope(portal: &str, index: u64, complete: bool) -> Reply {
    let next = format!("http://{portal}/v2/objekte?index={index}");
    let text = serde_json::json!({
        "xzufiObjekte": format!("<block{index}/>"), "vollstaendig": complete, "naechsterIndex": index,
        "naechsteAnfrageUrl": next, "anzahlObjekte": 3
    });
    ok(&text.to_string())
}

fn host(sent: &str) -> &str {
    sent.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default()
}

#[tokio::test]
async fn blocks_come_one_by_one_with_their_cursor() {
    let (portal, _folder, connector) = service(|target, sent| match target {
        "/token" if sent.ends_with("grant_type=client_credentials&client_id=wir&client_secret=ge%26heim") => {
            ok(r#"{"token_type":"Bearer","access_token":"abc","expires_in":300}"#)
        }
        _ if !sent.contains("authorization: Bearer abc") => status(401, ""),
        "/v2/objekte?index=0" => envelope(host(sent), 3, false),
        "/v2/objekte?index=3" => envelope(host(sent), 6, true),
        "/v2/objekte?index=6" => envelope(host(sent), 6, true),
        _ => status(404, ""),
    })
    .await;
    let (fetcher, cancel) = (fetcher(), CancellationToken::new());
    let mut blocks = Blocks::open(&connector, None, &fetcher, &cancel).await.unwrap();
    let first = blocks.next_block().await.unwrap().unwrap();
    assert_eq!((first.xml.as_str(), first.cursor.index, first.complete), ("<block3/>", 3, false));
    let second = blocks.next_block().await.unwrap().unwrap();
    assert_eq!((second.xml.as_str(), second.cursor.index, second.complete), ("<block6/>", 6, true));
    assert_eq!(blocks.next_block().await.unwrap(), None);
    assert_eq!(portal.targets(), ["/token", "/v2/objekte?index=0", "/v2/objekte?index=3"]);

    let mut blocks = Blocks::open(&connector, Some(second.cursor), &fetcher, &cancel).await.unwrap();
    assert_eq!(blocks.next_block().await.unwrap().unwrap().cursor.index, 6);
    assert_eq!(portal.targets(), ["/token", "/v2/objekte?index=6"]);
}

#[tokio::test]
async fn a_service_that_leads_away_or_refuses_us_is_not_followed() {
    for (answer, rule) in [
        ("away", Rule::CursorForeign),
        ("refuse", Rule::AuthFailed),
        ("html", Rule::EnvelopeInvalid),
        ("cut", Rule::FetchCut),
    ] {
        let (portal, _folder, connector) = service(move |target, _| match (target, answer) {
            ("/token", _) => ok(r#"{"token_type":"Bearer","access_token":"abc","expires_in":300}"#),
            (_, "away") => envelope("169.254.169.254", 1, false),
            (_, "refuse") => status(401, ""),
            (_, "html") => ok("<html></html>"),
            _ => raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
        })
        .await;
        let (fetcher, cancel) = (fetcher(), CancellationToken::new());
        let mut blocks = Blocks::open(&connector, None, &fetcher, &cancel).await.unwrap();
        let failed = blocks.next_block().await.unwrap_err();
        let CrawlError::Findings(findings) = failed else { panic!("{failed:?}") };
        assert_eq!(findings[0].rule, rule, "{answer}");
        assert!(portal.targets().len() <= 4);
    }
}

#[tokio::test]
async fn a_missing_secret_is_our_fault() {
    let (_portal, folder, connector) = service(|_, _| status(404, "")).await;
    fs::remove_file(folder.path().join("geheim")).unwrap();
    let (fetcher, cancel) = (fetcher(), CancellationToken::new());
    let failed = Blocks::open(&connector, None, &fetcher, &cancel).await.unwrap_err();
    assert!(matches!(failed, CrawlError::Secret(_)), "{failed}");
}

#[test]
fn runs_can_move_between_threads() {
    fn check<T: Send>(_: T) {}
    let (fetcher, cancel, known) = (fetcher(), CancellationToken::new(), HashMap::new());
    let (id, connector) = ("stadt-bochum".parse().unwrap(), connector("http://127.0.0.1:1/index.txt"));
    check(collect(&id, &connector, &known, &fetcher, Path::new("x"), |_, _| (), &cancel));
    check(async {
        let mut blocks = Blocks::open(&connector, None, &fetcher, &cancel).await?;
        blocks.next_block().await
    });
}
