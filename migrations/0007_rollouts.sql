-- Releases on their way over the fleet, and whom each of them asked.
CREATE TABLE `rollout` (
	`id` text PRIMARY KEY NOT NULL,
	`release` text NOT NULL,
	`plan` text NOT NULL,
	`state` text NOT NULL,
	`stage` integer DEFAULT 0 NOT NULL,
	`cursor` text DEFAULT '' NOT NULL,
	`listed` integer DEFAULT false NOT NULL,
	`reason` text,
	`created_at_ms` integer NOT NULL,
	`changed_at_ms` integer NOT NULL
);
CREATE INDEX `rollout_state` ON `rollout` (`state`,`id`);
CREATE TABLE `rollout_tenant` (
	`rollout_id` text NOT NULL,
	`tenant_id` text NOT NULL,
	`outcome` text NOT NULL,
	`asked_at_ms` integer NOT NULL,
	`ended_at_ms` integer,
	PRIMARY KEY(`rollout_id`, `tenant_id`)
);
CREATE INDEX `rollout_tenant_outcome` ON `rollout_tenant` (`rollout_id`,`outcome`,`asked_at_ms`);
CREATE INDEX `rollout_tenant_ended` ON `rollout_tenant` (`rollout_id`,`ended_at_ms`);
