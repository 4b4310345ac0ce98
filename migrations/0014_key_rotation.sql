-- Rotations of the cell's keys over the fleet, and who is not through.
CREATE TABLE `key_rotation` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`kid` text DEFAULT '' NOT NULL,
	`state` text DEFAULT 'running' NOT NULL,
	`cursor` text DEFAULT '' NOT NULL,
	`listed` integer DEFAULT false NOT NULL,
	`asked` integer DEFAULT 0 NOT NULL,
	`created_at_ms` integer NOT NULL,
	`changed_at_ms` integer NOT NULL
);
CREATE INDEX `key_rotation_state` ON `key_rotation` (`state`,`created_at_ms`);
CREATE TABLE `key_rotation_left` (
	`rotation_id` text NOT NULL,
	`tenant_id` text NOT NULL,
	`why` text NOT NULL,
	`tried_at_ms` integer NOT NULL,
	PRIMARY KEY(`rotation_id`, `tenant_id`)
);
CREATE INDEX `key_rotation_left_tried` ON `key_rotation_left` (`rotation_id`,`tried_at_ms`);
