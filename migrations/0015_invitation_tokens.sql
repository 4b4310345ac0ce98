-- An invitation is accepted with a secret that only its mail held; kept as a hash. When it was mailed last bounds sending again.
ALTER TABLE `invitation` ADD `token_hash` text;
ALTER TABLE `invitation` ADD `sent_at_ms` integer DEFAULT 0 NOT NULL;
CREATE UNIQUE INDEX `invitation_token` ON `invitation` (`token_hash`);
