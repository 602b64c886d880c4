-- +goose Up
-- What the next start shows until the feeds speak.
CREATE TABLE last_quotes (
    symbol TEXT   NOT NULL PRIMARY KEY,
    quote  TEXT   NOT NULL, -- JSON, as on the wire
    saved  BIGINT NOT NULL  -- microseconds since 1970
);

CREATE TABLE instruments (
    source TEXT NOT NULL PRIMARY KEY, -- the name of the feed
    list   TEXT NOT NULL              -- a JSON array
);

-- +goose Down
DROP TABLE instruments;
DROP TABLE last_quotes;
