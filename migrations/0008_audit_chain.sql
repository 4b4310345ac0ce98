-- The audit trail as one chain per organisation. It takes the place of `audit`, which nothing has ever shown; the two triggers
-- of that table go with it.
DROP TABLE `audit`;
CREATE TABLE `audit_entry` (
	`org_id` text NOT NULL,
	`seq` integer NOT NULL,
	`id` text NOT NULL,
	`at_ms` integer NOT NULL,
	`actor_kind` text NOT NULL CHECK (`actor_kind` IN ('person', 'staff', 'api_key', 'system')),
	`actor_id` text NOT NULL,
	`action` text NOT NULL,
	`outcome` text NOT NULL CHECK (`outcome` IN ('intended', 'done', 'refused', 'unknown')),
	`tenant_id` text,
	`intent_id` text,
	`code` text,
	`reason` text CHECK (`actor_kind` <> 'staff' OR coalesce(length(trim(`reason`)), 0) > 0),
	`detail` text NOT NULL CHECK (length(`detail`) <= 20000),
	`request_id` text,
	`prev_hash` text NOT NULL,
	`hash` text NOT NULL,
	PRIMARY KEY(`org_id`, `seq`)
);
CREATE UNIQUE INDEX `audit_entry_id_unique` ON `audit_entry` (`id`);
CREATE INDEX `audit_entry_tenant` ON `audit_entry` (`org_id`,`tenant_id`,`seq`);
CREATE INDEX `audit_entry_actor` ON `audit_entry` (`org_id`,`actor_id`,`seq`);
CREATE TABLE `audit_head` (
	`org_id` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`hash` text NOT NULL,
	`anchored_seq` integer DEFAULT 0 NOT NULL,
	`anchored_day` text DEFAULT '' NOT NULL
);
CREATE INDEX `audit_head_unanchored` ON `audit_head` (`anchored_day`) WHERE anchored_seq < seq;
CREATE TRIGGER `audit_entry_no_update` BEFORE UPDATE ON `audit_entry` BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END;
CREATE TRIGGER `audit_entry_no_delete` BEFORE DELETE ON `audit_entry` BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END;
CREATE TRIGGER `audit_entry_follows` BEFORE INSERT ON `audit_entry` WHEN new.seq <> coalesce((SELECT seq FROM audit_head WHERE org_id = new.org_id), 0) + 1 OR new.prev_hash <> coalesce((SELECT hash FROM audit_head WHERE org_id = new.org_id), '') BEGIN SELECT RAISE(ABORT, 'audit entries follow one another'); END;
CREATE TRIGGER `audit_entry_head` AFTER INSERT ON `audit_entry` BEGIN INSERT INTO audit_head (org_id, seq, hash) VALUES (new.org_id, new.seq, new.hash) ON CONFLICT (org_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash; END;
