/**
 * How a test drives a pod.
 *
 *   POST /call  {call, count, concurrency}   performs a batch, answers the Outcomes
 *   POST /load  {call, perSecond}            starts an endless open-loop load, answers {id}
 *   GET  /load/<id>                          {sent, done, failed, errors: {...}, statuses: {...}, versions: {...}, p50Ms, p99Ms}
 *   DELETE /load/<id>                        ends it, waits for what is in flight, answers the same
 */

import { createServer, type IncomingMessage } from 'node:http';
import { type Call, Connections, type Outcome, perform } from './calls.ts';
import { Load } from './load.ts';

export interface Batch {
  readonly call: Call;
  readonly count?: number;
  readonly concurrency?: number;
}

const loads = new Map<string, Load>();

export function startControl(port: number): Promise<() => void> {
  const server = createServer((request, response) => {
    handle(request).then(
      (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  return new Promise((resolve) => server.listen(port, '::', () => resolve(() => server.close())));
}

async function handle(request: IncomingMessage): Promise<unknown> {
  const url = request.url ?? '/';
  if (url === '/call') return runBatch(JSON.parse(await read(request)) as Batch);
  if (url === '/load') {
    const { call, perSecond } = JSON.parse(await read(request)) as { call: Call; perSecond: number };
    const id = String(loads.size + 1);
    loads.set(id, new Load(call, perSecond));
    return { id };
  }
  const load = loads.get(/^\/load\/(\d+)$/.exec(url)?.[1] ?? '');
  if (load === undefined) throw new Error(`no such path: ${url}`);
  if (request.method === 'DELETE') await load.stop();
  return load.report();
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function runBatch({ call, count = 1, concurrency = 1 }: Batch): Promise<readonly Outcome[]> {
  const connections = new Connections(call.keepAlive ?? true);
  const outcomes: Outcome[] = [];
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started < count) {
      started++;
      outcomes.push(await perform(call, connections));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  connections.close();
  return outcomes;
}
