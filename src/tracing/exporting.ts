/**
 * Spans on their way to the collector: OTLP over HTTP, in batches, from a bounded queue. What the collector does not take
 * is dropped and counted; nothing here is ever waited for by a request, and the end of the gateway waits a moment only.
 */
import type { Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import type { Logger } from 'pino';

export interface ExportingOptions {
  /** `tracing.endpoint`: the collector's base URL; `/v1/traces` is added unless it ends in it. */
  readonly endpoint: string;
  readonly version: string;
  readonly replica: string;
  readonly log: Logger;
  /** So many spans were taken by the collector, or dropped. */
  readonly onExported: (count: number, isTaken: boolean) => void;
}

export interface Exporting {
  readonly tracer: Tracer;
  /** What waits is handed over, if the collector takes it in time. Never rejects. */
  close(): Promise<void>;
}

/** Ended and not yet taken, those under way included. */
const waitingSpansMax = 4096;
const batchSpansMax = 512;
const batchEveryMs = 1_000;
/** With its repetitions by the exporter. */
const exportMaxMs = 3_000;
const closeMaxMs = 2_000;
const valueMaxChars = 512;
const tracesPath = '/v1/traces';

export function startExporting(options: ExportingOptions): Exporting {
  const { version, replica } = options;
  const bounded = new Bounded(options);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      [ATTR_SERVICE_NAME]: 'northgate',
      [ATTR_SERVICE_VERSION]: version,
      'service.instance.id': replica,
    }),
    // Who began the trace says whether it is kept.
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanLimits: { attributeValueLengthLimit: valueMaxChars, attributeCountLimit: 64, linkCountLimit: 8 },
    spanProcessors: [bounded],
  });
  const close = async (): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeMaxMs);
    });
    await Promise.race([provider.shutdown().catch(() => undefined), late]);
    clearTimeout(timer);
  };
  return { tracer: provider.getTracer('northgate', version), close };
}

/** The batches of the library, with a bound on all that waits and a word for what is lost. */
class Bounded implements SpanProcessor {
  readonly #options: ExportingOptions;
  readonly #batches: BatchSpanProcessor;
  #waiting = 0;
  #isTaken = true;

  constructor(options: ExportingOptions) {
    this.#options = options;
    const { endpoint } = options;
    const url = endpoint.endsWith(tracesPath) ? endpoint : `${endpoint.replace(/\/+$/, '')}${tracesPath}`;
    const exporter = new OTLPTraceExporter({ url, timeoutMillis: exportMaxMs, concurrencyLimit: 4 });
    this.#batches = new BatchSpanProcessor({
      exporter: this.#counting(exporter),
      maxQueueSize: waitingSpansMax,
      maxExportBatchSize: batchSpansMax,
      scheduledDelayMillis: batchEveryMs,
      exportTimeoutMillis: 2 * exportMaxMs,
    });
  }

  #counting(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, told) =>
        exporter.export(spans, (result) => {
          // 0 is success in OpenTelemetry's core.
          this.#exported(spans.length, result.code === 0, result.error);
          told(result);
        }),
      shutdown: () => exporter.shutdown(),
    };
  }

  #exported(count: number, isTaken: boolean, error: Error | undefined): void {
    this.#waiting -= count;
    this.#options.onExported(count, isTaken);
    if (isTaken !== this.#isTaken) {
      const { log } = this.#options;
      if (isTaken) log.info('spans are exported again');
      else log.warn({ err: error }, 'spans could not be exported; they are dropped until the collector takes them');
    }
    this.#isTaken = isTaken;
  }

  onStart(): void {
    // Nothing is kept of a span before its end.
  }

  onEnd(span: ReadableSpan): void {
    if (this.#waiting >= waitingSpansMax) {
      this.#options.onExported(1, false);
      return;
    }
    this.#waiting += 1;
    this.#batches.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown();
  }
}
