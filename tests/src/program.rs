//! The program in a folder of its own, run as people run it: by its command line.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use tempfile::TempDir;

use crate::client::get;

/// Longer than any command of a test takes that works.
const PATIENCE: Duration = Duration::from_secs(150);

/// A configuration, portals and data in a temporary folder, and the program to run on them.
#[derive(Debug)]
pub struct Installation {
    exe: PathBuf,
    dir: TempDir,
}

/// How a command ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The exit status; -1 when a signal ended it.
    pub status: i32,
    /// Data.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
}

impl Ended {
    /// The data as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Fails unless the command ended with `status`.
    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

impl Installation {
    /// A folder for the program `exe`, without portals; listeners on free ports, the loopback may be dialled.
    pub fn new(exe: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let installation = Self { exe: exe.into(), dir };
        installation.configure("");
        installation
    }

    /// Writes the configuration anew, with `more` at its end.
    pub fn configure(&self, more: &str) {
        // Addresses in deliveries of tests are nobody's; only a test that asks for it visits them.
        let links = if more.contains("[links]") { "" } else { "[links]\nevery_s = 0\n" };
        self.write(
            "config/portalverbund.toml",
            &format!(
                "[server]\nlisten = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\npublic_url = \"http://localhost\"\n\
                 [store]\nurl = \"sqlite://data/portalverbund.db\"\n[index]\ndir = \"data/index\"\n\
                 [egress]\nallow = [\"127.0.0.0/8\"]\n{links}{more}"
            ),
        );
    }

    /// The folder; paths in the configuration are relative to it.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file below the folder.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.dir().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Registers a portal that delivers by the index protocol, with `more` at the end of its file.
    pub fn register(&self, id: &str, ars: &str, index: &str, more: &str) {
        self.write(
            &format!("config/portale.d/{id}.toml"),
            &format!(
                "id = \"{id}\"\nname = \"Portal {id}\"\ngebiet = \"{ars}\"\nhosts = [\"*.example\"]\n\
                 [connector]\nkind = \"xzufi-index\"\nurl = \"{index}\"\n{more}"
            ),
        );
    }

    /// Registers a portal that has nothing but a route below `/portal/{id}`, with `more` among its keys.
    pub fn route(&self, id: &str, upstream: &str, more: &str) {
        self.write(
            &format!("config/portale.d/{id}.toml"),
            &format!(
                "id = \"{id}\"\nname = \"Portal {id}\"\ngebiet = \"059110000000\"\nconnector = {{ kind = \"push\" }}\n\
                 [[route]]\nprefix = \"/portal/{id}\"\nupstream = [\"{upstream}\"]\n{more}"
            ),
        );
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.exe);
        command.args(arguments).current_dir(self.dir());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end()
    }

    /// Makes one run of a registered portal.
    #[track_caller]
    pub fn import(&self, portal: &str, more: &[&str]) -> Ended {
        self.run(&[&["import", "--portal", portal, "--json"], more].concat())
    }

    /// Starts a command.
    pub fn start(&self, arguments: &[&str]) -> Running {
        self.start_with(arguments, |_| {})
    }

    /// Starts a command after `change` to what it is started with.
    pub fn start_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Running {
        let mut command = self.command(arguments);
        change(&mut command);
        Running::start(command)
    }

    /// Starts `serve` with further `arguments` on a socket that is open already, which is handed over as systemd does.
    #[track_caller]
    pub fn serve_on(&self, public: &TcpListener, arguments: &[&str]) -> Serving {
        let mut command = Command::new("sh");
        // Its own process id is known to the process alone.
        command.args(["-c", "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=public exec \"$0\" \"$@\""]);
        command.arg(&self.exe).arg("serve").args(arguments).current_dir(self.dir());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let socket = FdMapping { parent_fd: public.try_clone().unwrap().into(), child_fd: 3 };
        command.fd_mappings(vec![socket]).unwrap();
        Serving::begun(Running::start(command))
    }

    /// Starts `serve` and waits until it listens.
    #[track_caller]
    pub fn serve(&self) -> Serving {
        Serving::begun(self.start(&["serve"]))
    }
}

impl Serving {
    /// Waits until a `serve` listens.
    #[track_caller]
    pub fn begun(mut running: Running) -> Self {
        let line = running.wait_for("listening on http");
        let address = |part: &str| {
            let rest = line.split(part).nth(1).and_then(|rest| rest.split("://").nth(1));
            let rest = rest.unwrap_or_else(|| panic!("{line}"));
            let text: String = rest.chars().take_while(|sign| sign.is_ascii_digit() || ".:".contains(*sign)).collect();
            text.parse().unwrap_or_else(|error| panic!("{error}: {text} in {line}"))
        };
        Self { public: address("listening on "), internal: address("internal side on "), running: Some(running) }
    }

    /// Waits until routes are loaded, which is a moment after it listens.
    #[track_caller]
    pub fn ready(self) -> Self {
        let end = Instant::now() + Duration::from_secs(20);
        while get(self.internal, "/readyz").status != 200 {
            assert!(Instant::now() < end, "the program does not become ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        self
    }
}

/// A command on its way; it is killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    reading: Vec<JoinHandle<()>>,
    stdout: Lines,
    stderr: Lines,
}

type Lines = Arc<Mutex<Vec<String>>>;

fn keep_lines(from: impl Read + Send + 'static, to: &Lines) -> JoinHandle<()> {
    let kept = Arc::clone(to);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            kept.lock().unwrap().push(line);
        }
    })
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let (stdout, stderr) = (Lines::default(), Lines::default());
        let reading =
            vec![keep_lines(child.stdout.take().unwrap(), &stdout), keep_lines(child.stderr.take().unwrap(), &stderr)];
        Self { child, reading, stdout, stderr }
    }

    /// Waits until a line on stderr or stdout holds `text`, and gives it.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        let began = Instant::now();
        loop {
            for lines in [&self.stderr, &self.stdout] {
                if let Some(line) = lines.lock().unwrap().iter().find(|line| line.contains(text)) {
                    return line.clone();
                }
            }
            let ended = self.child.try_wait().unwrap();
            let late = began.elapsed() > PATIENCE;
            assert!(ended.is_none() && !late, "no `{text}` ({ended:?}): {:?}", self.stderr.lock().unwrap());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// True when it ended.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > PATIENCE {
                let _ = self.child.kill();
                panic!("it does not end: {:?}", self.stderr.lock().unwrap());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        self.collected(status)
    }

    fn collected(&mut self, status: ExitStatus) -> Ended {
        for reading in self.reading.drain(..) {
            reading.join().unwrap();
        }
        let text = |lines: &Lines| lines.lock().unwrap().join("\n");
        Ended { status: status.code().unwrap_or(-1), stdout: text(&self.stdout), stderr: text(&self.stderr) }
    }

    /// Ends it without a word, as a crash of the machine would.
    pub fn kill(mut self) -> Ended {
        let _ = self.child.kill();
        let status = self.child.wait().unwrap();
        self.collected(status)
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()]).status();
        assert!(asked.unwrap().success());
    }

    /// Asks it to reload (SIGHUP).
    pub fn hang_up(&self) {
        let asked = Command::new("sh").args(["-c", "kill -HUP \"$0\"", &self.child.id().to_string()]).status();
        assert!(asked.unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program serving.
#[derive(Debug)]
pub struct Serving {
    /// The public side.
    pub public: SocketAddr,
    /// The internal side.
    pub internal: SocketAddr,
    running: Option<Running>,
}

impl Serving {
    /// The process.
    pub fn process(&mut self) -> &mut Running {
        self.running.as_mut().expect("it is there until it is stopped")
    }

    /// Ends it without a word.
    pub fn kill(mut self) -> Ended {
        self.running.take().expect("it is there until it is stopped").kill()
    }

    /// Asks it to end and waits for that.
    #[track_caller]
    pub fn stop(mut self) -> Ended {
        let running = self.running.take().expect("it is there until it is stopped");
        running.terminate();
        running.end()
    }
}
