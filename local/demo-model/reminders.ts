/**
 * Reminders: "remind me in two minutes to feed the crabs" becomes a one-shot job of OpenClaw's own scheduler, and what that
 * job asks later becomes the reminder. The call is the one a real model makes with OpenClaw 2026.9.6's `automations` tool.
 */
import type { DemoTool, Reply } from './conversation.ts';

const unitsMs: Readonly<Record<string, number>> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const words = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const asks = /\bremind me in (a|an|\d{1,4}|[a-z]{3,5}) (second|minute|hour|day)s? to (.{1,200}?)[.!]*$/im;
const jobAsks = /\bThe time has come to remind the user: (.{1,200}?)\.(?:\s|$)/;

/** @param nowMs when the request arrived: a model learns the time from its prompt, to the minute at best */
export function planReminder(text: string, tools: readonly DemoTool[], nowMs: number): Reply | null {
  const [, count = '', unit = '', what = ''] = asks.exec(text) ?? [];
  const number = /^an?$/i.test(count) ? 1 : /^\d/.test(count) ? Number(count) : words.indexOf(count.toLowerCase());
  const delayMs = number * (unitsMs[unit.toLowerCase()] ?? 0);
  if (what === '' || delayMs <= 0) return null;
  const at = new Date(nowMs + delayMs).toISOString();
  const args = {
    action: 'add',
    job: {
      name: `Reminder: ${what.slice(0, 60)}`,
      schedule: { kind: 'at', at },
      sessionTarget: 'current',
      payload: { kind: 'agentTurn', message: `The time has come to remind the user: ${what}.` },
      deleteAfterRun: true,
    },
  };
  const say = `I will remind you at ${at}.`;
  if (tools.some(({ name }) => name === 'automations')) return { kind: 'tool', say, name: 'automations', args };
  // OpenClaw keeps most tools out of the prompt, to be called through one that is in it.
  if (!tools.some(({ name }) => name === 'tool_call')) return null;
  return { kind: 'tool', say, name: 'tool_call', args: { id: 'automations', args } };
}

/** What the job's own turn is answered with, or null when this is no such turn. */
export function remind(text: string): string | null {
  const what = jobAsks.exec(text)?.[1];
  return what === undefined ? null : `Reminder: ${what}.`;
}
