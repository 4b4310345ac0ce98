import { describe, expect, test } from 'vitest';
import { fateOf, recognise, type Found } from './shape.ts';

const ulid = '01k9zq0000000000000000000a';

test.each<[string, string[], Found | null]>([
  ['our export', [`tidepool-export-${ulid}/README.md`, 'openclaw.json'], { shape: 'tidepool', prefix: '' }],
  ['a folder packed from inside', ['openclaw.json', 'workspace/a'], { shape: 'openclaw', prefix: '' }],
  ['a folder packed by name', ['.openclaw/openclaw.json', '.openclaw/x'], { shape: 'openclaw', prefix: '.openclaw/' }],
  [
    'a home folder',
    ['home/nora/.openclaw/openclaw.json', 'home/nora/notes'],
    { shape: 'openclaw', prefix: 'home/nora/.openclaw/' },
  ],
  ['a state without a config', ['.openclaw/state/openclaw.sqlite'], { shape: 'openclaw', prefix: '.openclaw/' }],
  ['a moltworker bucket', ['openclaw/openclaw.json', 'workspace/SOUL.md'], { shape: 'moltworker', prefix: '' }],
  ['one with the bucket in front', ['r2/openclaw/openclaw.json'], { shape: 'moltworker', prefix: 'r2/' }],
  ['an old moltworker bucket', ['clawdbot/clawdbot.json'], { shape: 'moltworker', prefix: '' }],
  [
    'the outer of two',
    ['.openclaw/workspace/copy/openclaw.json', '.openclaw/openclaw.json'],
    { shape: 'openclaw', prefix: '.openclaw/' },
  ],
  ['something in a workspace only', ['workspace/old/openclaw.json'], null],
  ['too deep', ['a/b/c/d/e/openclaw.json'], null],
  ['anything else', ['package.json', 'src/index.ts'], null],
  ['nothing', [], null],
])('%s is recognised', (_what, paths, found) => {
  expect(recognise(paths)).toEqual(found);
});

const plain: Found = { shape: 'openclaw', prefix: '.openclaw/' };
const molt: Found = { shape: 'moltworker', prefix: '' };

describe('what comes along', () => {
  test.each<[Found, string, string]>([
    [plain, '.openclaw/openclaw.json', 'openclaw.json'],
    [plain, '.openclaw/state/openclaw.sqlite', 'state/openclaw.sqlite'],
    [plain, '.openclaw/state/openclaw.sqlite-wal', 'state/openclaw.sqlite-wal'],
    [plain, '.openclaw/agents/main/agent/openclaw-agent.sqlite', 'agents/main/agent/openclaw-agent.sqlite'],
    [plain, '.openclaw/agents/main/sessions/a.jsonl', 'agents/main/sessions/a.jsonl'],
    [plain, '.openclaw/workspace/MEMORY.md', 'workspace/MEMORY.md'],
    [plain, '.openclaw/workspace/yarn.lock', 'workspace/yarn.lock'],
    [plain, '.openclaw/workspace-work/a', 'workspace-work/a'],
    [plain, '.openclaw/skills/tide/SKILL.md', 'skills/tide/SKILL.md'],
    [plain, '.openclaw/cron/jobs.json', 'cron/jobs.json'],
    [molt, 'openclaw/openclaw.json', 'openclaw.json'],
    [molt, 'clawdbot/clawdbot.json', 'openclaw.json'],
    [molt, 'openclaw/agents/main/sessions/a.jsonl', 'agents/main/sessions/a.jsonl'],
    [molt, 'workspace/SOUL.md', 'workspace/SOUL.md'],
    [molt, 'skills/tide/SKILL.md', 'workspace/skills/tide/SKILL.md'],
  ])('%j %s', (found, path, to) => {
    expect(fateOf(found, path)).toEqual({ to });
  });
});

describe('what stays out', () => {
  test.each<[string, string]>([
    ['.env', 'key_or_login'],
    ['credentials/whatsapp/default/creds.json', 'key_or_login'],
    ['agents/main/agent/auth-profiles.json', 'key_or_login'],
    ['agents/main/agent/codex-home/auth.json', 'key_or_login'],
    ['identity/device.json', 'key_or_login'],
    ['devices/paired.json', 'key_or_login'],
    ['exec-approvals.json', 'key_or_login'],
    ['gateway.key', 'key_or_login'],
    ['extensions/slack/index.js', 'plugin_code'],
    ['browser/default/Cookies', 'other_machine'],
    ['delivery-queue/1.json', 'other_machine'],
    ['cache/x', 'made_again'],
    ['logs/gateway.log', 'made_again'],
    ['openclaw.json.bak', 'made_again'],
    ['openclaw.json.last-good', 'made_again'],
    ['openclaw.json.tidepool', 'made_again'],
    [`tidepool-export-${ulid}/make-plain.mjs`, 'made_again'],
    ['.tidepool/last-good.json', 'made_again'],
    ['agents/main/agent/openclaw-agent.sqlite.lock', 'made_again'],
    ['state/other.sqlite', 'unknown'],
    ['something-new/x', 'unknown'],
  ])('%s', (path, reason) => {
    expect(fateOf(plain, `.openclaw/${path}`)).toEqual({ left: reason });
  });

  test('whatever lies beside it', () => {
    expect(fateOf(plain, 'notes.txt')).toEqual({ left: 'unknown' });
    expect(fateOf(molt, 'other/x')).toEqual({ left: 'unknown' });
    expect(fateOf(molt, '.last-sync')).toEqual({ left: 'made_again' });
  });
});
