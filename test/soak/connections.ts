import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Answer {
  status: number;
  body: string;
  retryAfter: string | undefined;
}

/** Connections to a server. */
export class Connections {
  readonly url: string;
  readonly #agent: Agent;

  /** @param keepAlive whether one carries several requests */
  constructor(url: string, keepAlive = true) {
    this.url = url;
    this.#agent = new Agent({ keepAlive });
  }

  /**
   * @param body sent as JSON
   * @throws Error when the connection fails
   */
  send(method: string, path: string, body = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const sent = request(`${this.url}${path}`, { agent: this.#agent, method, headers }, response => {
        const { statusCode, headers: given } = response;
        text(response).then(
          all => resolve({ status: statusCode!, body: all, retryAfter: given['retry-after'] }),
          reject,
        );
      });
      sent.once('error', reject);
      sent.end(body);
    });
  }

  /**
   * The content of an answer of 200.
   * @throws Error when it is another one
   */
  async json<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.send(method, path, body === undefined ? '' : JSON.stringify(body));
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as T;
  }

  close(): void {
    this.#agent.destroy();
  }
}
