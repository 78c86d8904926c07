import type { Registry } from '@bufbuild/protobuf';

/** Every generated message by its type name. */
export declare const registry: Registry;
