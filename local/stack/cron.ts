// When a cron expression is due. Local only: in production the platform fires the trigger.
// Takes what wrangler.toml may hold in five fields: `*`, numbers, ranges, lists and steps. Days of week are 1-7 with
// 1 = Sunday, as on the platform; both day fields must match (a plain reading is enough for one machine).

const FIELDS = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12 },
  { name: 'day of week', min: 1, max: 7 },
] as const;

/** Whether `expression` is due in the UTC minute that contains `atMs`. Throws on an expression it can't read. */
export function cronIsDue(expression: string, atMs: number): boolean {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) throw new Error(`Cron "${expression}" must have five fields.`);
  const at = new Date(atMs);
  const values = [at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate(), at.getUTCMonth() + 1, at.getUTCDay() + 1];
  return FIELDS.every((field, index) => fieldAllows(parts[index] ?? '', field, values[index] ?? -1, expression));
}

function fieldAllows(text: string, field: (typeof FIELDS)[number], value: number, expression: string): boolean {
  return text.split(',').some((part) => {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null)
      throw new Error(`Cron "${expression}": the ${field.name} field "${text}" is not readable here.`);
    const [, from, to, step] = match;
    const first = from === undefined ? field.min : Number(from);
    const last = to === undefined ? (from === undefined || step !== undefined ? field.max : first) : Number(to);
    const every = step === undefined ? 1 : Number(step);
    return every > 0 && value >= first && value <= last && (value - first) % every === 0;
  });
}
