/**
 * What a fault is to the proxy that plays it: something that befalls one exchange, on the way there or on the way back.
 * Whatever a fault does, a server gets the request whole, in part or not at all, and its client the answer likewise.
 */

/** `there`: what the client sends is hit, and the server may never see it. `back`: the server has done it; its answer is hit. */
export type Way = 'there' | 'back';

export interface Exchange {
  /** All of it, as the client sent it. */
  readonly request: Buffer;
  /**
   * Hands the request to the server, or what is left of it. Resolves with its whole answer; never, if the connection ends
   * before. What is answered and not asked for goes to the client.
   */
  ask(bytes?: Buffer): Promise<Buffer>;
  toServer(bytes: Buffer): void;
  toClient(bytes: Buffer): void;
  /** An orderly end of one direction: no more comes. */
  endToServer(): void;
  endToClient(): void;
  /** What the client has sent arrives although it is gone meanwhile: the network has it. */
  linger(): void;
  /** Both connections. */
  reset(): void;
  /** Resolves when the connection of the client is gone. */
  readonly gone: Promise<void>;
}

export interface Fault {
  readonly name: string;
  readonly ways: readonly Way[];
  /** Resolves when the connection may be used for the next exchange. */
  play(exchange: Exchange, way: Way): Promise<void>;
}

/** What befalls a connection before a byte of it is read, so that no exchange can be chosen: `FaultProxy.become`. */
export type DoorFault = 'refused' | 'reset-while-connecting';
