-- Work that waits to be done once: mail to send, tenant-host sessions to end.
CREATE TABLE `mail_outbox` (
	`id` text PRIMARY KEY NOT NULL,
	`key` text NOT NULL,
	`recipient` text NOT NULL,
	`subject` text NOT NULL,
	`text` text NOT NULL,
	`link` text,
	`created_at_ms` integer NOT NULL,
	`sent_at_ms` integer,
	`claimed_until_ms` integer DEFAULT 0 NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL
);
CREATE UNIQUE INDEX `mail_outbox_key_unique` ON `mail_outbox` (`key`);
CREATE INDEX `mail_outbox_newest` ON `mail_outbox` (`created_at_ms`);
CREATE INDEX `mail_outbox_waiting` ON `mail_outbox` (`claimed_until_ms`) WHERE sent_at_ms IS NULL;
CREATE TABLE `session_ending` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`slug` text NOT NULL,
	`parent_session_hash` text,
	`user_id` text,
	`created_at_ms` integer NOT NULL
);
CREATE INDEX `session_ending_oldest` ON `session_ending` (`created_at_ms`);
