-- Addresses that live records name, and what became of each; times in milliseconds. `due` is when it is visited next,
-- `verdict` the word of `connectors::link`, none before the first visit; `town` the Gemeinde that the page is of.
CREATE TABLE link (
    url TEXT NOT NULL PRIMARY KEY, host TEXT NOT NULL, due BIGINT NOT NULL, checked BIGINT, verdict TEXT,
    status BIGINT, reached TEXT, redirects BIGINT, town TEXT, failing_since BIGINT, failures BIGINT NOT NULL
);
CREATE INDEX link_by_due ON link (due);
CREATE INDEX link_by_host ON link (host, due);
CREATE INDEX link_by_verdict ON link (verdict);
-- Which record names which address; follows the change numbers up to `links` in `meta`.
CREATE TABLE link_use (
    portal TEXT NOT NULL, kind BIGINT NOT NULL, agency TEXT NOT NULL, id TEXT NOT NULL, url TEXT NOT NULL,
    PRIMARY KEY (portal, kind, agency, id, url)
);
CREATE INDEX link_use_by_url ON link_use (url);
INSERT INTO meta (name, value) VALUES ('links', 0);
