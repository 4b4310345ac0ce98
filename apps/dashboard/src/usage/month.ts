/** Months as the ledger counts them: UTC, "2026-11". Pure. */

const pattern = /^\d{4}-(?:0[1-9]|1[0-2])$/;

/** A month from the address bar, or null. */
export function parseMonth(raw: unknown): string | null {
  return typeof raw === 'string' && pattern.test(raw) ? raw : null;
}

export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}

/** Every month from the first to the last, newest first, at most 36. */
export function monthsBetween(firstMs: number, lastMs: number): string[] {
  const first = monthOf(Math.min(firstMs, lastMs));
  const months: string[] = [];
  let [year = 0, month = 0] = monthOf(lastMs).split('-').map(Number);
  while (months.length < 36) {
    const text = `${year}-${String(month).padStart(2, '0')}`;
    if (text < first) break;
    months.push(text);
    month -= 1;
    if (month === 0) {
      month = 12;
      year -= 1;
    }
  }
  return months;
}

export function monthLabel(month: string, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(
    Date.parse(`${month}-01T00:00:00Z`),
  );
}

/** Every day of a month, up to today when it is the current one. */
export function daysOf(month: string, nowMs: number): string[] {
  const days: string[] = [];
  const today = new Date(nowMs).toISOString().slice(0, 10);
  for (let day = 1; day <= 31; day++) {
    const text = `${month}-${String(day).padStart(2, '0')}`;
    const at = new Date(`${text}T00:00:00Z`);
    // Date rolls an impossible day into the next month.
    if (Number.isNaN(at.getTime()) || !at.toISOString().startsWith(month)) break;
    if (text > today) break;
    days.push(text);
  }
  return days;
}
