/**
 * A response body as an async iterable that hands out what has arrived since it was last asked, as one chunk.
 * Node's own iterator takes a turn of its buffers and a promise for every HTTP chunk, and an API server sends
 * each event of a watch as one.
 */

import type { IncomingMessage } from 'node:http';
import type { ResponseStream } from './types.ts';

/** Above this the server has to wait. */
const mostQueuedBytes = 1024 * 1024;

export class ChunkStream implements ResponseStream {
  readonly contentType: string;
  readonly #response: IncomingMessage;
  #chunks: Buffer[] = [];
  #queuedBytes = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => {};

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.contentType = response.headers['content-type'] ?? '';
    response.on('data', (chunk: Buffer) => this.#push(chunk));
    response.on('end', () => this.#end(undefined));
    response.on('error', (error) => this.#end(error));
    // A connection that is torn down closes without an end; what follows an end is no news.
    response.on('close', () => this.#end(new Error('the connection was closed within the response')));
  }

  destroy(error?: Error): void {
    this.#end(error);
    this.#response.destroy(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const [first, ...more] = this.#chunks;
      if (first !== undefined) {
        this.#chunks = [];
        this.#queuedBytes = 0;
        this.#response.resume();
        yield more.length === 0 ? first : Buffer.concat([first, ...more]);
        continue;
      }
      if (this.#ended) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes >= mostQueuedBytes) this.#response.pause();
    this.#wake();
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }
}
