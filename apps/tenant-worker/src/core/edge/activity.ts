/**
 * What counts as somebody using an assistant. An assistant that nobody uses falls asleep, and the Control UI in a tab that
 * nobody touches keeps asking by itself: what it asks so is named here and does not count. Everything that is not named
 * counts, so that a newer Control UI can only keep an assistant awake too long, never put one to sleep under a person.
 */

/**
 * Longest frame that is looked into, in UTF-16 units. What the Control UI sends by itself is shorter; its handshake, with a
 * signed device, is the longest.
 */
const lookedIntoMax = 4_096;

/**
 * What the Control UI of OpenClaw 2026.9.6 sends by itself, seen in Chromium over 200 s without a touch and over a
 * reconnect. At rest: `sessions.catalog.list` every 30 s, `agent.identity.get` every 45 s, some `sessions.list` and
 * `sessions.describe`. The page of the system asks `system.info` every 15 s, the one of the logs `logs.tail` every 2 s, the one
 * of the usage `usage.status` and `sessions.usage` every 10 s, the debugging one `diagnostics.lanes` and `last-heartbeat`
 * every 3 s. The rest follow each connection.
 */
const askedByItself: ReadonlySet<string> = new Set([
  'agent.identity.get',
  'agents.list',
  'board.get',
  'chat.metadata',
  'chat.startup',
  'config.get',
  'connect',
  'controlUi.sessionPullRequests.subscribe',
  'cron.list',
  'cron.status',
  'diagnostics.lanes',
  'exec.approval.list',
  'last-heartbeat',
  'logs.tail',
  'mentions.list',
  'models.authStatus',
  'models.list',
  'openclaw.approval.list',
  'plugin.approval.list',
  'plugin.surface.refresh',
  'plugins.controlUi.list',
  'progressCard.get',
  'projects.list',
  'question.list',
  'session.discussion.info',
  'session.members.listEvidence',
  'sessions.branches.list',
  'sessions.catalog.list',
  'sessions.companion.state',
  'sessions.describe',
  'sessions.github.options',
  'sessions.groups.defaults',
  'sessions.groups.list',
  'sessions.list',
  'sessions.messages.subscribe',
  'sessions.observer.visibility',
  'sessions.subscribe',
  'sessions.usage',
  'sessions.viewers.set',
  'system.info',
  'talk.catalog',
  'taskSuggestions.list',
  'tasks.list',
  'update.status',
  'usage.status',
  'users.prefs.get',
]);

/** Whether a frame from a browser is somebody's act. What the gateway sends never is. */
export function isActOnSocket(frame: unknown): boolean {
  if (typeof frame !== 'string' || frame.length > lookedIntoMax) return true;
  let parsed: unknown;
  try {
    parsed = JSON.parse(frame);
  } catch {
    return true;
  }
  if (typeof parsed !== 'object' || parsed === null) return true;
  if (!('type' in parsed) || parsed.type !== 'req') return true;
  return !('method' in parsed) || typeof parsed.method !== 'string' || !askedByItself.has(parsed.method);
}
