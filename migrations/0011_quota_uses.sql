-- What each organisation did in the last day, where its plan sets a number. Rows older than a day are removed.

CREATE TABLE quota_use (
  org_id TEXT NOT NULL,
  what TEXT NOT NULL,
  use TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (org_id, what, use)
);
CREATE INDEX quota_use_at ON quota_use (at_ms);
