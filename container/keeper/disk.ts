/** Room on the disk that holds a path. */
import { statfs } from 'node:fs/promises';

export async function diskOf(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
  const found = await statfs(path);
  return { freeBytes: found.bavail * found.bsize, totalBytes: found.blocks * found.bsize };
}

export async function freeBytesOf(path: string): Promise<number> {
  return (await diskOf(path)).freeBytes;
}
