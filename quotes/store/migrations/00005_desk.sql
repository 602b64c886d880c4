-- +goose Up
-- A person's own things, kept without an account. Times are microseconds since
-- 1970, 0 where there is none; yes and no are 1 and 0.

-- The last number given to a row of each of these kinds. Numbers are not given
-- again. Whoever adds a row or changes a profile counts here first.
CREATE TABLE counters (
    name   TEXT   NOT NULL PRIMARY KEY,
    newest BIGINT NOT NULL
);
INSERT INTO counters (name, newest) VALUES ('profiles', 0), ('lists', 0), ('channels', 0), ('outbox', 0), ('changes', 0);

CREATE TABLE profiles (
    id       BIGINT NOT NULL PRIMARY KEY,
    created  BIGINT NOT NULL, -- 0: it is gone, and its row will be
    seen     BIGINT NOT NULL, -- to the day
    settings TEXT   NOT NULL, -- JSON
    -- Which version its things have; a change of one of them also takes the next
    -- number of 'changes', so that other processes find what has changed.
    lists    BIGINT NOT NULL,
    alerts   BIGINT NOT NULL,
    marks    BIGINT NOT NULL,
    settings_version BIGINT NOT NULL,
    changed  BIGINT NOT NULL,
    -- Notifications up to these numbers are read, and cleared from the panel.
    read_to    BIGINT NOT NULL,
    cleared_to BIGINT NOT NULL,
    pruned     BIGINT NOT NULL DEFAULT 0 -- the highest number of its own that retention removed
);
CREATE INDEX profiles_changed ON profiles (changed);

-- What opens a profile: the SHA-256 of a browser's secret, or the name that a
-- reverse proxy vouches for.
CREATE TABLE profile_keys (
    key     TEXT   NOT NULL PRIMARY KEY, -- 'cookie:' and hexadecimal digits, or 'user:' and the name
    profile BIGINT NOT NULL,
    label   TEXT   NOT NULL, -- the device, for a person
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL  -- to the day
);
CREATE INDEX keys_of_profile ON profile_keys (profile);

-- Codes that take another device in, once.
CREATE TABLE move_codes (
    hash    TEXT   NOT NULL PRIMARY KEY, -- SHA-256 in hexadecimal digits
    profile BIGINT NOT NULL,
    expires BIGINT NOT NULL
);

CREATE TABLE lists (
    id       BIGINT NOT NULL PRIMARY KEY,
    profile  BIGINT NOT NULL,
    name     TEXT   NOT NULL,
    position BIGINT NOT NULL,
    symbols  TEXT   NOT NULL, -- with commas between them, in their order
    version  BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    deleted  BIGINT NOT NULL, -- it can be brought back for a while
    share    TEXT   NOT NULL  -- the secret of its public link, '' without
);
CREATE INDEX lists_of_profile ON lists (profile, position);
CREATE UNIQUE INDEX lists_shared ON lists (share) WHERE share <> '';

-- Notifications: for one profile, or for all (0); of those for all some are meant
-- for the watchers of the symbol alone.
ALTER TABLE notifications ADD COLUMN profile BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notifications ADD COLUMN watchers BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notifications ADD COLUMN kind TEXT NOT NULL DEFAULT '';  -- 'message', 'alert' or 'incident'; '' is from before there were kinds
ALTER TABLE notifications ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE notifications ADD COLUMN expires BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notifications ADD COLUMN rule_id BIGINT NOT NULL DEFAULT 0; -- of an alert
ALTER TABLE notifications ADD COLUMN deliver TEXT NOT NULL DEFAULT ''; -- of an alert: its rule's, when it fired
CREATE INDEX notifications_of_profile ON notifications (profile, id);
-- The highest number that retention removed of what was for all.
ALTER TABLE notification_log ADD COLUMN pruned_of_all BIGINT NOT NULL DEFAULT 0;
UPDATE notification_log SET pruned_of_all = pruned;

-- Those that a profile has read or cleared one by one.
CREATE TABLE notification_marks (
    profile      BIGINT NOT NULL,
    notification BIGINT NOT NULL,
    is_read      BIGINT NOT NULL,
    is_cleared   BIGINT NOT NULL,
    PRIMARY KEY (profile, notification)
);
CREATE INDEX marks_of_notification ON notification_marks (notification); -- retention removes them

-- Whether a source was last told to be down, and when, so that one of several
-- processes tells it, and none too often.
CREATE TABLE incidents (
    source TEXT   NOT NULL PRIMARY KEY,
    down   BIGINT NOT NULL,
    told   BIGINT NOT NULL -- when it was last told to be down
);

-- How an alert reaches its owner beside the panel: '' as the profile has it,
-- 'none', or a comma list of sound, browser and numbers of channels.
ALTER TABLE rules ADD COLUMN deliver TEXT NOT NULL DEFAULT '';

-- The number of 'changes' with which a person last changed a rule, or deleted it:
-- so the processes that watch for rules find what has changed. Deletions are kept
-- for some thousand numbers.
ALTER TABLE rules ADD COLUMN since BIGINT NOT NULL DEFAULT 0; -- the version with which its state began anew
ALTER TABLE rules ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX rules_changed ON rules (changed);
CREATE TABLE rule_deletions (
    rule    BIGINT NOT NULL PRIMARY KEY,
    symbol  TEXT   NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX rule_deletions_changed ON rule_deletions (changed);

-- Deleted alerts as they were: they can be brought back for a while.
CREATE TABLE deleted_rules (
    id            BIGINT NOT NULL PRIMARY KEY,
    profile       BIGINT NOT NULL,
    symbol        TEXT   NOT NULL,
    condition     TEXT   NOT NULL,
    level         TEXT   NOT NULL,
    time_window   BIGINT NOT NULL,
    hysteresis    TEXT   NOT NULL,
    repeats       TEXT   NOT NULL,
    cooldown      BIGINT NOT NULL,
    sessions      TEXT   NOT NULL,
    note          TEXT   NOT NULL,
    expires       BIGINT NOT NULL,
    paused        BIGINT NOT NULL,
    created       BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    phase         TEXT   NOT NULL,
    fired         BIGINT NOT NULL,
    count         BIGINT NOT NULL,
    day           TEXT   NOT NULL,
    quote_version BIGINT NOT NULL,
    high          TEXT   NOT NULL,
    low           TEXT   NOT NULL,
    deliver       TEXT   NOT NULL,
    since         BIGINT NOT NULL,
    deleted       BIGINT NOT NULL
);
CREATE INDEX deleted_rules_of_profile ON deleted_rules (profile);

ALTER TABLE firings ADD COLUMN symbol TEXT NOT NULL DEFAULT '';

-- Ways to reach a person when no page is open.
CREATE TABLE channels (
    id        BIGINT NOT NULL PRIMARY KEY,
    profile   BIGINT NOT NULL,
    kind      TEXT   NOT NULL, -- push, email, ntfy, slack, discord, webhook, post or service
    name      TEXT   NOT NULL,
    address   TEXT   NOT NULL, -- a URL, a mail address, or the name of a service of the operator
    secret    TEXT   NOT NULL, -- what signs webhooks; a push subscription's keys as JSON
    enabled   BIGINT NOT NULL,
    alerts    BIGINT NOT NULL, -- takes alerts
    messages  BIGINT NOT NULL, -- takes operator messages and incidents
    confirmed BIGINT NOT NULL, -- when a mail address was confirmed; others at once
    code      TEXT   NOT NULL, -- SHA-256 of the code that confirms it, in hexadecimal digits
    created   BIGINT NOT NULL,
    version   BIGINT NOT NULL,
    delivered BIGINT NOT NULL, -- when it last took something
    failing   BIGINT NOT NULL, -- since when it has taken nothing
    error     TEXT   NOT NULL  -- what it said last
);
CREATE INDEX channels_of_profile ON channels (profile, id);

-- What is to be delivered, in the order of the numbers for each channel; a test
-- does not wait for the others. Whoever changes a channel and its rows changes the
-- channel first.
CREATE TABLE outbox (
    id           BIGINT NOT NULL PRIMARY KEY,
    channel      BIGINT NOT NULL,
    profile      BIGINT NOT NULL,
    notification BIGINT NOT NULL, -- 0 is a test
    payload      TEXT   NOT NULL, -- the notification as JSON
    created      BIGINT NOT NULL,
    due          BIGINT NOT NULL, -- not to be tried before
    tries        BIGINT NOT NULL,
    state        TEXT   NOT NULL, -- waiting, delivered or dead
    error        TEXT   NOT NULL, -- the last try's
    ended        BIGINT NOT NULL, -- when it was delivered or given up
    leased       BIGINT NOT NULL  -- until then one process tries it
);
CREATE INDEX outbox_waiting ON outbox (channel, id) WHERE state = 'waiting' AND notification <> 0;
CREATE INDEX outbox_tests ON outbox (id) WHERE state = 'waiting' AND notification = 0;
CREATE INDEX outbox_ended ON outbox (state, ended) WHERE ended > 0;
CREATE INDEX outbox_ended_of_channel ON outbox (channel, ended) WHERE ended > 0;
CREATE INDEX outbox_of_profile ON outbox (profile, id);

-- Keys that all processes share: made by the first that needs one.
CREATE TABLE server_keys (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- +goose Down
DROP TABLE server_keys;
DROP TABLE outbox;
DROP TABLE channels;
ALTER TABLE firings DROP COLUMN symbol;
DROP TABLE deleted_rules;
DROP TABLE rule_deletions;
DROP INDEX rules_changed;
ALTER TABLE rules DROP COLUMN changed;
ALTER TABLE rules DROP COLUMN since;
ALTER TABLE rules DROP COLUMN deliver;
DROP TABLE incidents;
DROP TABLE notification_marks;
ALTER TABLE notification_log DROP COLUMN pruned_of_all;
DROP INDEX notifications_of_profile;
ALTER TABLE notifications DROP COLUMN deliver;
ALTER TABLE notifications DROP COLUMN rule_id;
ALTER TABLE notifications DROP COLUMN expires;
ALTER TABLE notifications DROP COLUMN link;
ALTER TABLE notifications DROP COLUMN kind;
ALTER TABLE notifications DROP COLUMN watchers;
ALTER TABLE notifications DROP COLUMN profile;
DROP TABLE lists;
DROP TABLE move_codes;
DROP TABLE profile_keys;
DROP TABLE profiles;
DROP TABLE counters;
