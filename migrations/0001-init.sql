-- Everything the control plane remembers. Equal to apps/control-plane/src/adapters/d1/schema.ts (a test compares).
CREATE TABLE `audit` (
	`id` text PRIMARY KEY NOT NULL,
	`org_id` text NOT NULL,
	`actor_id` text NOT NULL,
	`action` text NOT NULL,
	`target_id` text NOT NULL,
	`at_ms` integer NOT NULL
);

CREATE INDEX `audit_org` ON `audit` (`org_id`,`id`);
CREATE TABLE `idempotency` (
	`scope` text NOT NULL,
	`key` text NOT NULL,
	`request_hash` text NOT NULL,
	`result_id` text NOT NULL,
	`expires_at_ms` integer NOT NULL,
	PRIMARY KEY(`scope`, `key`)
);

CREATE INDEX `idempotency_expires` ON `idempotency` (`expires_at_ms`);
CREATE TABLE `mail_outbox` (
	`id` text PRIMARY KEY NOT NULL,
	`key` text NOT NULL,
	`recipient` text NOT NULL,
	`subject` text NOT NULL,
	`text` text NOT NULL,
	`link` text,
	`created_at_ms` integer NOT NULL
);

CREATE UNIQUE INDEX `mail_outbox_key_unique` ON `mail_outbox` (`key`);
CREATE INDEX `mail_outbox_newest` ON `mail_outbox` (`created_at_ms`);
CREATE TABLE `operation` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`body` text NOT NULL,
	`finished` integer NOT NULL,
	`started_at_ms` integer NOT NULL
);

CREATE INDEX `operation_tenant` ON `operation` (`tenant_id`,`started_at_ms`);
CREATE TABLE `receipt` (
	`tenant_id` text NOT NULL,
	`request_id` text NOT NULL,
	`period` text NOT NULL,
	`at_ms` integer NOT NULL,
	`day` text NOT NULL,
	`provider` text NOT NULL,
	`model` text NOT NULL,
	`input_tokens` integer NOT NULL,
	`output_tokens` integer NOT NULL,
	`cache_read_tokens` integer NOT NULL,
	`cache_write_tokens` integer NOT NULL,
	`cost_nano_usd` integer NOT NULL,
	`outcome` text NOT NULL,
	`price_version` text NOT NULL,
	`upstream_id` text,
	PRIMARY KEY(`tenant_id`, `request_id`)
);

CREATE INDEX `receipt_period` ON `receipt` (`tenant_id`,`period`,`request_id`);
CREATE TABLE `tenant` (
	`id` text PRIMARY KEY NOT NULL,
	`org_id` text NOT NULL,
	`slug` text NOT NULL,
	`name` text NOT NULL,
	`spec` text NOT NULL,
	`generation` integer NOT NULL,
	`provision_operation_id` text NOT NULL,
	`report` text,
	`report_version` integer DEFAULT 0 NOT NULL,
	`reported_generation` integer DEFAULT 0 NOT NULL,
	`state` text DEFAULT 'absent' NOT NULL,
	`reported_at_ms` integer DEFAULT 0 NOT NULL,
	`created_at_ms` integer NOT NULL
);

CREATE UNIQUE INDEX `tenant_slug_unique` ON `tenant` (`slug`);
CREATE INDEX `tenant_org` ON `tenant` (`org_id`,`id`);
CREATE INDEX `tenant_behind` ON `tenant` (`reported_generation`,`created_at_ms`);
CREATE TABLE `usage_period` (
	`tenant_id` text NOT NULL,
	`period` text NOT NULL,
	`version` integer NOT NULL,
	`body` text NOT NULL,
	`report_version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `period`)
);

CREATE TABLE `account` (
	`id` text PRIMARY KEY NOT NULL,
	`account_id` text NOT NULL,
	`provider_id` text NOT NULL,
	`user_id` text NOT NULL,
	`access_token` text,
	`refresh_token` text,
	`id_token` text,
	`access_token_expires_at` integer,
	`refresh_token_expires_at` integer,
	`scope` text,
	`password` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);

CREATE INDEX `account_user` ON `account` (`user_id`);
CREATE UNIQUE INDEX `account_provider` ON `account` (`provider_id`,`account_id`);
CREATE TABLE `invitation` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`email` text NOT NULL,
	`role` text,
	`status` text NOT NULL,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`inviter_id` text NOT NULL,
	FOREIGN KEY (`organization_id`) REFERENCES `organization`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`inviter_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);

CREATE INDEX `invitation_org` ON `invitation` (`organization_id`);
CREATE INDEX `invitation_email` ON `invitation` (`email`);
CREATE TABLE `member` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`organization_id`) REFERENCES `organization`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);

CREATE UNIQUE INDEX `member_once` ON `member` (`organization_id`,`user_id`);
CREATE INDEX `member_user` ON `member` (`user_id`);
CREATE TABLE `organization` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`slug` text NOT NULL,
	`logo` text,
	`created_at` integer NOT NULL,
	`metadata` text
);

CREATE UNIQUE INDEX `organization_slug_unique` ON `organization` (`slug`);
CREATE TABLE `rate_limit` (
	`id` text PRIMARY KEY NOT NULL,
	`key` text NOT NULL,
	`count` integer NOT NULL,
	`last_request` integer NOT NULL
);

CREATE UNIQUE INDEX `rate_limit_key_unique` ON `rate_limit` (`key`);
CREATE TABLE `session` (
	`id` text PRIMARY KEY NOT NULL,
	`expires_at` integer NOT NULL,
	`token` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`ip_address` text,
	`user_agent` text,
	`user_id` text NOT NULL,
	`active_organization_id` text,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
);

CREATE UNIQUE INDEX `session_token_unique` ON `session` (`token`);
CREATE INDEX `session_user` ON `session` (`user_id`);
CREATE INDEX `session_expires` ON `session` (`expires_at`);
CREATE TABLE `user` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`email` text NOT NULL,
	`email_verified` integer DEFAULT false NOT NULL,
	`image` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);

CREATE UNIQUE INDEX `user_email_unique` ON `user` (`email`);
CREATE TABLE `verification` (
	`id` text PRIMARY KEY NOT NULL,
	`identifier` text NOT NULL,
	`value` text NOT NULL,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);

CREATE INDEX `verification_identifier` ON `verification` (`identifier`);
CREATE INDEX `verification_expires` ON `verification` (`expires_at`);