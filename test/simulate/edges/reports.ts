/**
 * undici as the pair sends its reports with: to any replica that listens, sometimes late, twice, or not at all. Who has
 * no answer in time takes the report for lost, as ESC does.
 */
import { theWorld } from './world.ts';

interface Given {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Answer {
  readonly statusCode: number;
  readonly body: { dump(): Promise<void> };
}

const answerMaxMs = 5_000;
const lostShare = 0.04;
const twiceShare = 0.04;
const lateShare = 0.04;
const lateMaxMs = 3_000;

export class Agent {
  async destroy(): Promise<void> {}
}

export async function request(url: string, { headers, body }: Given): Promise<Answer> {
  const { clock, random, isTroubled, lines } = theWorld();
  const token = url.split('/').at(-1) ?? '';
  const fields = Object.entries(headers).flat();
  await clock.pause(isTroubled && random.isLucky(lateShare) ? random.between(0, lateMaxMs) : lines.delayMs());
  if (isTroubled && random.isLucky(lostShare)) throw new Error('the connection was reset');
  const statuses = [post(token, fields, body)];
  if (isTroubled && random.isLucky(twiceShare)) statuses.push(post(token, fields, body));
  const statusCode = await Promise.race([Promise.any(statuses), clock.pause(answerMaxMs).then(() => 504)]);
  return { statusCode, body: { dump: async () => undefined } };
}

/** To one of those that listen; never answered if it dies. */
function post(token: string, fields: readonly string[], body: string): Promise<number> {
  const { clock, random, replicas, lines } = theWorld();
  const [first, ...others] = replicas.filter(({ isListening }) => isListening);
  if (first === undefined) return Promise.reject(new Error('ECONNREFUSED'));
  const replica = random.pick([first, ...others]);
  const { owner, takeReport } = replica;
  return new Promise((resolve, reject) => {
    clock.after(lines.delayMs(), owner, () => {
      takeReport(token, fields, Buffer.from(body)).then(
        (word) =>
          clock.after(lines.delayMs(), null, () => resolve({ taken: 200, unknown: 404, unavailable: 503 }[word])),
        reject,
      );
    });
  });
}
