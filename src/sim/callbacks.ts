// ESC's completion reports on their way out: one POST an event, the events of one transaction one after the other, at
// most once and without persistence unless a profile says otherwise (reference/esc.md 2.1). They live in the memory of
// one node's life and end with it; what was not sent by then is handed back as lost.
import { Agent, request } from 'undici';
import type { EscEvent } from './events.ts';
import { describeEvent } from './events.ts';
import type { PairSettings } from './profiles.ts';
import type { Resource } from './resources.ts';
import { renderXml } from './xml.ts';

export type Report = { url: string; transaction: string; event: EscEvent; resource: Resource };

export class Callbacks {
  readonly #settings: PairSettings;
  readonly #fromNode: Agent;
  readonly #fromAnywhere: Agent;
  readonly #waiting = new Set<Report>();
  #hasEnded = false;

  /** `node` is the address callbacks to loopback receivers come from. */
  constructor(settings: PairSettings, node: string) {
    this.#settings = settings;
    // A connection a callback: one that was kept and closed meanwhile would lose the report, which is sent once only.
    const options = { pipelining: 0, connections: 32, headersTimeout: settings.limits.callbackTimeoutMs };
    // What ESC checks of a receiver's certificate is not known (esc.md 11, question 5): nothing.
    const connect = { timeout: settings.limits.callbackTimeoutMs, rejectUnauthorized: false };
    this.#fromNode = new Agent({ ...options, connect, localAddress: node });
    this.#fromAnywhere = new Agent({ ...options, connect });
  }

  /** Sends the reports of one transaction in order. Resolves when they are sent or lost; never rejects. */
  async send(reports: readonly Report[]): Promise<void> {
    const { callbackOrder, callbackCopies } = this.#settings.profiles;
    if (this.#waiting.size + reports.length > this.#settings.limits.callbacksMax) return;
    for (const report of reports) this.#waiting.add(report);
    for (const report of callbackOrder === 'reversed' ? reports.toReversed() : reports) {
      for (let copy = 0; copy < callbackCopies && !this.#hasEnded; copy++) await this.#sendOne(report);
      if (!this.#hasEnded) this.#waiting.delete(report);
    }
  }

  /** Drops everything under way and gives back what had not been sent. */
  end(): Report[] {
    if (this.#hasEnded) return [];
    this.#hasEnded = true;
    void this.#fromNode.destroy();
    void this.#fromAnywhere.destroy();
    const lost = [...this.#waiting];
    this.#waiting.clear();
    return lost;
  }

  async #sendOne(report: Report): Promise<void> {
    for (let attempt = 0; attempt <= this.#settings.profiles.callbackRetries; attempt++) {
      if (this.#hasEnded || (await this.#post(report))) return;
    }
  }

  async #post({ url, transaction, event, resource }: Report): Promise<boolean> {
    try {
      const { hostname } = new URL(url);
      const answer = await request(url, {
        method: 'POST',
        dispatcher: hostname.startsWith('127.') ? this.#fromNode : this.#fromAnywhere,
        headers: {
          'content-type': 'application/xml',
          [this.#settings.profiles.transactionHeader]: transaction,
          'ESC-Status-Code': event.status === 'SUCCESS' ? '200' : '500',
          'ESC-Status-Message': event.message,
        },
        body: renderXml(resource.type, describeEvent(event, resource)),
        bodyTimeout: this.#settings.limits.callbackTimeoutMs,
      });
      await answer.body.dump();
      return answer.statusCode < 300;
    } catch {
      // ESC is believed to send once and forget; a receiver that is not there loses its report.
      return false;
    }
  }
}
