/**
 * The TLS server that the API server calls. It only moves requests: admit.ts and validate/ decide. Certificates are
 * exchanged without a restart and without closing a connection.
 */

import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { DEFAULT_CIPHERS as defaultCiphers, type TlsOptions } from 'node:tls';
import { systemClock } from '../base/clock.ts';
import { describeError, WeftError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { admitChange, admitPod } from './admit.ts';
import { parseBody } from './body.ts';
import type { PreparedInjection } from './inject/inject.ts';
import { badRequests, reviewSeconds, reviews } from './metrics.ts';
import { type AdmissionRequest, formatReview, parseReview, type Verdict } from './review.ts';

/** PEM. */
export interface ServingCertificate {
  readonly key: string;
  readonly certificate: string;
}

export interface WebhookOptions {
  /** The injection under the settings of this moment. Throws while there is none; pods are refused meanwhile. */
  injection(): PreparedInjection;
  /** Labels of a namespace, or undefined where it is not known (yet). */
  namespaceLabels(namespace: string): Readonly<Record<string, string>> | undefined;
  /** What to say about a change of an object that is not Weft's to judge; may take its time, which is cut short. */
  advise(request: AdmissionRequest): Promise<readonly string[]>;
  readonly tls: ServingCertificate;
  readonly log: Logger;
}

export interface WebhookServer {
  /** Resolves with the port, which the system chooses for 0. */
  listen(host: string, port: number): Promise<number>;
  /** Serves new connections with this certificate; open ones keep theirs. */
  updateTls(tls: ServingCertificate): void;
  /** Ends open requests first. */
  close(): Promise<void>;
}

type Handler = (request: AdmissionRequest) => Verdict;

/** Larger than the API server's own limit for an object (3 MiB), twice, for updates that carry the old one as well. */
const bodyLimitBytes = 8 * 1024 * 1024;

export function createWebhookServer(options: WebhookOptions): WebhookServer {
  const { log } = options;
  const app = Fastify({
    https: secureContext(options.tls),
    bodyLimit: bodyLimitBytes,
    // The API server's idle connections live 90 s; whoever closes first must not be us, it does not repeat a POST.
    keepAliveTimeout: 120_000,
    requestTimeout: 30_000,
    logger: false,
    exposeHeadRoutes: false,
  });
  readJson(app);
  answerErrors(app, log);

  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok'));
  const serve = (webhook: string, handle: Handler): void => {
    app.post(`/${webhook}`, (request, reply) => {
      const started = performance.now();
      const admission = parseReview(request.body);
      const verdict = guarded(handle, admission, log);
      const body = formatReview(admission.uid, verdict);
      const tookMs = performance.now() - started;
      report(webhook, admission, verdict, tookMs, log);
      return reply.type('application/json').send(body);
    });
  };
  serve('inject', (request) =>
    admitPod(request, {
      injection: options.injection(),
      namespaceLabels: options.namespaceLabels(request.namespace),
    }),
  );
  serve('validate', admitChange);
  app.post('/advise', async (request, reply) => {
    const started = performance.now();
    const admission = parseReview(request.body);
    const verdict: Verdict = {
      allowed: true,
      outcome: 'accepted',
      warnings: await inTime(admission, options),
    };
    report('advise', admission, verdict, performance.now() - started, log);
    return reply.type('application/json').send(formatReview(admission.uid, verdict));
  });

  return {
    listen: async (host, port) => {
      await app.listen({ host, port });
      const address = app.server.address();
      return typeof address === 'object' && address !== null ? address.port : port;
    },
    updateTls: (tls) => app.server.setSecureContext(secureContext(tls)),
    close: () => app.close(),
  };
}

/** With keys of 128 bits first, as clients in Go have it too: encrypting 23 KB of answer is a tenth of what a review costs. */
const ciphers = ['TLS_AES_128_GCM_SHA256', defaultCiphers].join(':');

function secureContext(tls: ServingCertificate): TlsOptions {
  return { key: tls.key, cert: tls.certificate, minVersion: 'TLSv1.2', ciphers };
}

/** A fault of ours becomes a refusal with a code, so that the person creating the pod sees more than "failed calling webhook". */
function guarded(handle: Handler, request: AdmissionRequest, log: Logger): Verdict {
  try {
    return handle(request);
  } catch (error) {
    if (error instanceof WeftError && error.code === 'WEFT-HOOK-02') throw error;
    log.error({ uid: request.uid, namespace: request.namespace, err: error }, 'admission failed');
    const reason =
      error instanceof WeftError
        ? error
        : new WeftError('WEFT-HOOK-05', describeError(error), { cause: error });
    return { allowed: false, outcome: 'failed', reason };
  }
}

/** Whoever writes an object waits for it. */
const adviceTimeoutMs = 500;

/** Nothing, rather than late; nothing, rather than a failure. */
async function inTime(
  request: AdmissionRequest,
  { advise, log }: WebhookOptions,
): Promise<readonly string[]> {
  const { promise: late, resolve } = Promise.withResolvers<readonly string[]>();
  const cancel = systemClock.after(adviceTimeoutMs, () => resolve([]));
  try {
    return await Promise.race([advise(request), late]);
  } catch (error) {
    log.error({ uid: request.uid, namespace: request.namespace, err: error }, 'no advice could be given');
    return [];
  } finally {
    cancel();
  }
}

function report(
  webhook: string,
  request: AdmissionRequest,
  verdict: Verdict,
  tookMs: number,
  log: Logger,
): void {
  const { outcome, reason } = verdict;
  reviews.inc({ webhook, outcome });
  reviewSeconds.observe({ webhook }, tookMs / 1000);
  log.info(
    {
      webhook,
      uid: request.uid,
      kind: request.kind.kind,
      namespace: request.namespace,
      name: request.name || generateName(request),
      outcome,
      code: reason?.code,
      field: reason?.field,
      dryRun: request.dryRun || undefined,
      tookMs: Math.round(tookMs * 1000) / 1000,
    },
    'admission',
  );
}

/** Pods of a ReplicaSet have no name yet when they are admitted. */
function generateName(request: AdmissionRequest): string {
  const metadata = request.object?.['metadata'] as { generateName?: string } | undefined;
  return metadata?.generateName ?? '';
}

function readJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseBody(body as string));
    } catch (error) {
      done(new WeftError('WEFT-HOOK-01', `${describeError(error)}.`, { cause: error }));
    }
  });
}

function answerErrors(app: FastifyInstance, log: Logger): void {
  const answer = (error: WeftError, status: number) => {
    badRequests.inc({ code: error.code });
    log.warn({ code: error.code, field: error.field, status, detail: error.message }, 'bad request');
    return { status, body: { code: error.code, field: error.field, message: error.describe() } };
  };
  app.setErrorHandler((error: FastifyError | WeftError, _request, reply) => {
    const { status, body } = answer(...coded(error));
    return reply.code(status).send(body);
  });
  app.setNotFoundHandler((request, reply) => {
    const error = new WeftError('WEFT-HOOK-04', `${request.method} ${request.url} is not served.`);
    const { status, body } = answer(error, 404);
    return reply.code(status).send(body);
  });
}

/** The coded error and HTTP status for whatever Fastify or a handler threw. */
function coded(error: FastifyError | WeftError): [WeftError, number] {
  if (error instanceof WeftError) return [error, error.code.startsWith('WEFT-HOOK') ? 400 : 500];
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return [new WeftError('WEFT-HOOK-03', `The limit is ${bodyLimitBytes} bytes.`), 413];
  }
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return [new WeftError('WEFT-HOOK-01', 'The Content-Type is not application/json.'), 415];
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return [new WeftError('WEFT-HOOK-01', error.message, { cause: error }), error.statusCode];
  }
  return [new WeftError('WEFT-HOOK-05', error.message, { cause: error }), 500];
}
