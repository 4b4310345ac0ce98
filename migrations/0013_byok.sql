-- Requests that were paid with the customer's own key, and what they would have cost.
ALTER TABLE `receipt` ADD COLUMN `byok` integer DEFAULT false NOT NULL;
ALTER TABLE `receipt` ADD COLUMN `list_cost_nano_usd` integer DEFAULT 0 NOT NULL;
