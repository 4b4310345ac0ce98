-- Copies of the tenants' own ledgers: totals of a month, and every charged request once.
CREATE TABLE `usage_period` (
	`tenant_id` text NOT NULL,
	`period` text NOT NULL,
	`version` integer NOT NULL,
	`awake_ms` integer NOT NULL,
	`body` text NOT NULL,
	PRIMARY KEY(`tenant_id`, `period`)
);
CREATE TABLE `receipt` (
	`tenant_id` text NOT NULL,
	`request_id` text NOT NULL,
	`period` text NOT NULL,
	`at_ms` integer NOT NULL,
	`day` text NOT NULL,
	`provider` text NOT NULL,
	`model` text NOT NULL,
	`input_tokens` integer NOT NULL,
	`output_tokens` integer NOT NULL,
	`cache_read_tokens` integer NOT NULL,
	`cache_write_tokens` integer NOT NULL,
	`cost_nano_usd` integer NOT NULL,
	`outcome` text NOT NULL,
	`price_version` text NOT NULL,
	`upstream_id` text,
	PRIMARY KEY(`tenant_id`, `request_id`)
);
CREATE INDEX `receipt_period` ON `receipt` (`tenant_id`,`period`,`request_id`);

CREATE TRIGGER `receipt_no_update` BEFORE UPDATE ON `receipt` BEGIN SELECT RAISE(ABORT, 'receipts are append-only'); END;
CREATE TRIGGER `receipt_no_delete` BEFORE DELETE ON `receipt` BEGIN SELECT RAISE(ABORT, 'receipts are append-only'); END;
