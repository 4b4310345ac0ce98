/**
 * Every number that bounds what one browser may do to a tenant's relay, with its reason. Rates of whole requests are in
 * rate-policy.ts. Relations that must hold are asserted by the test beside.
 */

/** OpenClaw's own limit for a frame after its handshake. */
export const messageMaxBytes = 25 * 1024 * 1024;

/** What may wait to be sent on one leg before its reader counts as stuck: one largest message and a little. */
export const bufferedMaxBytes = 32 * 1024 * 1024;

/**
 * What is sent to a browser that sends nothing back. The Control UI asks something every few seconds, so one that is silent
 * for so long a stream does not read, or is not there.
 */
export const unheardMaxBytes = 64 * 1024 * 1024;

/** Messages from a browser: typing and polling take a few in a second; a page that opens takes dozens at once. */
export const messagesBurst = 2_000;
export const messagesPerSecond = 200;

/** Bytes from a browser: two largest messages at once, then an upload at the speed of a good line. */
export const uploadBurstBytes = 2 * messageMaxBytes;
export const uploadBytesPerSecond = 5 * 1024 * 1024;

/** Open sockets of one run: every member with a few tabs. */
export const socketsMax = 64;
/** Open sockets of one session: a person with many tabs, who leaves room for the others. */
export const socketsPerSessionMax = 16;
