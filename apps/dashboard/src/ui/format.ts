/**
 * How numbers, money and times read. Pure: `nowMs` and, for tests, `locale` and `timeZone` are passed in.
 * Money arrives as integer nano-USD and never becomes a float: it is turned into a decimal string and formatted as one.
 */
import { decimalFromNano } from '../../../control-plane/src/contract/money.ts';

export interface FormatOptions {
  readonly locale?: string;
  readonly timeZone?: string;
}

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

/**
 * Money to the digits that matter: cents from one dollar up, four decimals from one cent up, three significant
 * digits below, so that a request of $0.000213 does not read as "$0.00".
 */
export function formatUsd(nanoUsd: number, options: FormatOptions = {}): string {
  const abs = Math.abs(nanoUsd);
  const digits =
    abs === 0 || abs >= 1_000_000_000
      ? { minimumFractionDigits: 2, maximumFractionDigits: 2 }
      : abs >= 10_000_000
        ? { minimumFractionDigits: 2, maximumFractionDigits: 4 }
        : { maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(options.locale, { style: 'currency', currency: 'USD', ...digits }).format(
    decimalFromNano(nanoUsd),
  );
}

/** Money to the nano-dollar, for the person who checks. */
export function formatUsdExact(nanoUsd: number, options: FormatOptions = {}): string {
  return new Intl.NumberFormat(options.locale, {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 9,
    maximumFractionDigits: 9,
  }).format(decimalFromNano(nanoUsd));
}

/** Whole dollars where possible: for a cap, which people set in dollars. */
export function formatCap(nanoUsd: number, options: FormatOptions = {}): string {
  const whole = nanoUsd % 1_000_000_000 === 0;
  return new Intl.NumberFormat(options.locale, {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: whole ? 0 : 2,
    maximumFractionDigits: whole ? 0 : 9,
  }).format(decimalFromNano(nanoUsd));
}

/** 0 for nothing spent, 1 at the cap, above 1 over it. A cap of zero is reached at once. */
export function capRatio(spentNanoUsd: number, capNanoUsd: number): number {
  if (capNanoUsd <= 0) return 1;
  return spentNanoUsd / capNanoUsd;
}

export function formatCount(value: number, options: FormatOptions = {}): string {
  return new Intl.NumberFormat(options.locale).format(value);
}

/** "1 file", "1,200 files". The noun makes its plural with an s. */
export function counted(value: number, noun: string, options: FormatOptions = {}): string {
  return `${formatCount(value, options)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Bytes in decimal units (kB = 1000), at most one decimal. */
export function formatBytes(bytes: number, options: FormatOptions = {}): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let value = bytes;
  let unit = 0;
  // What would be rounded up to a thousand is one of the next unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return new Intl.NumberFormat(options.locale, {
    style: 'unit',
    unit: units[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0,
  }).format(value);
}

/** A running clock: "0.4 s", "14 s", "2 min 05 s", "3 h 12 min". Never negative. */
export function formatElapsed(ms: number): string {
  const safe = Math.max(0, ms);
  if (safe < 1000) return `${(Math.floor(safe / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(safe / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A span added up over a month: "none yet", "under 1 min", "47 min", "16 h 47 min". */
export function formatSpan(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / minuteMs);
  if (ms <= 0) return 'none yet';
  if (minutes === 0) return 'under 1 min';
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A measured duration of one step: tenths below ten seconds. */
export function formatDuration(ms: number): string {
  const safe = Math.max(0, ms);
  return safe < 10_000 ? `${(Math.round(safe / 100) / 10).toFixed(1)} s` : formatElapsed(safe);
}

/** Relative up to a day, then the date; the exact time belongs into the title beside it. */
export function formatWhen(atMs: number, nowMs: number, options: FormatOptions = {}): string {
  const age = nowMs - atMs;
  const relative = new Intl.RelativeTimeFormat(options.locale, { numeric: 'auto' });
  if (Math.abs(age) < 45_000) return 'just now';
  const whole = (unitMs: number): number => -Math.sign(age) * Math.max(1, Math.floor(Math.abs(age) / unitMs));
  if (Math.abs(age) < hourMs) return relative.format(whole(minuteMs), 'minute');
  if (Math.abs(age) < dayMs) return relative.format(whole(hourMs), 'hour');
  return new Intl.DateTimeFormat(options.locale, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    ...zone(options),
  }).format(atMs);
}

/** The day on which something happens where the viewer is. */
export function formatDate(atMs: number, options: FormatOptions = {}): string {
  return new Intl.DateTimeFormat(options.locale, { dateStyle: 'long', ...zone(options) }).format(atMs);
}

/** A day as the ledger counts it, in UTC: "November 2". From an instant or its text, such as "2026-11-02". */
export function formatUtcDay(at: number | string, { locale }: FormatOptions = {}): string {
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(at));
}

/** The time of day, to the second, in the viewer's zone. */
export function formatClock(atMs: number, options: FormatOptions = {}): string {
  return new Intl.DateTimeFormat(options.locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    ...zone(options),
  }).format(atMs);
}

/** Date and time to the second in the viewer's zone: for lists of events. */
export function formatDateTime(atMs: number, options: FormatOptions = {}): string {
  return new Intl.DateTimeFormat(options.locale, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    ...zone(options),
  }).format(atMs);
}

/** The same instant in UTC, for a title. */
export function formatUtc(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function zone(options: FormatOptions): { timeZone: string } | Record<string, never> {
  return options.timeZone === undefined ? {} : { timeZone: options.timeZone };
}
