/**
 * What the demo model answers: enough to try the product (it greets, remembers what it was told, uses tools, can write
 * a long slow answer), never anything that could be taken for a real model. Deterministic.
 */
import { planReminder, remind } from './reminders.ts';
import { meaningful, type DemoRequest, type DemoTool, type DemoTurn, type Reply } from './conversation.ts';

const CONNECT =
  'To connect a real model, put ANTHROPIC_API_KEY=… or the key of another provider into the file .dev.vars and start Tidepool again.';
const WHO = `I am Tidepool's built-in demo model: a small program with canned answers, not a real language model. ${CONNECT}`;

/** @param nowMs when the request arrived */
export function answer(request: DemoRequest, nowMs: number): Reply {
  const turns = meaningful(request.turns);
  const last = turns.at(-1);
  if (!last) return say(WHO);
  if (request.tools.length === 0) {
    const utility = answerUtility(request.system, last.text);
    if (utility !== null) return say(utility);
  }
  if (last.toolResults.length > 0) return say(afterTool(turns, last.toolResults.join('\n')));
  const reminder = remind(last.text);
  if (reminder !== null) return say(reminder);
  return (
    planReminder(last.text, request.tools, nowMs) ??
    useTool(last.text, request.tools) ??
    longAnswer(last.text) ??
    say(recall(last.text, turns) ?? smallTalk(last.text, turns) ?? echo(last.text, turns))
  );
}

function say(text: string): Reply {
  return { kind: 'text', text, slow: false };
}

/** OpenClaw's own small requests: the title of a session, and the recap that its list shows. */
function answerUtility(system: string, text: string): string | null {
  if (/recap/i.test(system)) {
    const asked = [...text.matchAll(/"user: ((?:[^"\\]|\\.)*)"/g)].at(-1)?.[1];
    return asked === undefined
      ? 'The demo model answered; nothing is left to do.'
      : `The user wrote: ${shorten(asked, 120)} The demo model answers it.`;
  }
  if (/\btitle\b/i.test(system) || /\btitle\b.{0,80}(?:conversation|chat|session)/i.test(text)) return titleOf(text);
  return null;
}

function titleOf(text: string): string {
  const words = text
    .replace(/[^\p{L}\p{N}\s'-]/gu, ' ')
    .trim()
    .split(/\s+/)
    .slice(0, 5)
    .join(' ');
  return words === '' ? 'New conversation' : words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** One tool call per question, and only with a tool that the request really offers. */
function useTool(text: string, tools: readonly DemoTool[]): Reply | null {
  const exec = tools.find((tool) => tool.name === 'exec' || tool.name === 'bash');
  const ls = tools.find((tool) => tool.name === 'ls');
  const read = tools.find((tool) => tool.name === 'read');
  const write = tools.find((tool) => tool.name === 'write');
  const command = /\b(?:run|execute)\b[^`]*`([^`\n]{1,300})`/i.exec(text)?.[1];
  if (exec && command !== undefined) return call('Let me run it.', exec, { command });
  if (/\b(?:what(?:'s| is) the (?:time|date)|what time is it|what day is it)\b/i.test(text) && exec) {
    return call('Let me look at the clock.', exec, { command: 'date' });
  }
  if (/\b(?:list|show)\b.{0,20}\bfiles\b|\bwhich files\b|\bls\b/i.test(text)) {
    if (ls) return call('Let me look.', ls, { path: '.' });
    if (exec) return call('Let me look.', exec, { command: 'ls -la' });
  }
  const written =
    /\b(?:write|save)\s+["“]([^"”]{1,2000})["”]\s+(?:to|into|in)\s+(?:the file\s+)?([\w./-]{1,200})/i.exec(text);
  if (write && written)
    return call('Let me write it.', write, { path: written[2] ?? '', content: `${written[1] ?? ''}\n` });
  const path = /\bread\b(?: the)?(?: file)?\s+([\w./-]+\.\w{1,8})/i.exec(text)?.[1];
  if (read && path !== undefined) return call('Let me read it.', read, { path });
  return null;
}

function call(sentence: string, tool: DemoTool, args: Record<string, string>): Reply {
  // OpenClaw wants a short purpose with every exec call.
  const titled = tool.properties.includes('title') ? { title: sentence, ...args } : args;
  return { kind: 'tool', say: sentence, name: tool.name, args: titled };
}

function afterTool(turns: readonly DemoTurn[], result: string): string {
  const name = turns.findLast((turn) => turn.toolNames.length > 0)?.toolNames.at(-1) ?? 'tool';
  const output = shorten(result.trim(), 1500);
  if (output === '') return `The \`${name}\` tool is done; it printed nothing.`;
  return `The \`${name}\` tool answered:\n\n\`\`\`\n${output}\n\`\`\`\n\n(Demo model: I repeat what the tool said; I do not interpret it.)`;
}

const STEPS_MAX = 400;

/** "slowly" or "count to 50": long enough to be stopped half way. */
function longAnswer(text: string): Reply | null {
  const slow = /\bslowly\b/i.test(text);
  const count = /\bcount (?:up )?to (\d{1,6})\b/i.exec(text)?.[1];
  if (!slow && count === undefined) return null;
  const steps = Math.max(1, Math.min(Number(count ?? 60), STEPS_MAX));
  const lines = Array.from({ length: steps }, (_, n) => `${n + 1}. Step ${n + 1} of ${steps}.`);
  const intro = slow ? 'Slowly, so that you can stop me half way:' : 'Here you are:';
  return { kind: 'text', text: `${intro}\n\n${lines.join('\n')}\n\nThat was all ${steps}.`, slow };
}

/** Facts that were stated in the conversation: "my name is Ada", "remember that the key is under the mat". */
function recall(text: string, turns: readonly DemoTurn[]): string | null {
  const said = turns.filter((turn) => turn.role === 'user').map((turn) => turn.text);
  const question = /\bwhat(?:'s| is| was) my ([\w' -]{1,60}?)\s*(?:again|now)?[?.!]*$/i.exec(text)?.[1];
  if (question !== undefined || /\bwho am i\b/i.test(text)) {
    const wanted = (question ?? 'name').toLowerCase();
    const value = said
      .slice(0, -1)
      .map(factsIn)
      .findLast((facts) => facts.has(wanted))
      ?.get(wanted);
    return value === undefined
      ? `You have not told me your ${wanted} in this conversation. Say "my ${wanted} is …" and ask again.`
      : `Your ${wanted} is ${value}.`;
  }
  if (/\bwhat did (?:i|you) (?:ask you to )?remember\b|\bwhat do you remember\b/i.test(text)) {
    const notes = said
      .flatMap((one) => /\bremember (?:that )?(.{1,300})/i.exec(one)?.[1] ?? [])
      .filter((note) => !note.endsWith('?'));
    return notes.length === 0 ? 'Nothing yet. Say "remember that …".' : `I remember: ${notes.join('; ')}`;
  }
  const told = factsIn(text);
  const name = told.get('name');
  if (name !== undefined) return `Nice to meet you, ${name}. I will remember your name in this conversation. (${WHO})`;
  const [key, value] = [...told][0] ?? [];
  if (key !== undefined) return `Noted: your ${key} is ${value}. Ask me for it later.`;
  if (/^\s*(?:please )?remember\b/i.test(text)) return 'Noted. Ask me later what I remember.';
  return null;
}

function factsIn(text: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const [, key, value] of text.matchAll(/\bmy ([\w' -]{1,60}?) is ([^.!?,;\n]{1,100})/gi)) {
    if (key && value) facts.set(key.toLowerCase(), value.trim());
  }
  return facts;
}

function smallTalk(text: string, turns: readonly DemoTurn[]): string | null {
  if (/\b(?:who|what) are you\b|\bwhat model\b|\bwhich model\b|\bare you (?:real|an ai|claude|gpt)\b/i.test(text))
    return WHO;
  if (/\bhelp\b|\bwhat can you do\b/i.test(text)) {
    return `${WHO}\n\nThings to try: "my name is Ada" and later "what is my name?"; "what time is it?" and "list files" (real tools); "run \`uname -a\`"; "remind me in two minutes to stretch"; "count to 30"; "slowly" for a long answer that you can stop.`;
  }
  const sum = /(-?\d{1,9})\s*([-+*×x/])\s*(-?\d{1,9})\s*[=?]*\s*$/i.exec(text);
  if (sum) return `That is ${calculate(Number(sum[1]), sum[2] ?? '+', Number(sum[3]))}.`;
  if (/^(?:hi|hey|hello|good (?:morning|evening|day)|hallo)\b/i.test(text)) {
    const met = turns.some((turn) => turn.role === 'assistant');
    return met ? 'Hello again. What shall we try?' : `Hello! ${WHO} Ask me "what can you do?" for things to try.`;
  }
  if (/\bthank/i.test(text)) return 'You are welcome.';
  return null;
}

function calculate(a: number, operator: string, b: number): string {
  switch (operator) {
    case '+':
      return String(a + b);
    case '-':
      return String(a - b);
    case '/':
      return b === 0 ? 'not defined: there is no dividing by zero' : String(Math.round((a / b) * 1e6) / 1e6);
    default:
      return String(a * b);
  }
}

function echo(text: string, turns: readonly DemoTurn[]): string {
  const heard = `You wrote: “${shorten(text, 300)}”`;
  const met = turns.some((turn) => turn.role === 'assistant');
  return met
    ? `${heard} (I am the demo model, so I cannot do more with it. Ask "what can you do?".)`
    : `${heard}\n\n${WHO} Ask me "what can you do?" for things to try.`;
}

function shorten(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}…`;
}
