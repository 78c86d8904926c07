/** MutualTLSPolicy: which workloads it is for. */

import type { MutualTLSPolicy } from '../../base/api.ts';
import { attachmentChecks } from './attachment.ts';
import type { Check } from './policy.ts';

export const mutualTLSPolicyChecks: readonly Check<MutualTLSPolicy>[] = attachmentChecks;
