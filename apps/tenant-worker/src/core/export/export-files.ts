/**
 * The files in front of an export: how to boot it, and the script that prepares it. They lie in a folder named by the
 * snapshot, which nobody knew before it was taken: nothing that the assistant wrote can stand in their place.
 */
import type { TarFile } from './tar-file.ts';

export interface ExportFacts {
  readonly slug: string;
  readonly snapshotId: string;
  /** When the state was saved. */
  readonly savedAtMs: number;
  /** The OpenClaw version that wrote it. */
  readonly release: string;
}

/** What `docs/moving.md` and the import know these folders by. */
export const exportFolder = (snapshotId: string): string => `tidepool-export-${snapshotId}`;

export function exportFileName({ slug, savedAtMs }: ExportFacts): string {
  return `${slug}-${new Date(savedAtMs).toISOString().slice(0, 16).replace('T', '-').replace(':', '')}.tar.zst`;
}

/** `plainScript` is the program that makes the unpacked folder a plain one; the README tells its reader to run it. */
export function exportFiles(facts: ExportFacts, plainScript: string): readonly TarFile[] {
  const folder = exportFolder(facts.snapshotId);
  return [
    { path: `${folder}/README.md`, text: readme(facts) },
    { path: `${folder}/make-plain.mjs`, text: plainScript },
  ];
}

function readme(facts: ExportFacts): string {
  const folder = exportFolder(facts.snapshotId);
  const file = exportFileName(facts);
  return `# ${facts.slug}: everything it knows, to run yourself

This archive is the state of your assistant as it was saved on ${new Date(facts.savedAtMs).toISOString()}, by
OpenClaw ${facts.release}: conversations, memory, workspace, skills, scheduled jobs and settings. It boots under plain
OpenClaw; nothing of Tidepool is needed.

## You need

- Node.js 24.16 or later of the 24 line (or 26.1 and later)
- \`tar\` and \`zstd\`
- an API key of your model provider

## Boot it

1. Install the version that wrote this state. A later one migrates it; an earlier one refuses it.

       npm install -g openclaw@${facts.release}

2. Unpack it into an empty folder where it will stay (scheduled jobs know the folder's path). If you have a \`~/.openclaw\` already, choose another folder and set
   \`OPENCLAW_STATE_DIR\` to it in every step below.

       mkdir -p ~/.openclaw
       tar --zstd -xf ${file} -C ~/.openclaw

3. Check that everything arrived, and make the config a plain one. It prints your gateway token.

       node ~/.openclaw/${folder}/make-plain.mjs

4. Set your model key and start.

       export ANTHROPIC_API_KEY=...
       openclaw gateway

5. Open http://127.0.0.1:18789 and paste the token. \`openclaw doctor\` checks the rest.

## What is not in it

- Keys of model providers, of Tidepool and of the channels: they never were in your assistant's files. Enter channel
  tokens (Telegram, Slack, Discord) again with \`openclaw configure\`.
- Caches, logs, temporary files: OpenClaw makes them again.
- Sign-in through Tidepool. The plain config asks for a token instead.

\`make-plain.mjs\` lists what it takes out of \`openclaw.json\` and keeps the old file as \`openclaw.json.tidepool\`.
\`.tidepool/manifest.json\`, the last file of the archive, lists every file with its SHA-256.

## Is it whole?

A download that was cut does not unpack: \`tar\` says "unexpected end". \`make-plain.mjs\` then compares every file with the list.
`;
}
