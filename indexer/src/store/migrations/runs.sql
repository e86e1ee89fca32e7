-- Runs as plans: what a run replaced, which run made a record, what waits for somebody, what could not be taken.

-- The state before, for every record that a run changed or removed; `was_run` is the run that had brought that state.
-- Records that a run made anew have no row: `born` in `record` names that run.
CREATE TABLE journal (
    portal TEXT NOT NULL, kind BIGINT NOT NULL, agency TEXT NOT NULL, id TEXT NOT NULL, run BIGINT NOT NULL,
    hash TEXT NOT NULL, changed BIGINT, was_run BIGINT NOT NULL, deleted BIGINT NOT NULL,
    body TEXT NOT NULL, nested TEXT NOT NULL,
    PRIMARY KEY (portal, kind, agency, id, run)
);
CREATE INDEX journal_by_run ON journal (portal, run);
ALTER TABLE record ADD COLUMN born BIGINT NOT NULL DEFAULT 0;

-- The first run before which the portal can be restored; runs from before this version kept nothing.
ALTER TABLE portal_state ADD COLUMN journal_from BIGINT NOT NULL DEFAULT 0;
UPDATE portal_state SET journal_from = (SELECT value + 1 FROM meta WHERE name = 'run');
-- Since when and why no run is made, in milliseconds and in words for people.
ALTER TABLE portal_state ADD COLUMN paused_at BIGINT;
ALTER TABLE portal_state ADD COLUMN paused_why TEXT;
-- Where a Bereitstelldienst stood before the run.
ALTER TABLE run ADD COLUMN next_before TEXT;

-- The plan of a portal's run that waits for somebody, as JSON, and what the run had read.
CREATE TABLE held (portal TEXT NOT NULL PRIMARY KEY, run BIGINT NOT NULL, digest TEXT NOT NULL, plan TEXT NOT NULL);

-- Records that could not be taken, as delivered, with what was wrong as JSON. Where the id is not known, `agency` is
-- empty and `id` says where the record stood.
CREATE TABLE quarantine (
    portal TEXT NOT NULL, kind BIGINT NOT NULL, agency TEXT NOT NULL, id TEXT NOT NULL, run BIGINT NOT NULL,
    at BIGINT NOT NULL, findings TEXT NOT NULL, xml TEXT NOT NULL, cut BIGINT NOT NULL,
    PRIMARY KEY (portal, kind, agency, id)
);

-- The offers of one Leistung in one area are made anew by themselves.
DROP INDEX zustaendigkeit_by_leistung;
CREATE INDEX zustaendigkeit_by_leistung ON zustaendigkeit (leistung_agency, leistung_id, ars);
