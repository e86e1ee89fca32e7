#!/usr/bin/env python3
"""Runs the public suite `http-cache-tests` (npm, BSD-3-Clause) against the cache of the gateway, on this machine alone.

    cache_suite.py PORTALVERBUND [--keep DIR]

PORTALVERBUND is the program. Needs Node.js with npm. Prints how many cases of each kind hold, then those that do not,
each with what the suite says. The suite of the registry is older than RFC 9111; BENCHMARKS.md says what follows from that.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

PACKAGE = "http-cache-tests@0.4.5"
KINDS = {"required": "required", "optimal": "optional", "check": "asked for, neither right nor wrong"}
LIST = """
import tests from './tests/index.mjs'
console.log(JSON.stringify(tests.flatMap(suite => suite.tests.filter(test => !test.browser_only)
  .map(test => ({ id: test.id, kind: test.kind || 'required', needs: test.depends_on || [] })))))
"""


def free_port() -> int:
    """A port below those that the system gives to clients: waiting for one of these could connect to itself."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def wait_for(port: int, child: subprocess.Popen) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if child.poll() is not None:
            sys.exit(f"{child.args[0]} ended with {child.returncode} before it listened")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"nothing listens on port {port} after a minute")


def configure(folder: Path, public: int, internal: int, origin: int) -> Path:
    (folder / "portale.d").mkdir(parents=True)
    file = folder / "portalverbund.toml"
    file.write_text(
        f'[server]\nlisten = "127.0.0.1:{public}"\ninternal = "127.0.0.1:{internal}"\n'
        'public_url = "http://verbund.example"\n'
        f'[store]\nurl = "sqlite://{folder}/store.db"\n[index]\ndir = "{folder}/index"\n'
        '[egress]\nallow = ["127.0.0.0/8"]\n'
    )
    (folder / "portale.d/suite.toml").write_text(
        'id = "suite"\nname = "Suite"\ngebiet = "050000000000"\nconnector = { kind = "push" }\n'
        f'[[route]]\nhost = "localhost"\nupstream = ["http://127.0.0.1:{origin}"]\ncache = "credentials"\n'
    )
    return file


def run(program: str, folder: Path) -> None:
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, PACKAGE], check=True)
    suite = folder / "node_modules/http-cache-tests"
    public, internal, origin = free_port(), free_port(), free_port()
    config = configure(folder / "gateway", public, internal, origin)
    node = ["node", "--no-warnings"]
    env = {**os.environ, "npm_config_protocol": "http", "npm_config_port": str(origin), "npm_package_config_id": ""}
    env |= {"npm_config_pidfile": str(folder / "server.pid"), "npm_config_base": f"http://localhost:{public}"}
    children = []
    try:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        children.append(subprocess.Popen([*node, "server/server.mjs"], cwd=suite, env=env, **quiet))
        wait_for(origin, children[-1])
        children.append(subprocess.Popen([program, "serve", "--config", config], **quiet))
        wait_for(public, children[-1])
        urllib.request.urlopen(f"http://127.0.0.1:{internal}/healthz", timeout=10).close()
        told = subprocess.run([*node, "cli.mjs"], cwd=suite, env=env, check=True, capture_output=True, timeout=600)
    finally:
        for child in children:
            child.send_signal(signal.SIGTERM)
            child.wait(60)
    listed = subprocess.run([*node, "--input-type=module", "--eval", LIST], cwd=suite, check=True, capture_output=True)
    report(json.loads(listed.stdout), json.loads(told.stdout))


def report(cases: list, results: dict) -> None:
    def state(case: dict) -> str:
        result = results.get(case["id"])
        if any(results.get(needed) is not True for needed in case["needs"]):
            return "not tried, because another one failed"
        if result is True:
            return "holds"
        return "could not be tried" if not result or result[0] == "Setup" else "does not hold"

    for kind, name in KINDS.items():
        counts = Counter(state(case) for case in cases if case["kind"] == kind)
        print(f"{name}\t{sum(counts.values())}\t" + ", ".join(f"{what}: {count}" for what, count in counts.most_common()))
    for case in sorted(cases, key=lambda case: (case["kind"], case["id"])):
        if case["kind"] != "check" and state(case) != "holds":
            print(f"{case['kind']}\t{case['id']}\t{state(case)}\t{json.dumps(results.get(case['id']))[:160]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--keep", help="use this folder, and leave it")
    given = parser.parse_args()
    program = str(Path(given.program).resolve())
    if given.keep:
        return run(program, Path(given.keep).resolve())
    with tempfile.TemporaryDirectory() as folder:
        run(program, Path(folder))


if __name__ == "__main__":
    main()
