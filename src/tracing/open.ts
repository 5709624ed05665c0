/** Tracing as the configuration asks for it. Loaded only where `tracing.endpoint` is set, so that it costs nothing elsewhere. */
import type { Place } from './attributes.ts';
import { type ExportingOptions, startExporting } from './exporting.ts';
import { routesOf } from './routes.ts';
import { Tracing } from './tracing.ts';

export interface OpenTracingOptions extends ExportingOptions {
  /** ESC's northbound, as spans name it. */
  readonly esc: Place;
  /** The catalogue's document: spans are named by its paths. */
  readonly document: object;
}

export function openTracing({ esc, document, ...exporting }: OpenTracingOptions): Tracing {
  return new Tracing({ ...startExporting(exporting), esc, routes: routesOf(document) });
}
