//! The programs of a measurement in a temporary folder: an upstream, the gateway, and nginx as its peer.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::super::process::Program;
use crate::cli::{Fault, setup};

/// What the upstream serves: names and sizes.
const FILES: &[(&str, usize)] = &[("1k", 1 << 10), ("64k", 64 << 10)];
/// Where nginx is on Debian, for those whose search path leaves it out.
const NGINX: &[&str] = &["nginx", "/usr/sbin/nginx"];

/// A folder with everything that is measured, and the upstream, serving.
pub(in super::super) struct Stage {
    // Before the folder, so that it is not used any more when that goes.
    _upstream: Upstream,
    dir: TempDir,
    nginx: Option<&'static str>,
    upstream: SocketAddr,
}

/// Whatever serves the files, until it is dropped.
enum Upstream {
    Nginx(#[expect(dead_code, reason = "held until the end")] Program),
    Own(#[expect(dead_code, reason = "held until the end")] DropGuard),
}

impl Stage {
    /// Prepares the folder and starts the upstream: nginx, or one of our own where that is not installed or not wanted.
    pub(in super::super) async fn open(without_nginx: bool) -> Result<Self, Fault> {
        let dir = tempfile::tempdir().map_err(Fault::work)?;
        let files = dir.path().join("files");
        fs::create_dir(&files).map_err(Fault::work)?;
        for (name, bytes) in FILES {
            fs::write(files.join(name), vec![b'x'; *bytes]).map_err(Fault::work)?;
        }
        let installed = |name: &&&str| {
            let asked = Command::new(name).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        };
        let nginx = NGINX.iter().filter(|_| !without_nginx).find(installed).copied();
        let (held, upstream) = match nginx {
            Some(nginx) => {
                let upstream = free_port()?;
                let program = start_nginx(nginx, "upstream", dir.path(), &upstream_server(upstream, &files))?;
                (Upstream::Nginx(program), upstream)
            }
            None => own_upstream().await.map(|(guard, address)| (Upstream::Own(guard), address))?,
        };
        reachable(upstream).await?;
        Ok(Self { _upstream: held, dir, nginx, upstream })
    }

    /// The gateway as a process of its own, with one worker, `server` among the keys of `[server]`, and two routes to
    /// the upstream: `/portal/stadt`, and `/portal/kept` with the cache.
    pub(in super::super) async fn gateway(&self, server: &str) -> Result<(Program, SocketAddr), Fault> {
        let folder = self.dir.path().join("config");
        fs::create_dir_all(folder.join("portale.d")).map_err(Fault::work)?;
        let file = folder.join("portalverbund.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost\"\n\
             workers = 1\ndrain_s = 1\n{server}[store]\nurl = \"sqlite://data/portalverbund.db\"\n\
             [index]\ndir = \"data/index\"\n[egress]\nallow = [\"127.0.0.0/8\"]\n"
        );
        fs::write(&file, text).map_err(Fault::work)?;
        for (portal, more) in [("stadt", ""), ("kept", "cache = true\n")] {
            let text = format!(
                "id = \"{portal}\"\nname = \"Portal {portal}\"\ngebiet = \"059110000000\"\n\
                 connector = {{ kind = \"push\" }}\n[[route]]\nprefix = \"/portal/{portal}\"\n\
                 upstream = [\"http://{}\"]\n{more}",
                self.upstream
            );
            fs::write(folder.join(format!("portale.d/{portal}.toml")), text).map_err(Fault::work)?;
        }
        // The reading half alone needs a store and an index, if only empty ones.
        let mut config = config::load_main(&file).map_err(Fault::work)?;
        config.store.url = format!("sqlite://{}", self.dir.path().join("data/portalverbund.db").display());
        config.index.dir = self.dir.path().join("data/index");
        setup::indexer(&config, Vec::new(), &config::telemetry::registry()).await?.close().await;
        let mut command = Command::new(std::env::current_exe().map_err(Fault::work)?);
        command.args(["serve", "--only", "gateway", "--config"]).arg(&file);
        let mut program = Program::start(command, "gateway", self.dir.path())?;
        let address = program.ready(|said| {
            let (_, rest) = said.split_once("listening on http://")?;
            rest.split_once(',')?.0.parse().ok()
        });
        let address = address.await?;
        Ok((program, address))
    }

    /// nginx before the same upstream, with one worker; none when it is not installed.
    pub(in super::super) fn nginx(&self) -> Result<Option<(Program, SocketAddr)>, Fault> {
        let Some(nginx) = self.nginx else { return Ok(None) };
        let address = free_port()?;
        let program = start_nginx(nginx, "nginx", self.dir.path(), &peer_server(address, self.upstream))?;
        Ok(Some((program, address)))
    }
}

/// An address on the loopback where nothing listens. Somebody else might take it before it is used; then the start of
/// what should listen there fails and says so.
fn free_port() -> Result<SocketAddr, Fault> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(Fault::work)?;
    listener.local_addr().map_err(Fault::work)
}

async fn reachable(address: SocketAddr) -> Result<(), Fault> {
    for _ in 0..250 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Err(Fault::Work(format!("nothing listens on {address} after 5 s")))
}

/// Starts nginx with one worker and `servers` within its `http`, with everything of its own in a folder below `dir`.
fn start_nginx(nginx: &str, name: &'static str, dir: &Path, servers: &str) -> Result<Program, Fault> {
    let own: PathBuf = dir.join(format!("{name}.d"));
    fs::create_dir(&own).map_err(Fault::work)?;
    let place = own.display();
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("  {kind}_temp_path {place}/{kind};\n"))
        .collect();
    // Without `user` a worker of root would run as somebody who may not enter the folder.
    let text = format!(
        "user root;\nworker_processes 1;\ndaemon off;\npid {place}/pid;\nerror_log {place}/error.log;\n\
         events {{ worker_connections 4096; }}\nhttp {{\n{paths}  sendfile on;\n  tcp_nopush on;\n  tcp_nodelay on;\n\
         \x20 keepalive_timeout 600s;\n  keepalive_requests 1000000000;\n{servers}}}\n"
    );
    let file = own.join("nginx.conf");
    fs::write(&file, text).map_err(Fault::work)?;
    let mut command = Command::new(nginx);
    command.arg("-p").arg(&own).arg("-c").arg(&file).arg("-e").arg(own.join("error.log"));
    Program::start(command, name, dir)
}

/// The upstream: files, and the word that they may be kept.
fn upstream_server(listen: SocketAddr, files: &Path) -> String {
    format!(
        "  access_log off;\n  open_file_cache max=100 inactive=1h;\n  server {{\n    listen {listen};\n    root {};\n    \
         add_header Cache-Control max-age=3600;\n  }}\n",
        files.display()
    )
}

/// The peer: the same two routes, the same fields for the portal, and a line of JSON in its log that says the same,
/// written in blocks as the gateway does.
fn peer_server(listen: SocketAddr, upstream: SocketAddr) -> String {
    let route = |name: &str, more: &str| {
        format!("    location /portal/{name}/ {{\n      proxy_pass http://portal/;\n{more}    }}\n")
    };
    format!(
        r#"  log_format told escape=json '{{"timestamp":"$time_iso8601","level":"INFO","message":"request",'
    '"request.id":"$request_id","trace.id":"$http_traceparent","route":"portal","portal.id":"$uri",'
    '"status":$status,"duration_ms":$request_time,"whole":"$request_completion","target":"nginx"}}';
  access_log access.log told buffer=64k flush=1s;
  open_file_cache max=1000 inactive=1h;
  proxy_cache_path cache levels=1:2 keys_zone=kept:10m max_size=256m inactive=1h use_temp_path=off;
  upstream portal {{ server {upstream}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen {listen};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Forwarded "for=$remote_addr;host=$host;proto=$scheme";
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Host $host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Request-Id $request_id;
    add_header X-Request-Id $request_id;
{}{}  }}
"#,
        route("stadt", ""),
        route("kept", "      proxy_cache kept;\n      proxy_cache_lock on;\n"),
    )
}

/// An upstream of our own, for where nginx is not installed; it ends when the guard is dropped.
async fn own_upstream() -> Result<(DropGuard, SocketAddr), Fault> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Fault::work)?;
    let address = listener.local_addr().map_err(Fault::work)?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (ending, tracker) = (stop.clone(), tasks.clone());
    tasks.spawn(async move {
        while let Some(accepted) = ending.run_until_cancelled(listener.accept()).await {
            let Ok((stream, _)) = accepted else { continue };
            let ending = ending.clone();
            tracker.spawn(async move {
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(async |request| answer(&request)));
                // A connection that breaks fails its request, and that is seen.
                let _ = ending.run_until_cancelled(connection).await;
            });
        }
    });
    Ok((stop.drop_guard(), address))
}

fn answer(request: &Request<Incoming>) -> Result<Response<Full<Bytes>>, http::Error> {
    static LARGEST: &[u8] = &[b'x'; 64 << 10];
    let asked = request.uri().path().trim_start_matches('/');
    let known = FILES.iter().find(|(name, _)| *name == asked).and_then(|(_, bytes)| LARGEST.get(..*bytes));
    Response::builder()
        .status(if known.is_some() { 200 } else { 404 })
        .header(header::CACHE_CONTROL, "max-age=3600")
        .body(Full::new(Bytes::from_static(known.unwrap_or_default())))
}
