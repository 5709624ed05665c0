/**
 * The ops API as commands call it: one request, its JSON, or a Failure that says what to do. It knows no routes, and
 * tries nothing twice.
 */
import { Agent, type Dispatcher, request } from 'undici';
import { Failure } from './failure.ts';

export interface OpsAccess {
  readonly url: string;
  readonly token?: string;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

const connectTimeoutMs = 5_000;
const answerTimeoutMs = 30_000;

export class OpsClient {
  readonly #base: URL;
  readonly #headers: Record<string, string>;
  readonly #agent = new Agent({ connect: { timeout: connectTimeoutMs }, keepAliveTimeout: 1_000 });

  /** @throws Failure 2 for a URL that is none. */
  constructor({ url, token }: OpsAccess) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new Failure(2, `--url: found "${url}", expected an http or https URL such as http://127.0.0.1:9080`);
    }
    this.#base = new URL(url.endsWith('/') ? url : `${url}/`);
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async get<T>(path: string, query: Query = {}): Promise<T> {
    return (await this.#json('GET', path, { query })) as T;
  }

  async act<T>(method: 'POST' | 'PUT', path: string, body?: unknown): Promise<T> {
    return (await this.#json(method, path, { body })) as T;
  }

  /** The bytes of an answer as they came. */
  async bytes(path: string): Promise<Buffer> {
    const { body } = await this.#send('GET', path, {});
    return Buffer.from(await body.arrayBuffer());
  }

  /** Server-sent events until `signal` fires. @throws Failure 3 when the gateway ends the stream. */
  async *events(path: string, signal: AbortSignal): AsyncGenerator<{ name: string; data: unknown }> {
    const { body } = await this.#send('GET', path, { signal });
    let pending = '';
    try {
      for await (const chunk of body.setEncoding('utf8')) {
        const blocks = (pending + String(chunk)).split('\n\n');
        pending = blocks.pop() ?? '';
        for (const block of blocks) {
          const event = readEvent(block);
          if (event !== null) yield event;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      throw new Failure(3, `${this.#base.href}: the connection broke off; start it again`, error);
    }
    throw new Failure(3, `${this.#base.href}: the gateway ended the stream; start it again when it is back`);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #json(method: 'GET' | 'POST' | 'PUT', path: string, { query, body }: { query?: Query; body?: unknown }) {
    const answer = await this.#send(method, path, { ...(query === undefined ? {} : { query }), body });
    try {
      return await answer.body.json();
    } catch (error) {
      throw this.#foreign(error);
    }
  }

  async #send(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    { query = {}, body, signal }: { query?: Query; body?: unknown; signal?: AbortSignal },
  ): Promise<Dispatcher.ResponseData> {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, `${value}`);
    const answer = await request(url, {
      dispatcher: this.#agent,
      method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      headersTimeout: answerTimeoutMs,
      bodyTimeout: signal === undefined ? answerTimeoutMs : 0,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: unknown) => {
      const why = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
      const remedy = 'is it running, and is this its ops listener? --url or NORTHGATE_OPS_URL says where it is';
      throw new Failure(3, `${this.#base.href} could not be reached (${why}): ${remedy}`, error);
    });
    if (answer.statusCode >= 400) throw await this.#refusal(answer);
    return answer;
  }

  async #refusal({ statusCode, body }: Dispatcher.ResponseData): Promise<Failure> {
    const problem = (await body.json().catch(() => null)) as { type?: string; title?: string; detail?: string } | null;
    if (problem?.type?.startsWith('urn:northgate:problem:') !== true) return this.#foreign(undefined);
    const remedy = statusCode === 401 ? ' Give it with --token or NORTHGATE_OPS_TOKEN.' : '';
    return new Failure(statusCode === 400 ? 2 : 1, `${problem.title}: ${problem.detail}${remedy}`);
  }

  #foreign(cause: unknown): Failure {
    const text = `${this.#base.href} does not answer like Northgate's ops API: is it the ops listener's URL?`;
    return new Failure(3, text, cause);
  }
}

function readEvent(block: string): { name: string; data: unknown } | null {
  const lines = block.split('\n');
  const name = lines.find((line) => line.startsWith('event: '))?.slice('event: '.length);
  const data = lines.find((line) => line.startsWith('data: '))?.slice('data: '.length);
  return name === undefined || data === undefined ? null : { name, data: JSON.parse(data) };
}
