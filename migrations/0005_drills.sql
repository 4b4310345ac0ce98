-- When a restore of each assistant was last proven or asked for.
ALTER TABLE `tenant` ADD `drilled_at_ms` integer DEFAULT 0 NOT NULL;
CREATE INDEX `tenant_drilled` ON `tenant` (`drilled_at_ms`) WHERE state IN ('asleep', 'awake');
