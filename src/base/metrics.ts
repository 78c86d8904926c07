/** The one metrics registry; rooms declare their metrics beside the code that moves them. */

export { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Registry } from 'prom-client';

export const registry = new Registry();
