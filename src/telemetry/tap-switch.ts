/** Switches the logs of proxies on and off through their control ports. */

import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { formatIdentity } from '../base/spiffe.ts';
import { tapRuntimeKey } from '../base/tap.ts';
import type { MeshPod } from '../mesh/model.ts';
import type { ControlPort, ProxyTarget } from './control-port.ts';
import { type ContentSpec, readContents, type TappedContent, tapRequest } from './tap-contents.ts';

export interface TapSwitchOptions {
  readonly controlPort: Pick<ControlPort, 'ask' | 'open'>;
  readonly trustDomain: () => string;
  readonly log: Logger;
}

export class TapSwitch {
  readonly #options: TapSwitchOptions;

  constructor(options: TapSwitchOptions) {
    this.#options = options;
  }

  /** Rejects with a plain Error that says why it is not on. */
  on(pod: MeshPod): Promise<void> {
    // Percent of the requests.
    return this.#set(pod, '100');
  }

  /** Never rejects: a proxy that cannot be reached logs to somebody who will try again. */
  async off(pod: MeshPod): Promise<void> {
    try {
      // Without a value it is again what it is by default.
      await this.#set(pod, '');
    } catch (error) {
      const fields = { pod: keyOf(pod), err: describeError(error) };
      this.#options.log.debug(fields, 'a log of live requests could not be switched off');
    }
  }

  /** Headers and bodies of all requests of a pod, until the signal aborts. Rejects with a plain Error. */
  async contents(
    pod: MeshPod,
    spec: ContentSpec,
    signal: AbortSignal,
  ): Promise<AsyncIterable<TappedContent>> {
    const target = proxyOf(pod, this.#options.trustDomain());
    const question = { method: 'POST', path: '/tap', body: tapRequest(spec), signal } as const;
    return readContents(await this.#options.controlPort.open(target, question));
  }

  async #set(pod: MeshPod, value: string): Promise<void> {
    const target = proxyOf(pod, this.#options.trustDomain());
    const path = `/runtime_modify?${tapRuntimeKey}=${value}`;
    const { status, body } = await this.#options.controlPort.ask(target, { method: 'POST', path });
    if (status === 200) return;
    // What the proxy's own configuration does not allow, or has no place for.
    if (status === 403 || status === 503) {
      throw new Error('its proxy is from before this version of Weft; restart the pod');
    }
    throw new Error(`its proxy answered ${status}: ${body.trim().slice(0, 200)}`);
  }
}

/** Throws where the pod has no address yet. */
export function proxyOf(pod: MeshPod, trustDomain: string): ProxyTarget {
  const [address] = pod.addresses;
  if (address === undefined) throw new Error('it has no address');
  return { key: keyOf(pod), address, identity: formatIdentity({ ...pod, trustDomain }) };
}

export function keyOf({ namespace, name }: Pick<MeshPod, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
