-- The tables of version 1, in the SQL that SQLite and PostgreSQL share: BIGINT, TEXT, flags as 0 and 1, `$1`.
-- Statements end with a semicolon at the end of a line. Times in milliseconds.
CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO meta (name, value) VALUES ('schema', 1), ('account', 0), ('token', 0);

-- Who may sign in: by a password (its Argon2id hash), or as the subject of an issuer of OpenID Connect.
CREATE TABLE account (
    id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, password TEXT,
    issuer TEXT, subject TEXT, locked BIGINT NOT NULL, created BIGINT NOT NULL, signed_in BIGINT,
    UNIQUE (issuer, subject)
);
CREATE TABLE account_right (
    account BIGINT NOT NULL, portal TEXT NOT NULL, level TEXT NOT NULL,
    PRIMARY KEY (account, portal)
);
CREATE INDEX account_right_by_portal ON account_right (portal);

-- Sessions and tokens are found by the SHA-256 of what their owner holds; that itself is nowhere.
CREATE TABLE session (
    hash TEXT NOT NULL PRIMARY KEY, account BIGINT NOT NULL, created BIGINT NOT NULL, seen BIGINT NOT NULL,
    network TEXT
);
CREATE INDEX session_by_account ON session (account);
-- `portals` is empty (none) where the token reaches all portals of its account, else their ids with blanks between.
CREATE TABLE token (
    id BIGINT NOT NULL PRIMARY KEY, account BIGINT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
    level TEXT NOT NULL, portals TEXT, created BIGINT NOT NULL, ends BIGINT NOT NULL, used BIGINT
);
CREATE INDEX token_by_account ON token (account);

-- Failed sign-ins, by the SHA-256 of the name that was typed and of the client's network.
CREATE TABLE attempt (
    mark TEXT NOT NULL PRIMARY KEY, failures BIGINT NOT NULL, latest BIGINT NOT NULL, barred_until BIGINT NOT NULL
);
CREATE INDEX attempt_by_latest ON attempt (latest);

-- What was done, by whom; every row holds the hash of the one before it. `audit_head` says where the chain ends.
CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, via TEXT NOT NULL, network TEXT,
    action TEXT NOT NULL, portal TEXT, old_value TEXT, new_value TEXT, reason TEXT,
    previous TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE INDEX audit_by_portal ON audit (portal, seq);
CREATE TABLE audit_head (one BIGINT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL, hash TEXT NOT NULL);
INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, '');
