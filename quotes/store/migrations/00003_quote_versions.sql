-- +goose Up
-- Of several processes on one database the one with the newer quote wins.
ALTER TABLE last_quotes ADD COLUMN version BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE last_quotes DROP COLUMN version;
