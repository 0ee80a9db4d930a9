import { once } from 'node:events';
import { createServer, request as forward, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request that passed through, with its answer. */
export interface Call {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** Parsed; null: there was none, or it is not JSON. */
  body: Record<string, unknown> | null;
  status: number;
  milliseconds: number;
}

/** Stands between two servers: passes every request on as it is, and remembers it. */
export class Recorder {
  readonly calls: Call[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param target where requests go to, such as `http://127.0.0.1:9090` */
  static async start(target: string): Promise<Recorder> {
    const recorder: Recorder = new Recorder(
      createServer(async (incoming, outgoing) => {
        const begin = performance.now();
        const { method = '', url: path = '', headers } = incoming;
        const body = await buffer(incoming);
        const onward = forward(`${target}${path}`, { method, headers, agent: false });
        onward.on('error', () => outgoing.destroy());
        onward.on('response', async response => {
          const answer = await buffer(response);
          const { statusCode: status = 0, statusMessage } = response;
          const milliseconds = performance.now() - begin;
          recorder.calls.push({ method, path, headers, body: parse(body), status, milliseconds });
          outgoing.writeHead(status, statusMessage, response.headers).end(answer);
        });
        onward.end(body);
      }),
    );
    await once(recorder.#server.listen(0, '127.0.0.1'), 'listening');
    return recorder;
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** The calls of a path, without its query. */
  of(path: string): Call[] {
    return this.calls.filter(call => call.path.split('?', 1)[0] === path);
  }

  /** How many tasks each `/predict` so far carried. */
  batches(): number[] {
    return this.of('/predict').map(({ body }) => (body!.tasks as unknown[]).length);
  }

  /** The webhooks of an action. */
  webhooks(action: string): Call[] {
    return this.calls.filter(({ path, body }) => path.includes('/webhook') && body?.action === action);
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

function parse(body: Buffer): Call['body'] {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' ? (value as Call['body']) : null;
  } catch {
    return null;
  }
}
