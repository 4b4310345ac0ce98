-- Receipts summed by the hour, by the insert itself and so once each; and the one way in which a receipt may go: by its age.
CREATE TABLE `usage_rollup` (
	`tenant_id` text NOT NULL,
	`period` text NOT NULL,
	`hour_ms` integer NOT NULL,
	`provider` text NOT NULL,
	`model` text NOT NULL,
	`requests` integer NOT NULL,
	`input_tokens` integer NOT NULL,
	`output_tokens` integer NOT NULL,
	`cache_read_tokens` integer NOT NULL,
	`cache_write_tokens` integer NOT NULL,
	`cost_nano_usd` integer NOT NULL,
	`list_cost_nano_usd` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `period`, `hour_ms`, `provider`, `model`)
);
CREATE INDEX `usage_rollup_hour` ON `usage_rollup` (`hour_ms`);
CREATE TABLE `receipt_cutoff` (
	`id` integer PRIMARY KEY NOT NULL,
	`before_ms` integer NOT NULL
);
INSERT INTO `receipt_cutoff` (`id`, `before_ms`) VALUES (1, 0);
CREATE INDEX `receipt_at` ON `receipt` (`at_ms`);

INSERT INTO `usage_rollup`
SELECT tenant_id, period, at_ms - at_ms % 3600000, provider, model, count(*), sum(input_tokens), sum(output_tokens),
  sum(cache_read_tokens), sum(cache_write_tokens), sum(cost_nano_usd), sum(list_cost_nano_usd)
FROM receipt WHERE outcome <> 'failed' GROUP BY tenant_id, period, at_ms - at_ms % 3600000, provider, model;

-- A receipt that is there already is no insert, so a repeat adds nothing. What came to nothing is listed, and counts nowhere.
CREATE TRIGGER `receipt_rollup` AFTER INSERT ON `receipt` WHEN NEW.outcome <> 'failed' BEGIN INSERT INTO usage_rollup VALUES (NEW.tenant_id, NEW.period, NEW.at_ms - NEW.at_ms % 3600000, NEW.provider, NEW.model, 1, NEW.input_tokens, NEW.output_tokens, NEW.cache_read_tokens, NEW.cache_write_tokens, NEW.cost_nano_usd, NEW.list_cost_nano_usd) ON CONFLICT (tenant_id, period, hour_ms, provider, model) DO UPDATE SET requests = requests + excluded.requests, input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens, cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens, cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens, cost_nano_usd = cost_nano_usd + excluded.cost_nano_usd, list_cost_nano_usd = list_cost_nano_usd + excluded.list_cost_nano_usd; END;
-- One that was removed for its age is not taken again: its sum is there, and would grow.
CREATE TRIGGER `receipt_too_old` BEFORE INSERT ON `receipt` WHEN NEW.at_ms < (SELECT before_ms FROM receipt_cutoff WHERE id = 1) BEGIN SELECT RAISE(IGNORE); END;

DROP TRIGGER `receipt_no_delete`;
CREATE TRIGGER `receipt_no_delete` BEFORE DELETE ON `receipt` WHEN OLD.at_ms >= coalesce((SELECT before_ms FROM receipt_cutoff WHERE id = 1), 0) BEGIN SELECT RAISE(ABORT, 'receipts are append-only until they are older than the cutoff'); END;
-- The cutoff moves forward only, and never nearer than 89 days by the database's own clock.
CREATE TRIGGER `receipt_cutoff_forward` BEFORE UPDATE ON `receipt_cutoff` WHEN NEW.before_ms < OLD.before_ms OR NEW.id <> OLD.id OR NEW.before_ms > (unixepoch() - 89 * 86400) * 1000 BEGIN SELECT RAISE(ABORT, 'the cutoff of receipts moves forward only, and no nearer than 89 days'); END;
CREATE TRIGGER `receipt_cutoff_kept` BEFORE DELETE ON `receipt_cutoff` BEGIN SELECT RAISE(ABORT, 'the cutoff of receipts is never removed'); END;
CREATE TRIGGER `receipt_cutoff_one` BEFORE INSERT ON `receipt_cutoff` BEGIN SELECT RAISE(ABORT, 'there is one cutoff of receipts'); END;
