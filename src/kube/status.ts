/** What every status has in common: conditions with honest transition times, and no write without a change. */

import type { Condition, KubeApi, KubeObject, ResourceType } from './types.ts';

/** RFC 3339 in whole seconds, as metav1.Time. */
export function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** RFC 3339 with six digits, the only form that metav1.MicroTime reads. */
export function formatMicroTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/Z$/, '000Z');
}

/**
 * The next conditions, each with the time of its last change of status: of the previous one with the same type
 * and status, else now. Previous ones that are not among the next are left out: with server-side apply those
 * of other writers stay by themselves. A controller names the same types each time.
 */
export function mergeConditions(
  previous: readonly Condition[] | undefined,
  next: readonly Condition[],
  nowMs: number,
): readonly Condition[] {
  return next.map((condition) => {
    const before = previous?.find((candidate) => candidate.type === condition.type);
    const kept = before?.status === condition.status ? before.lastTransitionTime : undefined;
    return { ...condition, lastTransitionTime: kept ?? formatTime(nowMs) };
  });
}

export interface WriteStatusOptions {
  /** One name per controller. */
  readonly fieldManager: string;
  readonly signal?: AbortSignal;
}

/**
 * Applies a status by server-side apply where it differs from what the object has; true where it wrote. Its
 * conditions, at any depth, may stand among those of other writers. Conflicts are forced: a status field has
 * one owner.
 */
export async function writeStatus(
  api: Pick<KubeApi, 'applyStatus'>,
  type: ResourceType,
  object: KubeObject & { readonly status?: unknown },
  status: object,
  options: WriteStatusOptions,
): Promise<boolean> {
  if (holds(object.status, status)) return false;
  const { name, namespace } = object.metadata;
  const metadata = namespace === undefined ? { name } : { name, namespace };
  const desired: KubeObject & { readonly status: object } = { metadata, status };
  await api.applyStatus(type, desired, { ...options, force: true });
  return true;
}

/** Whether `current` is `desired`, apart from conditions of others, undefined fields and the order of keys. */
export function holds(current: unknown, desired: unknown): boolean {
  if (Object.is(current, desired)) return true;
  if (Array.isArray(desired)) {
    if (!Array.isArray(current)) return false;
    if (desired.length > 0 && desired.every(isCondition)) return holdsConditions(current, desired);
    return current.length === desired.length && desired.every((item, index) => holds(current[index], item));
  }
  if (!isRecord(desired) || !isRecord(current)) return false;
  const wanted = presentKeys(desired);
  if (presentKeys(current).length !== wanted.length) return false;
  return wanted.every((key) => holds(current[key], desired[key]));
}

function holdsConditions(current: readonly unknown[], desired: readonly unknown[]): boolean {
  const found = current.filter(isCondition);
  return desired.filter(isCondition).every((wanted) => {
    const candidate = found.find((condition) => condition.type === wanted.type);
    return candidate !== undefined && holds(candidate, wanted);
  });
}

function presentKeys(record: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(record).filter((key) => record[key] !== undefined);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCondition(value: unknown): value is Condition {
  return (
    isRecord(value) && typeof value.type === 'string' && typeof value.status === 'string' && 'reason' in value
  );
}
