/** Who a connected proxy is, and what it needs of everything that all proxies share. */

import type { WeftError } from '../../base/errors.ts';
import type { OwnSecrets } from '../resource.ts';
import type { Batch } from './batch.ts';
import type { ConnectedProxy } from './proxy.ts';
import type { ResourceRecord, ResourceTable } from './table.ts';

/** Who a stream speaks for, as `identify` has found out. */
export interface ProxyInfo {
  /** `namespace/pod`. */
  readonly key: string;
  /** `namespace/kind/name`. */
  readonly workload: string;
  /** SPIFFE ID. */
  readonly identity: string;
  readonly uid: string;
  /** Where key and certificate come over the stream. */
  readonly secrets?: OwnSecrets;
}

/** What a proxy needs of everything that all proxies share. */
export interface ProxyHost {
  readonly table: ResourceTable;
  monotonic(): number;
  /** Takes up a resource that exists by now, though the graph has not come to tell it yet. */
  refresh(record: ResourceRecord): void;
  /** Counts or the rejection of the record have changed. */
  touch(record: ResourceRecord): void;
  /** `served` of the record has changed through what a proxy answered. */
  servedChanged(record: ResourceRecord): void;
  /** The workload of the proxy uses these destinations; resolves when its lists contain them. */
  use(proxy: ConnectedProxy, destinations: readonly string[]): Promise<void>;
  /** Something of the proxy may be ready to be sent. */
  wake(proxy: ConnectedProxy): void;
  rejected(proxy: ConnectedProxy, record: ResourceRecord, version: string, message: string): void;
  acknowledged(batch: Batch, staleSinceMs: number | undefined): void;
  /** The proxy did something it is not entitled to; it goes on all the same. */
  complain(proxy: ConnectedProxy, error: WeftError): void;
}
