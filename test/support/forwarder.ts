/**
 * A TCP address that leads to one server and later to another: an address that moves, as of a Redis behind a load balancer.
 * Connections to the server before are cut when it leads elsewhere.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Forwarder extends AsyncDisposable {
  readonly port: number;
  leadTo(target: { readonly port: number }): void;
  /** The same for new connections; those there are stay with their server. */
  leadNewTo(target: { readonly port: number }): void;
}

export async function startForwarder(first: { readonly port: number }): Promise<Forwarder> {
  let target = first;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    // The end of one is the end of the other; what was wrong with it is its peer's to tell.
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((incoming) => {
    const outgoing = keep(connect(target.port, '127.0.0.1'));
    keep(incoming).pipe(outgoing).pipe(incoming);
    incoming.on('close', () => outgoing.destroy());
    outgoing.on('close', () => incoming.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    leadTo(next) {
      target = next;
      cut();
    },
    leadNewTo(next) {
      target = next;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
