/** Header lists as a platform `Headers`: appended, so that two policies or two cookies stay two. */
export function toHeaders(pairs: readonly (readonly [string, string])[]): Headers {
  const headers = new Headers();
  for (const [name, value] of pairs) headers.append(name, value);
  return headers;
}
