import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** As much of an S3 storage as Label Studio and a signed URL ask for: one bucket of texts, read only. */
export class Storage {
  /** Requests for objects, with their query. */
  readonly requests: URL[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param objects texts by key */
  static async start(bucket: string, objects: Readonly<Record<string, string>>): Promise<Storage> {
    const storage: Storage = new Storage(
      createServer((request, response) => {
        const url = new URL(request.url ?? '/', storage.url);
        const [, name, ...rest] = decodeURIComponent(url.pathname).split('/');
        const key = rest.join('/');
        if (name === bucket && key === '') return response.end();
        storage.requests.push(url);
        const text = name === bucket ? objects[key] : undefined;
        if (text === undefined) response.writeHead(404).end();
        else response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
      }),
    );
    await once(storage.#server.listen(0, '127.0.0.1'), 'listening');
    return storage;
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
