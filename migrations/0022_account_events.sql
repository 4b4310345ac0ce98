-- What people did with their own accounts, for themselves to see: bounded by number here and by age in the sweep, so it is
-- no chain.
CREATE TABLE `account_event` (
	`user_id` text NOT NULL,
	`id` text NOT NULL,
	`at_ms` integer NOT NULL,
	`action` text NOT NULL,
	`actor_id` text,
	`country` text CHECK (length(`country`) = 2),
	`device` text NOT NULL CHECK (length(`device`) <= 40),
	PRIMARY KEY(`user_id`, `id`),
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);
CREATE INDEX `account_event_at` ON `account_event` (`at_ms`);
CREATE TRIGGER `account_event_no_update` BEFORE UPDATE ON `account_event` BEGIN SELECT RAISE(ABORT, 'account events are not changed'); END;
CREATE TRIGGER `account_event_bounded` AFTER INSERT ON `account_event` BEGIN DELETE FROM account_event WHERE user_id = new.user_id AND action = new.action AND id <= (SELECT id FROM account_event WHERE user_id = new.user_id AND action = new.action ORDER BY id DESC LIMIT 1 OFFSET 50); END;
