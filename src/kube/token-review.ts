/**
 * Who a service account token belongs to, by asking the API server (TokenReview): a signature alone would not tell that
 * the pod of the token is still there. What was accepted is remembered until shortly before the token expires, by a
 * hash of it; tokens themselves are neither kept nor logged. While nobody can be asked, nobody is believed.
 */

import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { tokenReviews } from './metrics.ts';
import { claimsOf, refusalOf, type TokenClaims } from './token-claims.ts';
import type { KubeApi } from './types.ts';

/** The pod that a token is bound to. */
export interface TokenHolder {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
}

export type TokenVerdict =
  | { readonly kind: 'accepted'; readonly holder: TokenHolder }
  | { readonly kind: 'refused'; readonly why: string };

export interface TokenReviewerOptions {
  readonly api: Pick<KubeApi, 'request'>;
  /** Tokens for any other are refused. */
  readonly audience: string;
  readonly clock: Clock;
  readonly limits?: Partial<TokenReviewLimits>;
}

export interface TokenReviewLimits {
  /** Questions that the API server is asked at a time; default 16. */
  readonly concurrent: number;
  /** Tokens that wait for their turn, before others are turned away; default 4,096. */
  readonly waiting: number;
  /** Of one question, in milliseconds; default 5,000. */
  readonly timeoutMs: number;
  /** Tokens whose holders are remembered; default 20,000. */
  readonly remembered: number;
}

/** Too many tokens wait already. */
export class TokenReviewerBusyError extends Error {}

const path = '/apis/authentication.k8s.io/v1/tokenreviews';
const defaults: TokenReviewLimits = { concurrent: 16, waiting: 4_096, timeoutMs: 5_000, remembered: 20_000 };
/** The kubelet brings a new token at four fifths of the lifetime, so none is used as long as this reaches. */
const marginMs = 60_000;

interface Known {
  readonly holder: TokenHolder;
  readonly untilMs: number;
}

/** The fields that are read of a TokenReview's status (authentication.k8s.io/v1). */
interface ReviewStatus {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly error?: string;
  readonly user?: {
    readonly username?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

export class TokenReviewer {
  readonly #options: TokenReviewerOptions;
  readonly #limits: TokenReviewLimits;
  readonly #known = new Map<string, Known>();
  /** One question for all streams that show the same token at a time. */
  readonly #asked = new Map<string, Promise<TokenVerdict>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: TokenReviewerOptions) {
    this.#options = options;
    this.#limits = { ...defaults, ...options.limits };
  }

  /** Rejects with a KubeError where the API server does not answer, with TokenReviewerBusyError where too many wait. */
  async review(token: string): Promise<TokenVerdict> {
    try {
      const verdict = await this.#review(token);
      if (verdict.kind === 'refused') tokenReviews.inc({ result: 'refused' });
      return verdict;
    } catch (error) {
      tokenReviews.inc({ result: 'failed' });
      throw error;
    }
  }

  async #review(token: string): Promise<TokenVerdict> {
    const nowMs = this.#options.clock.now();
    // What the token itself says is believed only against it.
    const claims = claimsOf(token);
    if (claims === undefined) return refused('it is not a service account token');
    const refusal = refusalOf(claims, this.#options.audience, nowMs);
    if (refusal !== undefined) return refused(refusal);
    const hash = createHash('sha256').update(token).digest('base64');
    const known = this.#known.get(hash);
    if (known !== undefined && nowMs < known.untilMs) {
      tokenReviews.inc({ result: 'remembered' });
      return { kind: 'accepted', holder: known.holder };
    }
    this.#known.delete(hash);
    return this.#asked.get(hash) ?? this.#ask(hash, token, claims);
  }

  #ask(hash: string, token: string, claims: TokenClaims): Promise<TokenVerdict> {
    if (this.#waiting.length >= this.#limits.waiting) {
      return Promise.reject(
        new TokenReviewerBusyError(`${this.#waiting.length} tokens wait for their review`),
      );
    }
    const asked = this.#inTurn(async () => {
      const verdict = this.#judge(await this.#status(token));
      if (verdict.kind === 'accepted') {
        tokenReviews.inc({ result: 'accepted' });
        this.#remember(hash, verdict.holder, claims.expiresAtMs - marginMs);
      }
      return verdict;
    }).finally(() => this.#asked.delete(hash));
    this.#asked.set(hash, asked);
    return asked;
  }

  async #inTurn<T>(action: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.concurrent) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await action();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  async #status(token: string): Promise<ReviewStatus> {
    const { api, audience } = this.#options;
    const { status } = await api.request<{ readonly status?: ReviewStatus }>('POST', path, {
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [audience] },
      },
      timeoutMs: this.#limits.timeoutMs,
    });
    return status ?? {};
  }

  #judge(status: ReviewStatus): TokenVerdict {
    const { authenticated, audiences = [], user } = status;
    if (authenticated !== true) return refused('the API server does not accept it');
    // An API server that knows nothing of audiences would accept any token.
    if (!audiences.includes(this.#options.audience)) return refused('it is for another audience');
    const [, namespace, serviceAccount] =
      /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user?.username ?? '') ?? [];
    const [podName] = user?.extra?.['authentication.kubernetes.io/pod-name'] ?? [];
    const [podUid] = user?.extra?.['authentication.kubernetes.io/pod-uid'] ?? [];
    if (namespace === undefined || serviceAccount === undefined) {
      return refused('it is not that of a service account');
    }
    if (podName === undefined || podUid === undefined) return refused('it is not bound to a pod');
    return { kind: 'accepted', holder: { namespace, serviceAccount, podName, podUid } };
  }

  #remember(hash: string, holder: TokenHolder, untilMs: number): void {
    const nowMs = this.#options.clock.now();
    if (untilMs <= nowMs) return;
    this.#known.set(hash, { holder, untilMs });
    if (this.#known.size <= this.#limits.remembered) return;
    for (const [key, known] of this.#known) if (known.untilMs <= nowMs) this.#known.delete(key);
    for (const key of this.#known.keys()) {
      if (this.#known.size <= this.#limits.remembered) break;
      this.#known.delete(key);
    }
  }
}

function refused(why: string): TokenVerdict {
  return { kind: 'refused', why };
}
