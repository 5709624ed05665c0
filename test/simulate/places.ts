/** The addresses of the simulated pair. */
import type { Place } from './line.ts';

export const vip = '127.0.0.10';
export const nodes = ['127.0.0.11', '127.0.0.12'] as const;
export const restPort = 8080;
export const healthPort = 8060;

export const placeOf = (host: string): Place => (host === vip ? 'vip' : host === nodes[0] ? 0 : 1);
