-- Assistants as they are wanted and as they last reported, long work, idempotency keys, the audit trail.
CREATE TABLE `tenant` (
	`id` text PRIMARY KEY NOT NULL,
	`org_id` text NOT NULL,
	`slug` text NOT NULL,
	`name` text NOT NULL,
	`spec` text NOT NULL,
	`generation` integer NOT NULL,
	`provision_operation_id` text NOT NULL,
	`report` text,
	`report_version` integer DEFAULT -1 NOT NULL,
	`report_seq` integer DEFAULT 0 NOT NULL,
	`reported_generation` integer DEFAULT 0 NOT NULL,
	`state` text DEFAULT 'absent' NOT NULL,
	`reported_at_ms` integer DEFAULT 0 NOT NULL,
	`swept_at_ms` integer DEFAULT 0 NOT NULL,
	`created_at_ms` integer NOT NULL
);
CREATE UNIQUE INDEX `tenant_slug_unique` ON `tenant` (`slug`);
CREATE INDEX `tenant_org` ON `tenant` (`org_id`,`id`);
CREATE INDEX `tenant_behind` ON `tenant` (`swept_at_ms`) WHERE reported_generation < generation;
CREATE TABLE `operation` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`body` text NOT NULL,
	`finished` integer NOT NULL,
	`progress` integer NOT NULL,
	`started_at_ms` integer NOT NULL
);
CREATE INDEX `operation_tenant` ON `operation` (`tenant_id`,`started_at_ms`);
CREATE TABLE `idempotency` (
	`scope` text NOT NULL,
	`key` text NOT NULL,
	`request_hash` text NOT NULL,
	`result_id` text NOT NULL,
	`response` text,
	`expires_at_ms` integer NOT NULL,
	PRIMARY KEY(`scope`, `key`)
);
CREATE INDEX `idempotency_expires` ON `idempotency` (`expires_at_ms`);
CREATE TABLE `audit` (
	`id` text PRIMARY KEY NOT NULL,
	`org_id` text NOT NULL,
	`actor_id` text NOT NULL,
	`action` text NOT NULL,
	`target_id` text NOT NULL,
	`at_ms` integer NOT NULL
);
CREATE INDEX `audit_org` ON `audit` (`org_id`,`id`);

CREATE TRIGGER `audit_no_update` BEFORE UPDATE ON `audit` BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER `audit_no_delete` BEFORE DELETE ON `audit` BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
