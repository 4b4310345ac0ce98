-- The record of every recovery of an assistant, as the tenant last told it.
CREATE TABLE `incident` (
	`tenant_id` text NOT NULL,
	`seq` integer NOT NULL,
	`id` text NOT NULL,
	`version` integer NOT NULL,
	`noticed_at_ms` integer NOT NULL,
	`body` text NOT NULL,
	PRIMARY KEY(`tenant_id`, `seq`)
);
CREATE INDEX `incident_timeline` ON `incident` (`tenant_id`,`noticed_at_ms`,`id`);
