/** What page and API agree on about the check at sign-up. */

/** What a token was made for. */
export const humanCheckAction = 'sign-up';

/** Longest token (Turnstile's own limit). */
export const humanTokenMax = 2_048;

/** The source that the page's policy has to allow, where the check is on. */
export const humanCheckOrigin = 'https://challenges.cloudflare.com';
