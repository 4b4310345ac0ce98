// Stripe's requests: form-encoded, nested by brackets. `a[b][0][c]=v` becomes { a: { b: [{ c: 'v' }] } }.

export type FormValue = string | FormValue[] | { [key: string]: FormValue };
export type Form = { [key: string]: FormValue };

const DEPTH_MAX = 8;

/** Parses a body or a query. Throws on a name that cannot be meant. */
export function parseForm(text: string): Form {
  const root: Form = {};
  for (const [name, value] of new URLSearchParams(text)) put(root, pathOf(name), value);
  return arraysIn(root) as Form;
}

function pathOf(name: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (match === null) throw new Error(`"${name}" is not a parameter's name`);
  const rest = [...(match[2] ?? '').matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1] ?? '');
  if (rest.length > DEPTH_MAX) throw new Error(`"${name}" is nested too deep`);
  return [match[1] ?? '', ...rest];
}

function put(root: Form, path: readonly string[], value: string): void {
  let at = root;
  for (const [index, part] of path.entries()) {
    const key = part === '' ? String(Object.keys(at).length) : part;
    if (index === path.length - 1) {
      at[key] = value;
      return;
    }
    const next = at[key];
    const inner: Form = typeof next === 'object' && !Array.isArray(next) ? next : {};
    at[key] = inner;
    at = inner;
  }
}

/** Objects whose keys are 0, 1, 2 … are lists. */
function arraysIn(value: FormValue): FormValue {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, arraysIn(inner)] as const);
  const isList = entries.length > 0 && entries.every(([key], index) => key === String(index));
  return isList ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}
