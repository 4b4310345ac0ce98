-- Daily samples of what is stored, what assistants cost against what they bring, and how far the day's walks are.
CREATE TABLE `usage_day` (
	`tenant_id` text NOT NULL,
	`day` text NOT NULL,
	`stored_bytes` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `day`)
);
CREATE TABLE `tenant_margin` (
	`period` text NOT NULL,
	`tenant_id` text NOT NULL,
	`org_id` text NOT NULL,
	`revenue_nano_usd` integer NOT NULL,
	`cost_nano_usd` integer NOT NULL,
	`margin_nano_usd` integer NOT NULL,
	`body` text NOT NULL,
	`at_ms` integer NOT NULL,
	PRIMARY KEY(`period`, `tenant_id`)
);
CREATE INDEX `tenant_margin_worst` ON `tenant_margin` (`period`,`margin_nano_usd`,`tenant_id`);
CREATE TABLE `daily_walk` (
	`name` text PRIMARY KEY NOT NULL,
	`day` text NOT NULL,
	`cursor` text NOT NULL,
	`done` integer NOT NULL
);
