-- What an organisation allows its assistants to spend on AI in a month, below what its plan allows.
ALTER TABLE `billing_account` ADD `budget_nano_usd` integer;
