/** A socket that is opened and rests: the sentinel's, and what a probe speaks on. */
import { EventEmitter } from 'node:events';
import { type Ear, Line, type PortName } from '../line.ts';
import { healthPort, placeOf } from '../places.ts';
import { theOwner, theWorld } from './world.ts';

export class EdgeSocket extends EventEmitter implements Ear {
  readonly line: Line;
  readonly port: PortName;
  #isDestroyed = false;

  constructor(host: string, port: number) {
    super();
    this.port = port === healthPort ? 'health' : 'rest';
    this.line = new Line(theWorld().lines, { place: placeOf(host), port: this.port, client: theOwner(), ear: this });
  }

  connected(): void {
    this.emit('connect');
  }

  answered(): void {}

  failed(why: string): void {
    if (this.#isDestroyed) return;
    this.emit('error', Object.assign(new Error(why), { code: why }));
    this.destroy();
  }

  resume(): this {
    return this;
  }

  destroy(): this {
    if (this.#isDestroyed) return this;
    this.#isDestroyed = true;
    this.line.giveUp('reset');
    setImmediate(() => this.emit('close'));
    return this;
  }
}

export const open = ({ host, port }: { host: string; port: number }): EdgeSocket => new EdgeSocket(host, port);
