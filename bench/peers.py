#!/usr/bin/env python3
"""Measures other search engines on the same corpus and the same judged questions, side by side in one run.

    peers.py --korpus FILE --judged FILE [--portalverbund PATH --deliveries DIR --kept DIR]

The corpus is JSON Lines in gzip with `id`, `titel` and, where there are any, `bezeichnung`, `text` and `schlagworte` (a
list, or text with `;` or `,`). The judged questions are separated by tabs: `query`, `kind`, `lang`, `scope`,
`relevant`, `grades`; a question without a relevant id is left aside. A hit is right when its id is relevant, whatever
its grade; `s@1` and `s@3` are the shares of questions with a right hit at the first and among the first three places,
within the sources of the scope. Every engine gets all questions once to warm up, and then one by one against the clock.

Ends with 0, with 1 when Portalverbund was asked for and could not be measured, with 2 when the input cannot be read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import pwd
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

DEPTH = 10
"""Hits that every engine is asked for, as many as Portalverbund's `judge` asks for."""
FREE = frozenset({"umgangssprachlich", "lebenslage", "frage", "tippfehler", "flexion", "kompositum", "ort"})
"""The kinds of questions that were not taken from the documents."""
ALL_GROUP, FREE_GROUP = "= all", "= free"

TITLE_WEIGHT, KEYWORDS_WEIGHT, TEXT_WEIGHT = 5.0, 5.0, 1.0
"""What a word is worth in each column, for bm25; of five triples that were tried, the best one for both tables."""

STOP_WORDS = frozenset(
    """
    aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes anderm andern anders
    auch auf aus bei bin bis bist da damit dann das dasselbe dass daß dazu dein deine deinem deinen deiner deines dem
    demselben den denn denselben der derer derselbe derselben des desselben dessen dich die dies diese dieselbe
    dieselben diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines einig einige einigem
    einigen einiger einiges einmal er es etwas euch euer eure eurem euren eurer eures für gegen gewesen hab habe haben
    hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in indem ins ist ja jede
    jedem jeden jeder jedes jene jenem jenen jener jenes jetzt kann kein keine keinem keinen keiner keines können
    könnte machen man manche manchem manchen mancher manches mein meine meinem meinen meiner meines mich mir mit muss
    musste muß nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seines selbst sich sie
    sind so solche solchem solchen solcher solches soll sollte sondern sonst um und uns unser unsere unserem unseren
    unserer unseres unter viel vom von vor war waren warst was weg weil weiter welche welchem welchen welcher welches
    wenn wer werde werden wie wieder will wir wird wirst wo wollen wollte während würde würden zu zum zur zwar zwischen
    über
    """.split()
)
"""The German stop words of Snowball, with some forms that its list lacks; left out for every engine."""


class Unreadable(Exception):
    """The input is not what was described."""


class LeftOut(Exception):
    """An engine cannot be measured here; the text says why."""


@dataclass(frozen=True)
class Document:
    """A document of the corpus, in the columns that the engines search."""

    id: str
    source: str
    title: str
    keywords: str
    text: str


@dataclass(frozen=True)
class Question:
    """A judged question; an empty scope means every source."""

    text: str
    kind: str
    lang: str
    scope: tuple[str, ...]
    relevant: frozenset[str]

    def groups(self) -> Iterator[str]:
        """The rows of the table in which the question counts."""
        yield self.kind
        yield ALL_GROUP
        if self.kind in FREE and self.lang in ("", "de"):
            yield FREE_GROUP

    def content_words(self) -> list[str]:
        """The words in lower case, each once, without stop words unless there are only those."""
        words = list(dict.fromkeys(re.findall(r"[^\W_]+", self.text.lower())))
        return [word for word in words if word not in STOP_WORDS] or words


class Engine(Protocol):
    """Something that can be asked."""

    name: str
    note: str

    def search(self, question: Question) -> list[str]:
        """Ids of the first `DEPTH` hits within the scope, best first."""
        ...


@dataclass(frozen=True)
class Figures:
    """What was measured of an engine: by row of the table s@1 and s@3, and milliseconds for one question."""

    name: str
    note: str
    success: dict[str, tuple[float, float]]
    p50: float | None
    p99: float | None


# Reading


def read_corpus(path: Path) -> list[Document]:
    """The documents of a corpus."""
    documents = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                documents.append(document(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError) as fault:
                raise Unreadable(f"{path}:{number}: not a document: {fault!r}") from fault
    if not documents:
        raise Unreadable(f"{path}: no document")
    return documents


def document(fields: dict[str, Any]) -> Document:
    """One document; its second name counts as a keyword."""
    words = fields.get("schlagworte") or []
    if isinstance(words, str):
        words = re.split(r"[;,]", words)
    keywords = [fields.get("bezeichnung") or "", *words]
    return Document(
        id=fields["id"],
        source=fields["id"].partition(":")[0],
        title=plain(fields["titel"]),
        keywords="; ".join(plain(word) for word in keywords if word.strip()),
        text=plain(fields.get("text") or ""),
    )


def read_judged(path: Path) -> list[Question]:
    """The questions that have a right answer."""
    head, *lines = path.read_text(encoding="utf-8-sig").split("\n")
    columns = head.split("\t")
    missing = {"query", "kind", "lang", "scope", "relevant"}.difference(columns)
    if missing:
        raise Unreadable(f"{path}:1: columns that are missing: {', '.join(sorted(missing))}")
    questions = []
    for line in lines:
        fields = dict.fromkeys(columns, "") | dict(zip(columns, line.split("\t"), strict=False))
        relevant = frozenset(fields["relevant"].split())
        if not relevant:
            continue
        scope = tuple(name for name in fields["scope"].split() if name not in ("alle", "leika"))
        questions.append(Question(plain(fields["query"]), fields["kind"], fields["lang"], scope, relevant))
    if not questions:
        raise Unreadable(f"{path}: no question with a relevant id")
    return questions


def plain(text: str) -> str:
    """Composed letters, and nothing that a database refuses."""
    return unicodedata.normalize("NFC", text).replace("\0", " ").strip()


# SQLite


class Fts5:
    """A table of SQLite FTS5 in memory, in this process."""

    INSERT = "INSERT INTO documents (title, keywords, text, id, source) VALUES (?, ?, ?, ?, ?)"
    SEARCH = """
        SELECT id FROM documents
        WHERE documents MATCH ?1 AND (?2 = '' OR instr(' ' || ?2 || ' ', ' ' || source || ' ') > 0)
        ORDER BY rank LIMIT ?3
    """

    def __init__(
        self, name: str, tokenizer: str, expression: Callable[[Question], list[str]], documents: list[Document]
    ) -> None:
        self.name = name
        self.note = f"SQLite {sqlite3.sqlite_version}, tokenizer {tokenizer}, in memory, in this process"
        self.expression = expression
        self.database = sqlite3.connect(":memory:")
        weights = f"bm25({TITLE_WEIGHT}, {KEYWORDS_WEIGHT}, {TEXT_WEIGHT})"
        columns = "title, keywords, text, id UNINDEXED, source UNINDEXED"
        try:
            self.database.execute(f"CREATE VIRTUAL TABLE documents USING fts5({columns}, tokenize = '{tokenizer}')")
        except sqlite3.OperationalError as fault:
            raise LeftOut(f"SQLite {sqlite3.sqlite_version} says: {fault}") from fault
        rows = ((one.title, one.keywords, one.text, one.id, one.source) for one in documents)
        with self.database:
            self.database.executemany(self.INSERT, rows)
            self.database.execute("INSERT INTO documents (documents, rank) VALUES ('rank', ?)", (weights,))
            self.database.execute("INSERT INTO documents (documents) VALUES ('optimize')")

    def search(self, question: Question) -> list[str]:
        expression = " OR ".join(f'"{part}"' for part in self.expression(question))
        if not expression:
            return []
        try:
            found = self.database.execute(self.SEARCH, (expression, " ".join(question.scope), DEPTH))
            return [row[0] for row in found]
        except sqlite3.Error as fault:
            raise LeftOut(f"SQLite {sqlite3.sqlite_version} says: {fault}") from fault


@contextmanager
def fts5_words(documents: list[Document]) -> Iterator[Engine]:
    """FTS5 with whole words."""
    engine = Fts5("FTS5", "unicode61 remove_diacritics 2", Question.content_words, documents)
    try:
        yield engine
    finally:
        engine.database.close()


@contextmanager
def fts5_trigrams(documents: list[Document]) -> Iterator[Engine]:
    """FTS5 with trigrams, which also finds parts of words and words that are spelled almost so."""
    engine = Fts5("FTS5 trigram", "trigram", words_and_trigrams, documents)
    try:
        yield engine
    finally:
        engine.database.close()


def words_and_trigrams(question: Question) -> list[str]:
    """The content words of three letters or more and their trigrams, each once."""
    words = [word for word in question.content_words() if len(word) >= 3]
    trigrams = [word[at : at + 3] for word in words for at in range(len(word) - 2)]
    return list(dict.fromkeys(words + trigrams))


# PostgreSQL


class Session:
    """One `psql` process that is written to and read from line by line."""

    END = "-- end of answer --"

    def __init__(self, command: list[str], **process: Any) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            **process,
        )

    def ask(self, statements: str) -> list[str]:
        """The lines that `psql` answers; it ends at the first error."""
        assert self.process.stdin is not None and self.process.stdout is not None
        lines: list[str] = []
        try:
            self.process.stdin.write(f"{statements}\n\\echo {self.END}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line == self.END:
                return lines
            lines.append(line)
        raise LeftOut("psql ended: " + " ".join(lines[-3:]))

    def close(self) -> None:
        """Ends the process."""
        try:
            self.process.communicate(timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self.process.kill()
            self.process.wait()


class PostgreSQL:
    """Full text search in German, joined with the likeness of trigrams to title and keywords."""

    name = "PostgreSQL"
    TABLE = """
        CREATE EXTENSION pg_trgm;
        CREATE TABLE documents (id text PRIMARY KEY, source text, title text, keywords text, body text, words tsvector
            GENERATED ALWAYS AS (setweight(to_tsvector('german', title), 'A')
                || setweight(to_tsvector('german', keywords), 'B')
                || setweight(to_tsvector('german', body), 'D')) STORED);
    """
    INDEX = """
        CREATE INDEX ON documents USING gin (words);
        CREATE INDEX ON documents USING gin (title gin_trgm_ops);
        CREATE INDEX ON documents USING gin (keywords gin_trgm_ops);
        VACUUM ANALYZE documents;
    """
    # $1 is the words with `or` between them, $2 the words alone, $3 the sources. Of the thresholds, sums and
    # normalisations that were tried, these are among the best.
    PREPARE = f"""
        SET pg_trgm.word_similarity_threshold = 0.5;
        PREPARE search (text, text, text) AS
        SELECT id FROM documents, websearch_to_tsquery('german', $1) AS asked
        WHERE (words @@ asked OR $2 <% title OR $2 <% keywords)
            AND ($3 = '' OR source = ANY (string_to_array($3, ' ')))
        ORDER BY ts_rank_cd('{{0.1, 0.2, 0.5, 1.0}}', words, asked, 32)
            + 2 * greatest(similarity($2, title), word_similarity($2, title), word_similarity($2, keywords)) DESC, id
        LIMIT {DEPTH};
    """

    def __init__(self, session: Session, documents: list[Document]) -> None:
        self.session = session
        session.ask("SET client_min_messages = error; SET statement_timeout = '60s';")
        session.ask(self.TABLE)
        rows = "".join(self.row(one) for one in documents)
        session.ask(f"COPY documents (id, source, title, keywords, body) FROM STDIN;\n{rows}\\.\n")
        session.ask(self.INDEX)
        session.ask(self.PREPARE)
        version = session.ask("SHOW server_version;")[0].partition(" ")[0]
        self.note = (
            f"PostgreSQL {version}, full text german and pg_trgm, its own cluster behind a unix socket;"
            " the pipe to psql and back is included in its times"
        )

    @staticmethod
    def row(document: Document) -> str:
        """A line for COPY."""
        escapes = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
        fields = (document.id, document.source, document.title, document.keywords, document.text)
        return "\t".join(field.translate(escapes) for field in fields) + "\n"

    def search(self, question: Question) -> list[str]:
        words = question.content_words()
        either = " or ".join(word for word in words if word != "or")
        values = ", ".join(quoted(value) for value in (either, " ".join(words), " ".join(question.scope)))
        return self.session.ask(f"EXECUTE search ({values});")


def quoted(value: str) -> str:
    """A value as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


@contextmanager
def postgresql(documents: list[Document]) -> Iterator[Engine]:
    """A cluster of its own in a folder that is removed afterwards, reached by a unix socket only."""
    programs = postgresql_programs()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="peers-", ignore_cleanup_errors=True)))
        process: dict[str, Any] = {"cwd": folder, "env": postgresql_environment()}
        if os.geteuid() == 0:
            # initdb and postgres refuse to run as root.
            owner = postgresql_owner()
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            process |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data, log = folder / "data", folder / "log"
        initdb: list[str | Path] = [programs / "initdb", "--pgdata", data, "--username", "postgres", "--auth", "trust"]
        made = subprocess.run(
            [*initdb, "--no-sync", "--encoding", "UTF8", "--locale", "C.UTF-8"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            **process,
        )
        if made.returncode != 0:
            raise LeftOut("initdb failed: " + " ".join(made.stdout.split()[-40:]))
        settings = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
        with open(log, "wb") as out:
            # A session of its own, so that Ctrl-C reaches it after the questions and not among them.
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *settings],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                **process,
            )
        stack.callback(stop, server)
        reach = ["--host", str(folder), "--username", "postgres"]
        wait_until_ready(server, [str(programs / "pg_isready"), *reach], log, process)
        session = Session([str(programs / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", *reach, "postgres"], **process)
        stack.callback(session.close)
        yield PostgreSQL(session, documents)


def postgresql_programs() -> Path:
    """The folder with the programs of the newest PostgreSQL that Debian's packages installed."""
    needed = ("initdb", "postgres", "psql", "pg_isready")
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    whole = [folder for folder in folders if all((folder / name).exists() for name in needed)]
    if not whole:
        raise LeftOut("not installed (apt-get install postgresql postgresql-contrib)")
    return max(whole, key=lambda folder: tuple(int(part) for part in re.findall(r"\d+", folder.parent.name)))


def postgresql_owner() -> pwd.struct_passwd:
    """Who runs the cluster when this script is run by root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError as fault:
        raise LeftOut("there is no user `postgres` to run it") from fault


def postgresql_environment() -> dict[str, str]:
    """The environment without anything that leads to another cluster."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8"}


def wait_until_ready(server: subprocess.Popen[bytes], ready: list[str], log: Path, process: dict[str, Any]) -> None:
    """Returns when the server takes questions."""
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        if subprocess.run(ready, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **process).returncode == 0:
            return
        time.sleep(0.1)
    said = log.read_text(encoding="utf-8", errors="replace").splitlines()
    raise LeftOut("the server did not start: " + " ".join(said[-3:]))


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stops the server that this script started: first in order, then at once."""
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is None:
            server.send_signal(how)
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                continue


# Measuring

Opening = Callable[[list[Document]], AbstractContextManager[Engine]]
ENGINES: dict[str, Opening] = {
    "SQLite FTS5": fts5_words,
    "SQLite FTS5 trigram": fts5_trigrams,
    "PostgreSQL": postgresql,
}


def measure(engine: Engine, questions: list[Question]) -> Figures:
    """Asks everything once to warm up, and then one by one against the clock."""
    for question in questions:
        engine.search(question)
    times: list[float] = []
    outcomes: dict[str, list[tuple[bool, bool]]] = {}
    for question in questions:
        start = time.perf_counter_ns()
        ids = engine.search(question)
        times.append((time.perf_counter_ns() - start) / 1e6)
        right = [id in question.relevant for id in ids[:3]]
        for group in question.groups():
            outcomes.setdefault(group, []).append((any(right[:1]), any(right)))
    success = {
        group: (share([one for one, _ in pairs]), share([three for _, three in pairs]))
        for group, pairs in outcomes.items()
    }
    return Figures(engine.name, engine.note, success, percentile(times, 0.5), percentile(times, 0.99))


def share(hits: list[bool]) -> float:
    """The share of hits that are true."""
    return sum(hits) / len(hits)


def percentile(values: list[float], part: float) -> float:
    """The smallest value that is not exceeded by this part of the values."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def measure_portalverbund(program: Path, judged: Path, deliveries: Path, kept: Path) -> Figures:
    """What the project's own program measures of itself with the same questions."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        out = Path(folder) / "figures.tsv"
        command: list[str | Path] = [program.resolve(), "judge", judged, "--deliveries", deliveries, "--kept", kept]
        try:
            ran = subprocess.run(
                [*command, "--accept", out],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=3600,
            )
        except OSError as fault:
            raise LeftOut(f"{program}: {fault.strerror}") from fault
        except subprocess.TimeoutExpired as fault:
            raise LeftOut(f"`judge` took longer than {fault.timeout:.0f} s") from fault
        if ran.returncode != 0:
            raise LeftOut(f"`judge` ended with {ran.returncode}: " + " ".join(ran.stderr.split()[-40:]))
        try:
            return read_figures(out)
        except (OSError, ValueError) as fault:
            raise LeftOut(f"the figures of `judge` cannot be read: {fault}") from fault


def read_figures(path: Path) -> Figures:
    """The figures that `judge --accept` wrote: kind, figure, value."""
    figures: dict[str, dict[str, float]] = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        if line.strip():
            kind, figure, value = line.split("\t")[:3]
            figures.setdefault(figure, {})[kind] = float(value)

    def milliseconds(figure: str) -> float | None:
        by_kind = figures.get(figure, {})
        return by_kind.get(ALL_GROUP, next(iter(by_kind.values()), None))

    first, third = figures.get("s@1", {}), figures.get("s@3", {})
    if not first:
        raise ValueError("no s@1")
    success = {kind: (value, third.get(kind, math.nan)) for kind, value in first.items()}
    note = "the project's own search, in its own process; its times are by its own clock"
    return Figures("portalverbund", note, success, milliseconds("p50_ms"), milliseconds("p99_ms"))


# Telling


def table(questions: list[Question], measured: list[Figures]) -> str:
    """One row by kind and group, two columns by engine; the times at the end."""
    counts: dict[str, int] = {}
    for question in questions:
        for group in question.groups():
            counts[group] = counts.get(group, 0) + 1
    kinds = sorted(counts, key=lambda kind: (kind in (ALL_GROUP, FREE_GROUP), kind))
    width = max(20, *(len(kind) + 2 for kind in kinds))
    rows = [
        f"{'':<{width}}{'':>5}" + "".join(f"{one.name:>18}" for one in measured),
        f"{'kind':<{width}}{'n':>5}" + f"{'s@1':>11}{'s@3':>7}" * len(measured),
    ]
    for kind in kinds:
        pairs = (one.success.get(kind, (math.nan, math.nan)) for one in measured)
        cells = "".join(number(first, 11, 3) + number(third, 7, 3) for first, third in pairs)
        rows.append(f"{kind:<{width}}{counts[kind]:>5}{cells}")
    times = "".join(number(one.p50, 11, 2) + number(one.p99, 7, 2) for one in measured)
    rows.append(f"{'ms: p50, p99':<{width}}{'':>5}{times}")
    return "\n".join(rows)


def number(value: float | None, width: int, digits: int) -> str:
    """A number in a cell; a dash where there is none."""
    return f"{'-':>{width}}" if value is None or math.isnan(value) else f"{value:>{width}.{digits}f}"


def arguments() -> argparse.Namespace:
    """The command line."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--korpus", type=Path, required=True, metavar="FILE", help="the documents, .jsonl.gz")
    parser.add_argument("--judged", type=Path, required=True, metavar="FILE", help="the judged questions, .tsv")
    parser.add_argument("--portalverbund", type=Path, metavar="PATH", help="the project's program, to measure it too")
    parser.add_argument("--deliveries", type=Path, metavar="DIR", help="with --portalverbund: the same corpus for it")
    parser.add_argument("--kept", type=Path, metavar="DIR", help="with --portalverbund: its store and index")
    given = parser.parse_args()
    if given.portalverbund and not (given.deliveries and given.kept):
        parser.error("--portalverbund needs --deliveries and --kept")
    return given


def main() -> int:
    """Measures everything that can be measured here and prints the table."""
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        documents, questions = read_corpus(given.korpus), read_judged(given.judged)
    except (OSError, EOFError, UnicodeDecodeError, Unreadable) as fault:
        print(f"peers.py: {fault}", file=sys.stderr)
        return 2
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
    print(f"{len(documents)} documents, {len(questions)} questions; {machine}")
    measured: list[Figures] = []
    left_out: list[str] = []
    for name, opening in ENGINES.items():
        print(f"measuring {name} ...", file=sys.stderr)
        try:
            with opening(documents) as engine:
                measured.append(measure(engine, questions))
        except LeftOut as reason:
            left_out.append(f"LEFT OUT: {name}, {reason}")
    left_out.append("LEFT OUT: Meilisearch, not in Debian's packages")
    status = 0
    if given.portalverbund:
        print("measuring portalverbund ...", file=sys.stderr)
        try:
            measured.append(measure_portalverbund(given.portalverbund, given.judged, given.deliveries, given.kept))
        except LeftOut as reason:
            left_out.append(f"LEFT OUT: portalverbund, {reason}")
            status = 1
    print(table(questions, measured), end="\n\n")
    for figures in measured:
        print(f"{figures.name}: {figures.note}")
    print(*left_out, sep="\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
