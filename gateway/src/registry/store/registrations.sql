-- Portals that registered by themselves; `body` is the whole registration. Times in milliseconds.
CREATE TABLE registration (
    portal TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL, owner BIGINT NOT NULL, changed BIGINT NOT NULL
);

-- What each step changed. `old_value` is empty for the first one, `new_value` for one that took a registration away.
CREATE TABLE change_set (
    number BIGINT NOT NULL PRIMARY KEY, portal TEXT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL,
    step TEXT NOT NULL, old_value TEXT, new_value TEXT, undoes BIGINT, undone_by BIGINT
);
CREATE INDEX change_set_portal ON change_set (portal, number);
INSERT INTO meta (name, value) VALUES ('change_set', 0);

-- What shows that a host belongs to who registered it. `lost` is when it was first not found again.
CREATE TABLE proof (
    portal TEXT NOT NULL, host TEXT NOT NULL, token TEXT NOT NULL, place TEXT, proven BIGINT, checked BIGINT,
    lost BIGINT, failures BIGINT NOT NULL,
    PRIMARY KEY (portal, host)
);

-- The last rehearsal of a portal, and of which draft it was.
CREATE TABLE rehearsal (
    portal TEXT NOT NULL PRIMARY KEY, fingerprint TEXT NOT NULL, good BIGINT NOT NULL, at BIGINT NOT NULL,
    body TEXT NOT NULL
);
