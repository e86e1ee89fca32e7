-- What the Routing API of FIT-Connect knows of a Leistung that is offered online in a town; times in milliseconds.
-- `addresses` is none before the first answer.
CREATE TABLE fit_route (
    schluessel BIGINT NOT NULL, ars TEXT NOT NULL, due BIGINT NOT NULL, addresses BIGINT, privacy BIGINT,
    PRIMARY KEY (ars, schluessel)
);
CREATE INDEX fit_route_by_due ON fit_route (due);
