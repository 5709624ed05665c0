/**
 * How many may be connected to a listener at once, so that who only holds connections keeps nobody out: the newest gets the place
 * of the one that has been without a request for longest. Only where each has a request under way is the newest refused.
 */
import http from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError } from '../domain/problem.ts';
import { Conversation } from './conversation.ts';

interface Place {
  readonly socket: Socket;
  requestsUnderWay: number;
}

/** For who is being told that there is no place; past them connections are closed without a word. */
const refusedAtOnceMax = 100;
const retryAfterSeconds = 30;

/** Of a server that does not listen yet. */
export function limitConnections(server: http.Server, connectionsMax: number): void {
  // By the peer's address: under TLS a request comes on another object than its connection did. Longest unused first.
  const places = new Map<string, Place>();
  server.maxConnections = connectionsMax + refusedAtOnceMax;
  server.on('connection', (socket: Socket) => {
    if (places.size >= connectionsMax && !vacate(places)) {
      if (isPlain(server)) Conversation.on(socket).refuse(tooMany(connectionsMax));
      else socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    const place = { socket, requestsUnderWay: 0 };
    places.set(peer, place);
    socket.once('close', () => {
      if (places.get(peer) === place) places.delete(peer);
    });
  });
  server.prependListener('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    const peer = peerOf(request.socket);
    const place = places.get(peer);
    if (place === undefined) return;
    place.requestsUnderWay += 1;
    response.once('close', () => {
      place.requestsUnderWay -= 1;
      if (places.get(peer) !== place) return;
      places.delete(peer);
      places.set(peer, place);
    });
  });
}

/** Ends the connection that has been without a request for longest. @returns whether there was one. */
function vacate(places: Map<string, Place>): boolean {
  for (const [peer, { socket, requestsUnderWay }] of places) {
    if (requestsUnderWay > 0) continue;
    places.delete(peer);
    socket.destroy();
    return true;
  }
  return false;
}

const isPlain = (server: http.Server): boolean => server instanceof http.Server;
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

const tooMany = (connectionsMax: number): GatewayError =>
  new GatewayError('rate-limited', {
    detail: `${connectionsMax} connections have a request under way here; there is no place for another one.`,
    retryAfterSeconds,
  });
