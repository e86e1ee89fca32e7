-- Pages of sites that were read: what to ask again with, and what each said last (JSON), so that a page that is as it was,
-- cannot be had or is gone for a while keeps what it says. `filled` is 1 when records came from it. Times in milliseconds.
CREATE TABLE web_page (
    portal TEXT NOT NULL, url TEXT NOT NULL, etag TEXT, last_modified TEXT, visited BIGINT NOT NULL, filled BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (portal, url)
);
