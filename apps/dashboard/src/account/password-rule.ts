/** The one rule for passwords on the page; the server decides. Length is what counts, so nothing else is asked for. */

export const passwordMinLength = 10;
const passwordMaxLength = 128;

export const passwordHint = `At least ${passwordMinLength} characters. A few words are fine.`;

/** What is wrong with a new password, or null. */
export function passwordProblem(password: string): string | null {
  if (password.length < passwordMinLength) return `Use at least ${passwordMinLength} characters.`;
  if (password.length > passwordMaxLength) return `Use at most ${passwordMaxLength} characters.`;
  return null;
}
