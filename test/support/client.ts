import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { ErrorCode } from '../../src/errors.js';
import type { PredictionItem } from '../../src/model.js';
import { collect } from './predictions.js';

export interface Reply<T> {
  status: number;
  /** The reason phrase of the status line. */
  reason: string;
  headers: IncomingHttpHeaders;
  body: T;
}

export interface PredictBody {
  results: PredictionItem[];
  /** Null when no model can answer, which `refusalOf` tells of. */
  model_version: string;
}

export interface ErrorBody {
  code: ErrorCode;
  message: string;
  request_id: string;
}

/** The error that a `/predict` was answered with for each of its tasks, with status 200. */
export function refusalOf({ status, body }: Reply<unknown>): Pick<ErrorBody, 'code' | 'message'> {
  const { results } = body as { results?: { error?: ErrorBody }[] };
  const [first] = results ?? [];
  const isOne = first?.error && results!.every(each => JSON.stringify(each) === JSON.stringify(first));
  if (status !== 200 || !isOne) throw new Error(`not refused: ${status} ${JSON.stringify(body)}`);
  return first.error!;
}

export interface SendOptions {
  headers?: Record<string, string>;
  agent?: Agent;
}

/** A client of one server. What `/predict` answers it is kept for Label Studio's validator. */
export class Client {
  readonly url: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #configs = new Map<string, string>();
  #lastConfig: string | undefined;

  constructor(url: string) {
    this.url = url;
  }

  get<T = unknown>(path: string, options: SendOptions = {}): Promise<Reply<T>> {
    return this.send('GET', path, null, options);
  }

  /** @param body an object is sent as JSON, a string or bytes as they are */
  async post<T = unknown>(path: string, body: unknown, options: SendOptions = {}): Promise<Reply<T>> {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
    const reply = await this.send<T>('POST', path, isRaw ? body : JSON.stringify(body), options);
    if (!isRaw) this.#keep(path, body as Record<string, unknown>, reply);
    return reply;
  }

  async send<T>(
    method: string,
    path: string,
    body: string | Buffer | null,
    { headers = {}, agent = this.#agent }: SendOptions = {},
  ): Promise<Reply<T>> {
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.url}${path}`,
        {
          method,
          agent,
          headers: { ...(body === null ? {} : { 'content-type': 'application/json' }), ...headers },
        },
        response => {
          buffer(response).then(bytes => {
            const isJson = response.headers['content-type']?.startsWith('application/json');
            resolve({
              status: response.statusCode!,
              reason: response.statusMessage!,
              headers: response.headers,
              body: (isJson ? JSON.parse(bytes.toString()) : bytes.toString()) as T,
            });
          }, reject);
        },
      );
      sent.once('error', reject);
      sent.end(body ?? undefined);
    });
  }

  setup(body: Record<string, unknown>, options?: SendOptions): Promise<Reply<{ model_version: string }>> {
    return this.post('/setup', body, options);
  }

  predict(body: Record<string, unknown>, options?: SendOptions): Promise<Reply<PredictBody>> {
    return this.post('/predict', body, options);
  }

  close(): void {
    this.#agent.destroy();
  }

  #keep(path: string, body: Record<string, unknown>, reply: Reply<unknown>): void {
    if (reply.status !== 200) return;
    const { id = body.project, label_config } = (body.project ?? {}) as {
      id?: unknown;
      label_config?: string;
    };
    const project = String(id).split('.')[0]!;
    if (body.action === 'PROJECT_UPDATED' && label_config) this.#configs.set(project, label_config);
    if (path.endsWith('/setup')) {
      this.#lastConfig = body.schema as string;
      this.#configs.set(project, this.#lastConfig);
    }
    if (path.endsWith('/predict')) {
      const config = (body.label_config as string) || this.#configs.get(project) || this.#lastConfig;
      if (config === undefined) throw new Error('no labeling config to check these predictions against');
      collect(config, (reply.body as PredictBody).results);
    }
  }
}
