import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** An HTTP proxy, which opens tunnels and passes requests on. */
export interface ProxyServer {
  url: string;
  /** What it was asked for: `CONNECT host:port`, or the method and the whole URL. */
  asked: string[];
  headers: IncomingMessage['headers'][];
  stop(): Promise<void>;
}

/**
 * Starts a proxy.
 * @param names hosts that it knows, with where they are (`host:port`), as a DNS of its own would tell it
 * @param credentials what it wants, as `user:password`
 */
export async function startProxy(
  names: Readonly<Record<string, string>> = {},
  credentials?: string,
): Promise<ProxyServer> {
  const asked: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const note = (incoming: IncomingMessage) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    headers.push(incoming.headers);
    return wanted === undefined || incoming.headers['proxy-authorization'] === wanted;
  };
  /** Where a host is, given with or without a port. */
  const placeOf = (host: string) => new URL(`http://${names[host.replace(/:\d+$/, '')] ?? host}`);
  const server = createServer((incoming, response) => {
    if (!note(incoming)) return response.writeHead(407).end();
    const url = new URL(incoming.url!);
    const { hostname, port } = placeOf(url.host);
    const options = { hostname, port, path: url.pathname + url.search, method: incoming.method };
    const { 'proxy-authorization': _, ...passed } = incoming.headers;
    const out = request({ ...options, headers: passed, agent: false }, answer => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    out.on('error', () => response.writeHead(502).end());
    incoming.pipe(out);
  });
  server.on('connect', (incoming, socket) => {
    if (!note(incoming)) return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const { hostname, port } = placeOf(incoming.url!);
    const out = connect(Number(port), hostname);
    out.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(out).pipe(socket);
    });
    out.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    socket.on('error', () => out.destroy()).on('close', () => out.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    headers,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
