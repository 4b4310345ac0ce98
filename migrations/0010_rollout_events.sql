-- What was done with a rollout, by whom and why; from when its failures count; and one open rollout of a release at a time.
ALTER TABLE `rollout` ADD COLUMN `judged_from_ms` integer DEFAULT 0 NOT NULL;
CREATE UNIQUE INDEX `rollout_open` ON `rollout` (`release`) WHERE state IN ('running', 'paused');
CREATE TABLE `rollout_event` (
	`id` text PRIMARY KEY NOT NULL,
	`rollout_id` text NOT NULL,
	`action` text NOT NULL,
	`actor_id` text NOT NULL,
	`reason` text,
	`at_ms` integer NOT NULL
);
CREATE INDEX `rollout_event_rollout` ON `rollout_event` (`rollout_id`,`id`);
CREATE TRIGGER `rollout_event_no_update` BEFORE UPDATE ON `rollout_event` BEGIN SELECT RAISE(ABORT, 'rollout events are append-only'); END;
CREATE TRIGGER `rollout_event_no_delete` BEFORE DELETE ON `rollout_event` BEGIN SELECT RAISE(ABORT, 'rollout events are append-only'); END;
