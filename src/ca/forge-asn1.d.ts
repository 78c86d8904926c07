/** Types for node-forge's ASN.1 alone, which loads without the rest of it, and for the options that @types leaves out. */

declare module 'node-forge/lib/asn1.js' {
  import type { asn1 as published, util } from 'node-forge';

  /** Bytes are the characters of a string, U+0000 to U+00FF. */
  export interface Asn1 {
    readonly tagClass: number;
    readonly type: number;
    readonly constructed: boolean;
    readonly value: string | Asn1[];
  }

  interface ReadOptions {
    /** Refuses values that are cut short. */
    readonly strict: boolean;
    /** Refuses bytes behind the end. */
    readonly parseAllBytes: boolean;
    /** Looks for elements inside of BIT STRINGs. */
    readonly decodeBitStrings: boolean;
    /** Elements within elements. */
    readonly maxDepth: number;
  }

  const asn1: Pick<typeof published, 'oidToDer' | 'dateToUtcTime' | 'dateToGeneralizedTime'> & {
    create(tagClass: number, type: number, constructed: boolean, value: string | Asn1[]): Asn1;
    equals(one: Asn1, other: Asn1): boolean;
    fromDer(bytes: string, options: ReadOptions): Asn1;
    toDer(element: Asn1): util.ByteBuffer;
  };
  export default asn1;
}
