-- Billing: accounts and what Stripe says of them, checkouts, the webhook inbox, prepaid credit, months and hours of use.
CREATE TABLE `billing_account` (
	`org_id` text PRIMARY KEY NOT NULL,
	`customer_id` text,
	`trial_ends_at_ms` integer NOT NULL,
	`mirror` text NOT NULL,
	`read_seq` integer DEFAULT 0 NOT NULL,
	`mirror_seq` integer DEFAULT 0 NOT NULL,
	`mirror_at_ms` integer DEFAULT 0 NOT NULL,
	`service` text NOT NULL,
	`service_kind` text NOT NULL,
	`version` integer DEFAULT 0 NOT NULL,
	`look_again_at_ms` integer NOT NULL,
	`overage_nano_usd` integer,
	`created_at_ms` integer NOT NULL
);
CREATE UNIQUE INDEX `billing_account_customer_id_unique` ON `billing_account` (`customer_id`);
CREATE INDEX `billing_account_look_again` ON `billing_account` (`look_again_at_ms`);
CREATE TABLE `billing_checkout` (
	`id` text PRIMARY KEY NOT NULL,
	`org_id` text NOT NULL,
	`kind` text NOT NULL,
	`plan_key` text,
	`cents` integer,
	`state` text NOT NULL,
	`session_id` text,
	`url` text,
	`created_at_ms` integer NOT NULL,
	`expires_at_ms` integer NOT NULL
);
CREATE UNIQUE INDEX `billing_checkout_session_id_unique` ON `billing_checkout` (`session_id`);
CREATE UNIQUE INDEX `billing_checkout_open_plan` ON `billing_checkout` (`org_id`) WHERE kind = 'plan' AND state = 'open';
CREATE INDEX `billing_checkout_org` ON `billing_checkout` (`org_id`,`id`);
CREATE TABLE `billing_hold` (
	`id` text PRIMARY KEY NOT NULL,
	`org_id` text NOT NULL,
	`kind` text NOT NULL,
	`open` integer NOT NULL,
	`at_ms` integer NOT NULL
);
CREATE INDEX `billing_hold_org` ON `billing_hold` (`org_id`);
CREATE TABLE `billing_month` (
	`org_id` text NOT NULL,
	`period` text NOT NULL,
	`plan_key` text NOT NULL,
	`ai_nano_usd` integer NOT NULL,
	`awake_ms` integer NOT NULL,
	`prepaid_nano_usd` integer NOT NULL,
	`billed_ai_nano_usd` integer NOT NULL,
	`billed_awake_minutes` integer NOT NULL,
	`at_ms` integer NOT NULL,
	PRIMARY KEY(`org_id`, `period`)
);
CREATE TABLE `credit_entry` (
	`id` text PRIMARY KEY NOT NULL,
	`org_id` text NOT NULL,
	`nano_usd` integer NOT NULL,
	`payment_id` text NOT NULL,
	`at_ms` integer NOT NULL
);
CREATE INDEX `credit_entry_org` ON `credit_entry` (`org_id`,`at_ms`);
CREATE INDEX `credit_entry_payment` ON `credit_entry` (`payment_id`);
CREATE TABLE `stripe_event` (
	`id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`object_id` text NOT NULL,
	`customer_id` text,
	`created_at_ms` integer NOT NULL,
	`received_at_ms` integer NOT NULL,
	`state` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`next_at_ms` integer NOT NULL,
	`problem` text
);
CREATE INDEX `stripe_event_pending` ON `stripe_event` (`next_at_ms`) WHERE state = 'pending';
CREATE INDEX `stripe_event_received` ON `stripe_event` (`received_at_ms`);
CREATE TABLE `usage_hour` (
	`org_id` text NOT NULL,
	`meter` text NOT NULL,
	`hour_ms` integer NOT NULL,
	`period` text NOT NULL,
	`units` integer NOT NULL,
	`revision` integer NOT NULL,
	`sent` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`org_id`, `meter`, `hour_ms`)
);
CREATE INDEX `usage_hour_unsent` ON `usage_hour` (`hour_ms`) WHERE sent < revision;
CREATE INDEX `usage_hour_period` ON `usage_hour` (`org_id`,`meter`,`period`);
CREATE TRIGGER `credit_entry_append_only_update` BEFORE UPDATE ON `credit_entry` BEGIN SELECT raise(ABORT, 'credit_entry is append-only'); END;
CREATE TRIGGER `credit_entry_append_only_delete` BEFORE DELETE ON `credit_entry` BEGIN SELECT raise(ABORT, 'credit_entry is append-only'); END;
ALTER TABLE `tenant` ADD `limits` text;
