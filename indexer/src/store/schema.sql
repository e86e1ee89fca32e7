-- The tables of version 1, in the SQL that SQLite and PostgreSQL share: BIGINT, TEXT, flags as 0 and 1, `$1`.
-- Statements end with a semicolon at the end of a line.
CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO meta (name, value) VALUES ('schema', 1), ('change_no', 0), ('run', 0);

-- Every object that a portal delivered, the deleted ones too (deleted = 1, body empty). `changed` is what its editors
-- say, in milliseconds; `change_no` rises with every change of what can be seen, and the index follows it. The
-- Zustaendigkeiten inside an office or online service, often hundreds, stand beside the body in `nested`: answers are
-- made from the derived rows, and need the office alone.
CREATE TABLE record (
    portal TEXT NOT NULL, kind BIGINT NOT NULL, agency TEXT NOT NULL, id TEXT NOT NULL,
    hash TEXT NOT NULL, changed BIGINT, change_no BIGINT NOT NULL, run BIGINT NOT NULL, deleted BIGINT NOT NULL,
    body TEXT NOT NULL, nested TEXT NOT NULL,
    PRIMARY KEY (portal, kind, agency, id)
);
CREATE INDEX record_by_change ON record (change_no);
CREATE INDEX record_by_id ON record (kind, agency, id);

-- Derived from the records in the same transaction: the keys of every live Leistung; 0 for one without a valid key.
CREATE TABLE leistungsschluessel (
    portal TEXT NOT NULL, agency TEXT NOT NULL, id TEXT NOT NULL, schluessel BIGINT NOT NULL,
    PRIMARY KEY (portal, agency, id, schluessel)
);
CREATE INDEX leistungsschluessel_by_id ON leistungsschluessel (agency, id);
CREATE INDEX leistungsschluessel_by_key ON leistungsschluessel (schluessel);

-- Derived: one row per Zustaendigkeit and area, whether delivered inside its owner or by itself (`from_*`).
CREATE TABLE zustaendigkeit (
    portal TEXT NOT NULL, from_kind BIGINT NOT NULL, from_agency TEXT NOT NULL, from_id TEXT NOT NULL,
    own_agency TEXT, own_id TEXT,
    owner_kind BIGINT NOT NULL, owner_agency TEXT NOT NULL, owner_id TEXT NOT NULL,
    leistung_agency TEXT NOT NULL, leistung_id TEXT NOT NULL, ars TEXT NOT NULL, rolle TEXT
);
CREATE INDEX zustaendigkeit_by_source ON zustaendigkeit (portal, from_kind, from_agency, from_id);
CREATE INDEX zustaendigkeit_by_leistung ON zustaendigkeit (leistung_agency, leistung_id);
CREATE INDEX zustaendigkeit_by_own_id ON zustaendigkeit (own_agency, own_id);

-- Derived: Zustaendigkeiten whose Leistung is there, by its keys: the question "who does this here" is one look-up.
CREATE TABLE angebot (
    schluessel BIGINT NOT NULL, ars TEXT NOT NULL,
    leistung_portal TEXT NOT NULL, leistung_agency TEXT NOT NULL, leistung_id TEXT NOT NULL,
    portal TEXT NOT NULL, owner_kind BIGINT NOT NULL, owner_agency TEXT NOT NULL, owner_id TEXT NOT NULL, rolle TEXT
);
CREATE INDEX angebot_by_key ON angebot (schluessel, ars);
CREATE INDEX angebot_by_leistung ON angebot (leistung_agency, leistung_id, ars);

-- Derived: local overlays by the Leistung they belong to.
CREATE TABLE spezialisierung (
    portal TEXT NOT NULL, agency TEXT NOT NULL, id TEXT NOT NULL,
    leistung_agency TEXT NOT NULL, leistung_id TEXT NOT NULL,
    PRIMARY KEY (portal, agency, id)
);
CREATE INDEX spezialisierung_by_leistung ON spezialisierung (leistung_agency, leistung_id);

-- What nobody understood, by the run that brought it.
CREATE TABLE fragment (
    portal TEXT NOT NULL, run BIGINT NOT NULL, file TEXT NOT NULL, line BIGINT NOT NULL, path TEXT NOT NULL, xml TEXT NOT NULL
);
CREATE INDEX fragment_by_portal ON fragment (portal);

-- One row per portal: its last good state, and where the next run begins.
CREATE TABLE portal_state (
    portal TEXT NOT NULL PRIMARY KEY, good_run BIGINT, good_at BIGINT, digest TEXT, next_request TEXT
);
-- The files of the last good run of a portal and what a conditional request needs.
CREATE TABLE portal_file (
    portal TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, etag TEXT, last_modified TEXT,
    PRIMARY KEY (portal, name)
);
-- Every run, and the findings of each portal's last one. Times in milliseconds.
CREATE TABLE run (
    run BIGINT NOT NULL PRIMARY KEY, portal TEXT NOT NULL, started BIGINT NOT NULL, ended BIGINT NOT NULL,
    outcome TEXT NOT NULL, added BIGINT NOT NULL, updated BIGINT NOT NULL, removed BIGINT NOT NULL,
    unchanged BIGINT NOT NULL, refused BIGINT NOT NULL
);
CREATE INDEX run_by_portal ON run (portal, run);
CREATE TABLE finding (
    portal TEXT NOT NULL, run BIGINT NOT NULL, n BIGINT NOT NULL, severity BIGINT NOT NULL, rule TEXT NOT NULL,
    file TEXT, line BIGINT, object TEXT, value TEXT,
    PRIMARY KEY (portal, run, n)
);
