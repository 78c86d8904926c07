/**
 * The xDS server: delta ADS for the proxies of the mesh, over mutual TLS or, where a proxy has no certificate yet, with
 * its pod's token. This file is the network side; hub.ts and proxy.ts decide what is sent.
 */

import {
  createSecureServer,
  type Http2SecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describeError, WeftError } from '../../base/errors.ts';
import { RateLimitedLog } from '../../base/rate-limited-log.ts';
import { serveClientStream, type StreamMethod } from './client-stream.ts';
import { xdsError } from './errors.ts';
import { Hub, type HubOptions } from './hub.ts';
import { describeProxy, type ProxyDetail, type ProxyStatus, statusOf } from './inspect.ts';
import * as metrics from './metrics.ts';
import { type Peer, peerOf } from './peer.ts';
import { Pings } from './pings.ts';
import { ConnectedProxy } from './proxy.ts';
import type { ProxyInfo } from './proxy-host.ts';
import { AdsStream, type StreamOwner } from './stream.ts';
import { secureContext, type ServerTls, socketOf } from './tls.ts';
import { refuse, serveUnary, type UnaryMethod } from './unary.ts';
import type { DeltaRequest, ProxyNode } from './wire.ts';

export type { ServerTls, ProxyDetail, ProxyInfo, ProxyNode, ProxyStatus, StreamMethod, UnaryMethod };

export interface XdsLimits {
  /** Of one request, in bytes; default 4 MiB. A reconnecting proxy tells all it holds in one. */
  readonly maxMessageBytes: number;
  /** Names that one stream may subscribe to, per type; default 50,000. */
  readonly maxNames: number;
  /** Concurrent HTTP/2 streams of one connection; default 16. */
  readonly maxStreams: number;
  /** How long `close` takes to end the streams one after the other, in milliseconds; default 3,000. */
  readonly drainMs: number;
  /** Between two pings to each connection, in milliseconds; who says nothing for twice as long is dead. Default 30,000. */
  readonly pingMs: number;
  /** How long a connection without a certificate may last before a stream on it is let in; default 20,000. */
  readonly unprovenMs: number;
  /** What a proxy uses is taken as known when it has said nothing for this long, in milliseconds; default 1,000. */
  readonly silenceMs: number;
}

export interface XdsServerOptions extends HubOptions {
  readonly tls: ServerTls;
  /**
   * Who a stream speaks for. A certificate is proven, a token is yet to be, and what the node says is not. May wait
   * some seconds for a pod that is not known yet; rejects with a WeftError where the proxy is not to be served.
   */
  readonly identify: (peer: Peer, node: ProxyNode) => Promise<ProxyInfo>;
  /** Unary gRPC methods that are served beside ADS, by path (`/package.Service/Method`). */
  readonly methods?: ReadonlyMap<string, UnaryMethod>;
  /** The same for methods to which the client sends for as long as it likes. */
  readonly streams?: ReadonlyMap<string, StreamMethod>;
  readonly limits?: Partial<XdsLimits>;
}

export interface XdsServer {
  /** Resolves with the port, which the system chooses where 0 is given. */
  listen(port: number, host: string): Promise<number>;
  /** Tells all clients to go, ends their streams one after the other, and resolves when all are gone. */
  close(): Promise<void>;
  /** For handshakes from now on; open connections stay. */
  updateTls(tls: ServerTls): void;
  proxies(): readonly ProxyStatus[];
  /** @param key `namespace/pod` */
  proxy(key: string): ProxyDetail | undefined;
}

interface Caller {
  readonly peer: Peer;
  readonly session: Http2Session | undefined;
}

const adsMethod = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

const defaults: XdsLimits = {
  maxMessageBytes: 4 * 1024 * 1024,
  maxNames: 50_000,
  maxStreams: 16,
  drainMs: 3_000,
  pingMs: 30_000,
  unprovenMs: 20_000,
  silenceMs: 1_000,
};

/** Connections that wait to be accepted: a replica that is back is met by all proxies at once. The system may allow fewer. */
const backlog = 4_096;

export function createXdsServer(options: XdsServerOptions): XdsServer {
  return new Http2XdsServer(options);
}

class Http2XdsServer implements XdsServer, StreamOwner {
  readonly maxMessageBytes: number;
  readonly #options: XdsServerOptions;
  readonly #limits: XdsLimits;
  readonly #hub: Hub;
  readonly #server: Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #pings: Pings;
  /** Anybody who reaches the port can be refused as often as they like. */
  readonly #refusals: RateLimitedLog;
  readonly #streams = new Map<AdsStream, ConnectedProxy | undefined>();
  readonly #callers = new WeakMap<AdsStream, Caller>();
  /** Takes the limit from the life of a connection without a certificate. */
  readonly #unproven = new WeakMap<Http2Session, () => void>();
  /** Who is at the other end of connections with a certificate. */
  readonly #peers = new WeakMap<Http2Session, Peer>();
  /** The stream of each proxy, by pod and UID. */
  readonly #current = new Map<string, AdsStream>();
  #closing = false;

  constructor(options: XdsServerOptions) {
    this.#options = options;
    this.#limits = { ...defaults, ...options.limits };
    this.maxMessageBytes = this.#limits.maxMessageBytes;
    this.#hub = new Hub(options);
    this.#pings = new Pings(this.#sessions, options.clock, this.#limits.pingMs);
    this.#refusals = new RateLimitedLog(options.log, options.clock);
    this.#server = createSecureServer({
      ...secureContext(options.tls),
      requestCert: true,
      // Whoever has no certificate has to show a token; one that is not of the mesh ends the connection in `#acceptBefore`.
      rejectUnauthorized: false,
      settings: { maxConcurrentStreams: this.#limits.maxStreams, enablePush: false },
    });
    this.#acceptBefore(this.#server.listeners('secureConnection'));
    this.#server.on('session', (session) => this.#session(session));
    this.#server.on('stream', (stream, headers) => this.#stream(stream, headers));
    this.#server.on('tlsClientError', (error, socket) => {
      this.#refused(socket.remoteAddress, xdsError('WEFT-XDS-14', describeError(error)));
    });
  }

  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host, backlog }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) =>
          this.#options.log.error({ error: describeError(error) }, 'the xDS server failed'),
        );
        this.#pings.start();
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  updateTls(tls: ServerTls): void {
    this.#server.setSecureContext(secureContext(tls));
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#pings.stop();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    const streams = [...this.#streams.keys()];
    const gapMs = this.#limits.drainMs / Math.max(1, streams.length);
    const startedAt = performance.now();
    for (const [index, stream] of streams.entries()) {
      // Sleeps are only taken when the plan is ahead of the time, as timers are no finer than a millisecond.
      const aheadMs = index * gapMs - (performance.now() - startedAt);
      if (aheadMs >= 1) await new Promise<void>((resolve) => this.#options.clock.after(aheadMs, resolve));
      stream.end(xdsError('WEFT-XDS-11', 'This replica of the control plane is shutting down.'));
    }
    const cancel = this.#options.clock.after(1_000, () => {
      for (const session of this.#sessions) session.destroy();
    });
    await closed;
    cancel();
    this.#hub.close();
  }

  proxies(): readonly ProxyStatus[] {
    return [...this.#hub.proxies()].map((proxy) => statusOf(proxy));
  }

  proxy(key: string): ProxyDetail | undefined {
    for (const proxy of this.#hub.proxies()) {
      if (proxy.info.key === key) return describeProxy(proxy, this.#hub.table);
    }
    return undefined;
  }

  async identify(stream: AdsStream, node: ProxyNode): Promise<(request: DeltaRequest) => void> {
    const caller = this.#callers.get(stream);
    if (caller === undefined) throw xdsError('WEFT-XDS-11', 'The stream has ended.');
    const info = await this.#options.identify(caller.peer, node);
    if (!this.#streams.has(stream)) throw xdsError('WEFT-XDS-11', 'The stream has ended.');
    if (caller.session !== undefined) this.#unproven.get(caller.session)?.();
    this.#supersede(info, stream);
    const proxy = new ConnectedProxy(info, this.#hub.view(info.workload), this.#hub, this.#limits.maxNames);
    this.#streams.set(stream, proxy);
    this.#hub.join(proxy, stream);
    this.#awaitUses(proxy, stream);
    this.#options.log.info(
      { proxy: info.key, workload: info.workload, identity: info.identity },
      'a proxy has connected',
    );
    return (request) => proxy.receive(request);
  }

  /** Who asks for no clusters at all is served the lists of its workload as they are, once it has nothing more to say. */
  #awaitUses(proxy: ConnectedProxy, stream: AdsStream): void {
    const { messages } = stream;
    this.#options.clock.after(this.#limits.silenceMs, () => {
      // What has come while this process itself stood still is read before.
      setImmediate(() => {
        if (stream.messages === messages && !stream.isReading) proxy.usesAreKnown();
        else if (this.#streams.has(stream)) this.#awaitUses(proxy, stream);
      });
    });
  }

  closed(stream: AdsStream, error: unknown): void {
    const proxy = this.#streams.get(stream);
    this.#streams.delete(stream);
    if (proxy !== undefined) {
      const key = currentKey(proxy.info);
      if (this.#current.get(key) === stream) this.#current.delete(key);
      this.#hub.leave(proxy);
      this.#options.log.info({ proxy: proxy.info.key }, 'a proxy has left');
    }
    if (error instanceof WeftError && error.code !== 'WEFT-XDS-11')
      this.#refused(nameOf(this.#callers.get(stream)?.peer), error);
    else if (error !== undefined && !this.#closing) {
      this.#options.log.debug({ proxy: proxy?.info.key, error: describeError(error) }, 'a stream broke');
    }
  }

  #refused(peer: string | undefined, error: WeftError): void {
    metrics.refusedStreams.inc({ code: error.code });
    const fields = { code: error.code, peer, detail: error.message };
    // With the reason, which whoever has no certificate of the mesh cannot choose freely.
    this.#refusals.warn(`${peer} ${error.message}`, fields, 'a stream was refused');
  }

  /** A proxy that has come back before its old stream was found dead is not two proxies. */
  #supersede(info: ProxyInfo, stream: AdsStream): void {
    const key = currentKey(info);
    this.#current.get(key)?.end(xdsError('WEFT-XDS-12', `${info.key} has opened a newer stream.`));
    this.#current.set(key, stream);
  }

  #session(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.on('close', () => this.#sessions.delete(session));
    session.on('error', (error) => {
      this.#options.log.debug({ error: describeError(error) }, 'a connection broke');
    });
    if (this.#closing) session.close();
    // With a certificate that is not of the mesh it would not have come here.
    if (socketOf(session)?.authorized !== true) this.#limitLife(session);
  }

  /** Puts the look at the certificate before HTTP/2, so that whoever is refused is not told a word. */
  #acceptBefore(listeners: readonly Function[]): void {
    this.#server.removeAllListeners('secureConnection');
    this.#server.on('secureConnection', (socket) => {
      if (socket.authorized || socket.getPeerX509Certificate() === undefined) {
        for (const listener of listeners) listener.call(this.#server, socket);
        return;
      }
      this.#refused(socket.remoteAddress, xdsError('WEFT-XDS-14', String(socket.authorizationError)));
      socket.destroy();
    });
  }

  /** Nobody is to hold connections without ever saying who it is. */
  #limitLife(session: ServerHttp2Session): void {
    const cancel = this.#options.clock.after(this.#limits.unprovenMs, () => session.destroy());
    this.#unproven.set(session, cancel);
    session.once('close', cancel);
  }

  #stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const path = String(headers[':path']);
    if (!String(headers['content-type']).startsWith('application/grpc')) {
      stream.respond({ ':status': 415 }, { endStream: true });
      return;
    }
    const method = this.#options.methods?.get(path);
    const streaming = this.#options.streams?.get(path);
    let peer: Peer;
    try {
      if (path !== adsMethod && method === undefined && streaming === undefined) {
        throw xdsError('WEFT-XDS-04', `The method ${path.slice(0, 200)} is not served.`);
      }
      peer = this.#peerOf(stream.session, headers.authorization);
    } catch (error) {
      stream.on('error', () => undefined);
      refuse(stream, error);
      if (error instanceof WeftError) this.#refused(undefined, error);
      return;
    }
    if (method !== undefined) return this.#call(stream, path, method, peer);
    if (streaming !== undefined) return this.#listen(stream, path, streaming, peer);
    const ads = new AdsStream(stream, this);
    this.#callers.set(ads, { peer, session: stream.session });
    this.#streams.set(ads, undefined);
  }

  #peerOf(session: Http2Session | undefined, authorization: string | undefined): Peer {
    const known = session === undefined ? undefined : this.#peers.get(session);
    if (known !== undefined) return known;
    const peer = peerOf(socketOf(session)?.getPeerX509Certificate(), authorization);
    if (session !== undefined && peer.kind === 'certificate') this.#peers.set(session, peer);
    return peer;
  }

  #call(stream: ServerHttp2Stream, path: string, method: UnaryMethod, peer: Peer): void {
    const { session } = stream;
    serveUnary(stream, {
      maxMessageBytes: this.maxMessageBytes,
      patienceMs: this.#limits.unprovenMs,
      clock: this.#options.clock,
      handle: (message) => method(peer, message),
      ended: (error) => {
        // Whom the method has answered it has also believed.
        if (error === undefined && session !== undefined) this.#unproven.get(session)?.();
        this.#callEnded(path, peer, error);
      },
    });
  }

  #listen(stream: ServerHttp2Stream, path: string, method: StreamMethod, peer: Peer): void {
    const { session } = stream;
    serveClientStream(stream, {
      maxMessageBytes: this.maxMessageBytes,
      sink: method(peer),
      believed: () => {
        if (session !== undefined) this.#unproven.get(session)?.();
      },
      ended: (error) => this.#callEnded(path, peer, error),
    });
  }

  #callEnded(method: string, peer: Peer, error: unknown): void {
    const code = error instanceof WeftError ? error.code : error === undefined ? '' : 'WEFT-XDS-13';
    metrics.calls.inc({ method, code });
    if (code === 'WEFT-XDS-13') {
      this.#options.log.error({ method, error: describeError(error) }, 'a method failed');
    } else if (error !== undefined) {
      this.#options.log.debug({ method, peer: nameOf(peer), code }, 'a call was refused');
    }
  }
}

/** For the log. Of a token nothing is told: the message names the pod. */
function nameOf(peer: Peer | undefined): string | undefined {
  return peer?.kind === 'certificate' ? peer.uri : peer?.kind;
}

function currentKey({ key, uid }: ProxyInfo): string {
  return `${key} ${uid}`;
}
