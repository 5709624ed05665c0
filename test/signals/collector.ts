/** A collector of OpenTelemetry: takes spans over OTLP/HTTP as JSON, and answers as a test says. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../support/until.ts';

export interface SpanSeen {
  readonly name: string;
  /** As in OTLP: 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** As in OTLP: 0 unset, 1 ok, 2 error. */
  readonly status: number;
  /** service.instance.id of the gateway that sent it. */
  readonly replica: string;
}

interface Value {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}
type KeyValues = readonly { readonly key: string; readonly value: Value }[];
interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: KeyValues };
    readonly scopeSpans: readonly { readonly spans: readonly Record<string, unknown>[] }[];
  }[];
}

export class Collector {
  readonly spans: SpanSeen[] = [];
  /** Every body as it came. */
  text = '';
  posts = 0;
  paths = new Set<string>();
  /** False: it never answers. */
  answering: () => number | false = () => 200;
  readonly #server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.posts += 1;
      this.paths.add(request.url ?? '');
      const status = this.answering();
      if (status === false) return;
      if (status === 200) this.#take(Buffer.concat(chunks).toString());
      response.writeHead(status, { 'Content-Type': 'application/json' }).end('{}');
    });
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  #take(text: string): void {
    this.text += text;
    for (const { resource, scopeSpans } of (JSON.parse(text) as Exported).resourceSpans) {
      const replica = String(read(resource.attributes)['service.instance.id']);
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) this.spans.push(seen(span, replica));
    }
  }

  /** Of one trace, in the order in which they began. */
  of(traceId: string): SpanSeen[] {
    return this.spans.filter((span) => span.traceId === traceId).sort((one, other) => one.startMs - other.startMs);
  }

  /** Resolves with the spans of a trace once it has one of each of these names. */
  async whole(traceId: string, ...names: readonly string[]): Promise<SpanSeen[]> {
    try {
      await until(
        () => names.every((name) => this.of(traceId).some((span) => span.name === name)),
        'the trace is whole',
      );
    } catch (error) {
      const have = this.of(traceId).map(({ name }) => name);
      throw new Error(`of ${names.join(', ')} came ${have.join(', ')}`, { cause: error });
    }
    return this.of(traceId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export async function startCollector(): Promise<Collector> {
  const collector = new Collector();
  await collector.listen();
  return collector;
}

function seen(span: Record<string, unknown>, replica: string): SpanSeen {
  return {
    name: String(span.name),
    kind: Number(span.kind),
    traceId: String(span.traceId),
    spanId: String(span.spanId),
    parentSpanId: String(span.parentSpanId ?? ''),
    traceState: String(span.traceState ?? ''),
    startMs: Number(BigInt(String(span.startTimeUnixNano)) / 1_000_000n),
    endMs: Number(BigInt(String(span.endTimeUnixNano)) / 1_000_000n),
    attributes: read(span.attributes as KeyValues),
    links: span.links as SpanSeen['links'],
    status: Number((span.status as { code?: number } | undefined)?.code ?? 0),
    replica,
  };
}

const read = (values: KeyValues): Record<string, string | number | boolean> =>
  Object.fromEntries(
    values.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
      key,
      stringValue ?? boolValue ?? Number(intValue ?? doubleValue),
    ]),
  );
