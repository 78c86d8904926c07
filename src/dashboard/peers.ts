/**
 * The other replicas of the control plane: each knows its own proxies and counted what they told it, so most questions go
 * to all of them. They are asked in parallel, over TLS with the control plane's certificate at both ends, and have a
 * deadline; those that do not answer in time are named in the answer.
 */

import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { checkServerIdentity } from 'node:tls';
import type { IncomingMessage } from 'node:http';
import { X509Certificate } from 'node:crypto';
import { type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { formatIssuers, hasIdentity, issuersHeader } from './client-certificate.ts';
import { peerQuestions } from './metrics.ts';

/** A pod of the control plane. */
export interface Replica {
  readonly name: string;
  /** Empty while it has none. */
  readonly address: string;
}

export interface PeersOptions {
  /** All but this one. */
  readonly others: () => readonly Replica[];
  /** This replica's pod. */
  readonly self: string;
  readonly port: number;
  /** What replicas prove themselves with; PEM. */
  readonly tls: () => {
    readonly key: string;
    readonly cert: string;
    readonly ca: string;
    readonly serverName: string;
    readonly identity: string;
  };
  readonly log: Logger;
  readonly clock?: Pick<Clock, 'monotonic'>;
}

export interface Answered<T> {
  readonly replica: string;
  readonly answer: T;
}

export interface Collected<T> {
  /** This replica first, the others in order of their names. */
  readonly answers: readonly Answered<T>[];
  readonly gaps: readonly string[];
  /** Replicas that did not answer. */
  readonly silent: readonly string[];
}

export interface AskOptions {
  readonly query?: URLSearchParams;
  readonly signal?: AbortSignal;
  /** Of each replica's whole answer; of a stream until it begins. Default 3 s. */
  readonly deadlineMs?: number;
}

const defaultDeadlineMs = 3_000;
/** A replica that has just been silent is given this long, and for this long: it must not hold up every question. */
const impatientMs = 500;
const impatientForMs = 10_000;
const idleMs = 30_000;
/** Larger answers than this are a fault: the bound of what is kept in memory for one question. */
const mostBytes = 64 * 1024 * 1024;

interface Session {
  readonly cert: string;
  readonly ca: string;
  readonly agent: Agent;
  readonly issuers: string;
}

export class Peers {
  readonly #options: PeersOptions;
  /** Until when they are given little time, by name. */
  readonly #silent = new Map<string, number>();
  readonly #clock: Pick<Clock, 'monotonic'>;
  #session: Session | undefined;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Asks all others by `/peer/v1/<method>` and adds this replica's own answer. Never rejects for want of others. */
  async collect<T>(method: string, own: () => T | Promise<T>, ask: AskOptions = {}): Promise<Collected<T>> {
    const others = this.#options.others().toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const name of this.#silent.keys()) {
      if (!others.some((replica) => replica.name === name)) this.#silent.delete(name);
    }
    const settling = Promise.allSettled(others.map((replica) => this.ask<T>(replica, method, ask)));
    const mine = { replica: this.#options.self, answer: await own() };
    const settled = await settling;
    const gaps: string[] = [];
    const silent: string[] = [];
    const theirs = settled.flatMap((one, index) => {
      const replica = others[index]?.name ?? '';
      if (one.status === 'fulfilled') return [{ replica, answer: one.value }];
      silent.push(replica);
      gaps.push(
        `Replica ${replica} of the control plane did not answer (${describeError(one.reason)}): what its proxies tell is missing.`,
      );
      return [];
    });
    return { answers: [mine, ...theirs], gaps, silent };
  }

  async ask<T>(replica: Replica, method: string, ask: AskOptions = {}): Promise<T> {
    try {
      const response = await this.#open(replica, method, ask);
      const answer = JSON.parse(await bounded(response)) as T;
      peerQuestions.inc({ result: 'answered' });
      this.#silent.delete(replica.name);
      return answer;
    } catch (error) {
      peerQuestions.inc({ result: 'failed' });
      if (ask.signal?.aborted !== true) {
        this.#silent.set(
          replica.name,
          this.#silent.get(replica.name) ?? this.#clock.monotonic() + impatientForMs,
        );
      }
      this.#options.log.debug({ replica: replica.name, method, err: describeError(error) }, 'no answer');
      throw error;
    }
  }

  /** The lines of another replica's stream, until it ends or the signal aborts. */
  async *stream<T>(replica: Replica, method: string, ask: AskOptions): AsyncGenerator<T> {
    const response = await this.#open(replica, method, ask, true);
    try {
      for await (const line of createInterface({ input: response })) {
        if (line !== '') yield JSON.parse(line) as T;
      }
    } finally {
      response.destroy();
    }
  }

  others(): readonly Replica[] {
    return this.#options.others();
  }

  close(): void {
    this.#session?.agent.destroy();
  }

  #open(replica: Replica, method: string, ask: AskOptions, endless = false): Promise<IncomingMessage> {
    const { address } = replica;
    if (address === '') return Promise.reject(new Error('it has no address yet'));
    const deadline = AbortSignal.timeout(this.#deadlineMs(replica, ask));
    const begun = new AbortController();
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const query = ask.query === undefined || ask.query.size === 0 ? '' : `?${ask.query.toString()}`;
    const { agent, issuers } = this.#sessionNow();
    const outgoing = request({
      agent,
      host: address,
      port: this.#options.port,
      path: `/peer/v1/${method}${query}`,
      headers: { accept: 'application/json', [issuersHeader]: issuers },
      ...(ask.signal === undefined ? {} : { signal: ask.signal }),
    });
    const late = (): void => void outgoing.destroy(new Error('it took too long'));
    deadline.addEventListener('abort', () => {
      if (!begun.signal.aborted) late();
    });
    outgoing.once('response', (response) => {
      if (endless) begun.abort();
      response.once('end', () => begun.abort());
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      reject(new Error(`it answered ${response.statusCode}`));
    });
    outgoing.on('error', reject);
    outgoing.end();
    return promise;
  }

  #deadlineMs({ name }: Replica, { deadlineMs = defaultDeadlineMs }: AskOptions): number {
    const untilMs = this.#silent.get(name);
    if (untilMs === undefined) return deadlineMs;
    if (this.#clock.monotonic() < untilMs) return Math.min(deadlineMs, impatientMs);
    this.#silent.delete(name);
    return deadlineMs;
  }

  /** Connections of an older certificate end with what runs on them. */
  #sessionNow(): Session {
    const { key, cert, ca, serverName, identity } = this.#options.tls();
    if (this.#session?.cert === cert && this.#session.ca === ca) return this.#session;
    const agent = new Agent({
      key,
      cert,
      ca,
      servername: serverName,
      minVersion: 'TLSv1.3',
      keepAlive: true,
      timeout: idleMs,
      checkServerIdentity: (name, certificate) =>
        checkServerIdentity(name, certificate) ??
        (hasIdentity(new X509Certificate(certificate.raw), identity)
          ? undefined
          : new Error('it is not a replica of the control plane')),
    });
    this.#session = { cert, ca, agent, issuers: formatIssuers(cert) };
    return this.#session;
  }
}

async function bounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error('its answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
