/** HTTP as the probers speak it: one question on the socket they opened, one answer, nothing else. */
import { EventEmitter } from 'node:events';
import type { Answered } from '../line.ts';
import type { EdgeSocket } from './sockets.ts';

interface Question {
  readonly createConnection: () => EdgeSocket;
  readonly path: string;
}

class HealthQuestion extends EventEmitter {
  readonly #socket: EdgeSocket;
  readonly #path: string;

  constructor({ createConnection, path }: Question) {
    super();
    this.#socket = createConnection();
    this.#path = path;
  }

  end(): void {
    const { line } = this.#socket;
    line.ear = {
      connected: () => line.send({ method: 'GET', path: this.#path, headers: [], body: '' }),
      answered: (answer) => this.#answered(answer),
      failed: (why) => this.#socket.failed(why),
    };
  }

  #answered({ status, headers, body }: Answered): void {
    const response = Object.assign(new EventEmitter(), {
      statusCode: status,
      headers: { 'content-type': headers[1] ?? '' },
    });
    this.emit('response', response);
    response.emit('data', Buffer.from(body));
    response.emit('end');
  }

  destroy(): void {}
}

export default { request: (question: Question): HealthQuestion => new HealthQuestion(question) };
