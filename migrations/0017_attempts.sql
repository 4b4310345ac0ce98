-- Requests as attempts of a turn, and those that came to nothing.
ALTER TABLE `receipt` ADD COLUMN `turn` text;
ALTER TABLE `receipt` ADD COLUMN `attempt` integer;
ALTER TABLE `receipt` ADD COLUMN `asked` text;
ALTER TABLE `receipt` ADD COLUMN `after` text;
ALTER TABLE `receipt` ADD COLUMN `why` text;
