/** Whether questions to the observability API reach the control plane. */

import { apiServiceGroups, isOurs } from '../../controllers/api-service-objects.ts';
import type { ApiService } from '../../controllers/api-service-objects.ts';
import { apiServices } from '../../kube/resources.ts';
import type { Condition } from '../../kube/types.ts';
import { failed, ok, type Verdict, warning } from './check.ts';
import type { Facts } from './facts.ts';

type Reported = ApiService & {
  readonly status?: { readonly conditions?: readonly Pick<Condition, 'type' | 'status' | 'message'>[] };
};

const [own = ''] = Object.keys(apiServiceGroups);

/** One that is not available keeps namespaces from being deleted; one that is not there only closes this way to the API. */
export async function observabilityApi({ context: { api } }: Facts): Promise<Verdict> {
  if (!(await api.serves(apiServices))) {
    return warning('the cluster has no aggregation layer: the API is only reached at the Service weft');
  }
  const absent: string[] = [];
  const broken: string[] = [];
  for (const name of Object.keys(apiServiceGroups)) {
    const found = await api.get<Reported>(apiServices, name);
    const available = found?.status?.conditions?.find(({ type }) => type === 'Available');
    if (found === undefined) absent.push(name);
    else if (!isOurs(found)) absent.push(`${name} is another program's`);
    else if (available?.status !== 'True')
      broken.push(`${name}: ${available?.message ?? 'not looked at yet'}`);
  }
  if (broken.length > 0) return failed('questions to the API do not reach the control plane', broken);
  if (absent.includes(own)) {
    return warning(
      'the API is not offered through the API server: it is only reached at the Service weft',
      absent,
    );
  }
  return ok('questions to it reach the control plane');
}
