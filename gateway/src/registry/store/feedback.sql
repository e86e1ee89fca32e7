-- What citizens told us, and about what: a record of a portal, or (without a portal) the Verbund itself. Goes after some time.
INSERT INTO meta (name, value) VALUES ('feedback', 0);
CREATE TABLE feedback (
    id BIGINT NOT NULL PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL, portal TEXT NOT NULL, leistung TEXT NOT NULL,
    title TEXT NOT NULL, ars TEXT NOT NULL, page TEXT NOT NULL, lang TEXT NOT NULL, body TEXT NOT NULL, email TEXT,
    done_at BIGINT, done_by TEXT
);
CREATE INDEX feedback_by_portal ON feedback (portal, id);
-- How often somebody said that a page helped, or did not, by the day; nothing else of them.
CREATE TABLE helpful (
    day TEXT NOT NULL, portal TEXT NOT NULL, leistung TEXT NOT NULL, yes BIGINT NOT NULL, no BIGINT NOT NULL,
    PRIMARY KEY (day, portal, leistung)
);
