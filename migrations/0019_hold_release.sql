-- Holds that staff let go: one stays so, whatever is read of its dispute later.
ALTER TABLE `billing_hold` ADD `released_at_ms` integer;
CREATE INDEX `billing_hold_open` ON `billing_hold` (`at_ms`) WHERE open = 1 AND released_at_ms IS NULL;
