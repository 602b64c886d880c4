-- +goose Up
-- The alerts that people set. Times are microseconds since 1970, 0 where there
-- is none; decimals are exact, '' where there is none.
CREATE TABLE rules (
    id            BIGINT NOT NULL PRIMARY KEY,
    profile       BIGINT NOT NULL,
    symbol        TEXT   NOT NULL,
    condition     TEXT   NOT NULL,
    level         TEXT   NOT NULL,
    time_window   BIGINT NOT NULL, -- microseconds
    hysteresis    TEXT   NOT NULL,
    repeats       TEXT   NOT NULL,
    cooldown      BIGINT NOT NULL, -- microseconds
    sessions      TEXT   NOT NULL,
    note          TEXT   NOT NULL,
    expires       BIGINT NOT NULL,
    paused        BIGINT NOT NULL, -- 0 or 1
    created       BIGINT NOT NULL,
    version       BIGINT NOT NULL, -- changes by people
    -- What the engine keeps. Whoever stores a firing counts here first, where
    -- the count is the one that it knows: so none is stored twice.
    phase         TEXT   NOT NULL,
    fired         BIGINT NOT NULL,
    count         BIGINT NOT NULL,
    day           TEXT   NOT NULL,
    quote_version BIGINT NOT NULL,
    high          TEXT   NOT NULL,
    low           TEXT   NOT NULL
);
CREATE INDEX rules_of_profile ON rules (profile, id);

-- One row: the last number given to a rule. Numbers are not given again, for
-- the history keeps them.
CREATE TABLE rule_numbers (
    one    BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    newest BIGINT NOT NULL
);
INSERT INTO rule_numbers (one, newest) VALUES (1, 0);

-- The history: what fired, by the number of its notification.
CREATE TABLE firings (
    id      BIGINT NOT NULL PRIMARY KEY,
    rule    BIGINT NOT NULL,
    profile BIGINT NOT NULL,
    message TEXT   NOT NULL,
    time    BIGINT NOT NULL,
    price   TEXT   NOT NULL,
    late    BIGINT NOT NULL, -- 0 or 1
    quote   TEXT   NOT NULL  -- JSON, as on the wire
);
CREATE INDEX firings_of_profile ON firings (profile, id);

-- +goose Down
DROP TABLE firings;
DROP TABLE rule_numbers;
DROP TABLE rules;
