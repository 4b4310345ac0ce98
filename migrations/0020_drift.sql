-- Receipts against the gateway's own log, day by day: how far each comparison is, what it found, and what it has read.
CREATE TABLE `drift_day` (
	`day` text PRIMARY KEY NOT NULL,
	`pass` integer NOT NULL,
	`done_pass` integer DEFAULT 0 NOT NULL,
	`stage` text NOT NULL,
	`slice` integer DEFAULT 0 NOT NULL,
	`page` integer DEFAULT 1 NOT NULL,
	`cursor` text DEFAULT '' NOT NULL,
	`logs` integer DEFAULT 0 NOT NULL,
	`receipts` integer DEFAULT 0 NOT NULL,
	`cost_nano_usd` integer DEFAULT 0 NOT NULL,
	`truncated` integer DEFAULT false NOT NULL,
	`report` text,
	`problem` text,
	`tried_at_ms` integer DEFAULT 0 NOT NULL,
	`began_at_ms` integer NOT NULL,
	`ended_at_ms` integer
);
CREATE TABLE `drift_finding` (
	`day` text NOT NULL,
	`pass` integer NOT NULL,
	`kind` text NOT NULL,
	`tenant_id` text NOT NULL,
	`ref` text NOT NULL,
	`nano_usd` integer NOT NULL,
	`body` text NOT NULL,
	PRIMARY KEY(`day`, `pass`, `kind`, `tenant_id`, `ref`)
);
CREATE INDEX `drift_finding_tenant` ON `drift_finding` (`tenant_id`,`day`);
CREATE TABLE `witness_log` (
	`day` text NOT NULL,
	`log_id` text NOT NULL,
	`tenant_id` text NOT NULL,
	`request_id` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`succeeded` integer NOT NULL,
	`tokens_in` integer,
	`tokens_out` integer,
	`cost_nano_usd` integer,
	PRIMARY KEY(`day`, `log_id`)
);
CREATE INDEX `witness_log_request` ON `witness_log` (`day`,`tenant_id`,`request_id`);
