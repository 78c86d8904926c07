/**
 * Who a person or program is by a bearer token, and what they may do: the API server is asked both (TokenReview,
 * SubjectAccessReview). Its answers hold for ten seconds, so a right that is taken away is gone within that time. While
 * it cannot be asked, nobody is believed and nothing is allowed.
 */

import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../base/clock.ts';
import { Remembered } from './remembered.ts';
import type { KubeApi } from './types.ts';

/** As in authentication.k8s.io/v1 UserInfo. */
export interface User {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What somebody wants to do; as in authorization.k8s.io/v1 ResourceAttributes. Empty: not of a namespace, no name. */
export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface UserReviewerOptions {
  readonly api: Pick<KubeApi, 'request'>;
  readonly clock?: Clock;
}

const rememberedForMs = 10_000;
const mostUsers = 2_000;
const mostAccesses = 20_000;
const timeoutMs = 5_000;

export class UserReviewer {
  readonly #api: Pick<KubeApi, 'request'>;
  readonly #users: Remembered<User | undefined>;
  readonly #accesses: Remembered<boolean>;

  constructor({ api, clock = systemClock }: UserReviewerOptions) {
    this.#api = api;
    this.#users = new Remembered({ clock, forMs: rememberedForMs, most: mostUsers });
    this.#accesses = new Remembered({ clock, forMs: rememberedForMs, most: mostAccesses });
  }

  /**
   * Whose token it is; undefined where the API server does not accept it. It must be one for the API server itself: those
   * that pods of the mesh show to the control plane are not. Rejects with a KubeError where nobody can be asked.
   */
  user(token: string): Promise<User | undefined> {
    // Tokens themselves are neither kept nor logged.
    const hash = createHash('sha256').update(token).digest('base64');
    return this.#users.get(hash, async () => {
      const { status } = await this.#api.request<{ readonly status?: TokenReviewStatus }>(
        'POST',
        '/apis/authentication.k8s.io/v1/tokenreviews',
        {
          body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
          timeoutMs,
        },
      );
      const { username, uid = '', groups = [], extra = {} } = status?.user ?? {};
      if (status?.authenticated !== true || username === undefined) return undefined;
      return { username, uid, groups, extra };
    });
  }

  /** Rejects with a KubeError where nobody can be asked. */
  mayAccess(user: User, access: Access): Promise<boolean> {
    return this.#accesses.get(JSON.stringify([user, access]), async () => {
      const { username, ...others } = user;
      const { status } = await this.#api.request<{ readonly status?: { readonly allowed?: boolean } }>(
        'POST',
        '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        {
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SubjectAccessReview',
            spec: { user: username, ...others, resourceAttributes: access },
          },
          timeoutMs,
        },
      );
      return status?.allowed === true;
    });
  }
}

/** The fields that are read of a TokenReview's status (authentication.k8s.io/v1). */
interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly user?: Partial<User>;
}
