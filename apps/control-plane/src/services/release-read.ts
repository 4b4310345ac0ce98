/** The OpenClaw versions that people may choose here. */
import type { Release } from '../contract/api.ts';
import { AppError } from '../contract/errors.ts';
import { defaultRelease } from '../contract/releases.ts';
import type { Context } from '../context.ts';

/** Newest first. */
export function releaseList(ctx: Context): { items: Release[] } {
  return { items: ctx.config.releases.map((version) => ({ version, isDefault: version === defaultRelease })) };
}

/** @throws AppError release_unknown when it cannot be chosen here */
export function chosenRelease(ctx: Context, version: string): string {
  if (ctx.config.releases.includes(version)) return version;
  throw new AppError('release_unknown', {
    detail: `OpenClaw ${version.slice(0, 40)} cannot be chosen here.`,
    next: `Choose one of these: ${ctx.config.releases.join(', ')}.`,
    errors: [{ pointer: '/release', detail: 'not one of the releases' }],
  });
}
