-- +goose Up
CREATE TABLE notifications (
    id      BIGINT NOT NULL PRIMARY KEY,
    type    TEXT   NOT NULL,
    message TEXT   NOT NULL,
    time    BIGINT NOT NULL, -- microseconds since 1970
    symbol  TEXT   NOT NULL DEFAULT '',
    price   TEXT   NOT NULL DEFAULT '', -- exact decimal
    rule    TEXT   NOT NULL DEFAULT ''
);

-- One row. Whoever adds notifications counts here first, in the same
-- transaction: the row's lock makes numbers visible in their order.
CREATE TABLE notification_log (
    one    BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    newest BIGINT NOT NULL, -- the last number given
    pruned BIGINT NOT NULL  -- the highest number that retention removed
);

INSERT INTO notification_log (one, newest, pruned) VALUES (1, 0, 0);

-- +goose Down
DROP TABLE notification_log;
DROP TABLE notifications;
