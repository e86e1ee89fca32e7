-- What was said in the form, as it was with each delivery; none where the delivery took it away. The last one holds.
CREATE TABLE description (
    portal TEXT NOT NULL, id TEXT NOT NULL, import BIGINT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL, body TEXT,
    PRIMARY KEY (portal, id, import)
);
