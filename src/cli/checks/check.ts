/** What a check of `weft check` is, and how an ordered list of them is performed. */

import { describeError, errorCatalogue, WeftError } from '../../base/errors.ts';
import { isKubeError } from '../../kube/errors.ts';
import type { Facts } from './facts.ts';

/** `skipped`: nobody could look, since you may not or since something else has failed. */
export type Level = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Verdict {
  readonly level: Level;
  /** One sentence without a full stop. */
  readonly message: string;
  /** What it is about, one line each: the pods, the permissions. */
  readonly details?: readonly string[];
  /** Where an error with a code of its own is behind it; the check's own code otherwise. */
  readonly code?: string;
}

export interface Check {
  readonly name: string;
  /** Of the catalogue: carries what to do when it does not pass. */
  readonly code: string;
  /** Whether it makes sense before Weft is installed, afterwards, or always. */
  readonly when: 'always' | 'absent' | 'installed';
  /** Checks that must have come to an end, and not failed, for this one to say anything. */
  readonly needs?: readonly string[];
  readonly run: (facts: Facts) => Promise<Verdict>;
}

export interface Result {
  readonly check: string;
  readonly level: Level;
  readonly message: string;
  readonly details?: readonly string[];
  /** Both only where it did not pass. */
  readonly code?: string;
  readonly remedy?: string;
}

export function ok(message: string): Verdict {
  return { level: 'ok', message };
}

export function warning(message: string, details: readonly string[] = []): Verdict {
  return { level: 'warning', message, details };
}

export function failed(message: string, details: readonly string[] = []): Verdict {
  return { level: 'failed', message, details };
}

/**
 * In order, one after the other; a check whose needs have failed is skipped, and without the first there is no other.
 * Never rejects.
 */
export async function performChecks(
  checks: readonly Check[],
  facts: Facts,
  installed: boolean,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const without = new Set<string>();
  for (const check of checks) {
    if (check.when !== 'always' && (check.when === 'installed') !== installed) continue;
    const missing = check.needs?.find((name) => without.has(name));
    const result =
      missing === undefined
        ? resultOf(check, await verdictOf(check, facts))
        : { check: check.name, level: 'skipped' as const, message: `not looked at: it needs ${missing}` };
    if (result.level === 'failed' || result.level === 'skipped') without.add(check.name);
    results.push(result);
    if (check === checks[0] && without.size > 0) break;
  }
  return results;
}

async function verdictOf(check: Check, facts: Facts): Promise<Verdict> {
  try {
    return await check.run(facts);
  } catch (error) {
    if (!(error instanceof WeftError)) return failed(describeError(error));
    const message = error.message.replace(/\.$/, '');
    // Who may not look learns nothing of it: that is no fault of the mesh, and no word for it either.
    const forbidden = [error, error.cause].find((one) => isKubeError(one, 403));
    if (forbidden !== undefined) {
      const words = forbidden.message.replace(/^.* is forbidden: /, '').replace(/\.$/, '');
      return { level: 'skipped', message: `you may not look: ${words}` };
    }
    // Its remedy is to run the very command that runs now.
    return error.code === 'WEFT-CLI-01' ? failed(message) : { level: 'failed', message, code: error.code };
  }
}

function resultOf(check: Check, verdict: Verdict): Result {
  const { level, message, details = [] } = verdict;
  const result = { check: check.name, level, message, ...(details.length === 0 ? {} : { details }) };
  if (level === 'ok' || level === 'skipped') return result;
  const code = verdict.code ?? check.code;
  return { ...result, code, remedy: errorCatalogue().get(code)?.remedy ?? '' };
}
