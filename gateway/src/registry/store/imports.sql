-- What was handed in, by whom, and what was answered. A key that a program gave names one delivery of a portal for good.
INSERT INTO meta (name, value) VALUES ('import', 0);
CREATE TABLE import (
    id BIGINT NOT NULL PRIMARY KEY, portal TEXT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL, way TEXT NOT NULL,
    format TEXT NOT NULL, whole BIGINT NOT NULL, trial BIGINT NOT NULL, bytes BIGINT NOT NULL, digest TEXT NOT NULL,
    idempotency_key TEXT, run BIGINT, outcome TEXT, status BIGINT, answer TEXT,
    UNIQUE (portal, idempotency_key)
);
CREATE INDEX import_by_portal ON import (portal, id);
