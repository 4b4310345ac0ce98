/** What the runtime has of Node's `zlib` and this Worker uses. Node's own types would bring Node's globals with them. */
declare module 'node:zlib' {
  export interface Decompressor extends AsyncIterable<Uint8Array> {
    /** False: wait for `drain` before the next one. */
    write(chunk: Uint8Array): boolean;
    end(): void;
    destroy(error?: Error): void;
    on(event: 'drain' | 'close', listener: () => void): void;
  }
  export function createZstdDecompress(options: { readonly chunkSize: number }): Decompressor;
}
