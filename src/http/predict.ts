import type { IncomingMessage, ServerResponse } from 'node:http';
import { ITEM_SEPARATOR } from '../inference/protocol.js';
import type { ItemTexts } from '../onnx-model.js';
import type { Service } from '../service.js';
import { TaskList } from '../tasks.js';
import type { Auth } from './auth.js';
import type { Bodies } from './bodies.js';
import { discardBody, errorAnswer, parseBody, toAppError } from './errors.js';
import type { Exchange, Exchanges } from './exchange.js';
import type { LargeBodies, LargeBody } from './large-body.js';
import { decode } from './path.js';
import { predictBody, projectId } from './wire.js';

export interface PredictDeps {
  service: Service;
  exchanges: Exchanges;
  auth: Auth;
  bodies: Bodies;
  /** The size of one body in bytes. */
  bodyLimit: number;
  largeBodies: LargeBodies;
}

/** Parsing this much takes about half a millisecond, which is what a hop to another thread and back costs. */
const LARGE_BYTES = 100_000;
const START = Buffer.from('{"results":[');
const SEPARATOR = Buffer.from(ITEM_SEPARATOR);
const PATH = /^(?:\/models\/([^/?]+))?\/predict\/?(?:\?.*)?$/;

/**
 * `POST /predict`, the one call that has to be fast: without the framework, its body read here, and the answer put
 * together from texts that the inference children wrote.
 */
export class PredictRoute {
  readonly #deps: PredictDeps;

  constructor(deps: PredictDeps) {
    this.#deps = deps;
  }

  /** Whether the request is this route's. */
  takes({ method, url = '' }: IncomingMessage): boolean {
    return method === 'POST' && url.includes('/predict') && PATH.test(url);
  }

  /** Answers the request, whatever happens. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { exchanges } = this.#deps;
    const exchange = exchanges.open(request);
    try {
      const answer = await this.#answer(request, response, exchange);
      this.#write(response, answer, exchange);
    } catch (thrown) {
      const error = toAppError(thrown);
      exchanges.failed(exchange, error);
      const { status, reason, headers, body } = errorAnswer(error, exchange);
      discardBody(request);
      response.writeHead(status, reason, { ...this.#headers(exchange, body.length), ...headers }).end(body);
    }
    exchanges.close(exchange, response.statusCode);
  }

  async #answer(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<ItemTexts> {
    const { auth, bodies, bodyLimit } = this.#deps;
    auth(request.headers, exchange.path);
    // Before anything is waited for: a client that has gone tells it once.
    const gone = new Promise(resolve => response.once('close', resolve));
    const { pieces, release } = await bodies.read(request, bodyLimit);
    let answer: ItemTexts | undefined;
    try {
      answer = await this.#predict(request, pieces, exchange, gone);
      return answer;
    } finally {
      afterwards(answer, release);
    }
  }

  async #predict(
    request: IncomingMessage,
    pieces: Buffer[],
    exchange: Exchange,
    gone: Promise<unknown>,
  ): Promise<ItemTexts> {
    const { service } = this.#deps;
    const { batch, project, label_config, params } = await this.#parse(pieces);
    exchange.tasks = batch.count;
    const model = PATH.exec(request.url!)![1];
    let answer: ItemTexts | undefined;
    try {
      answer = await service.predict({
        batch,
        project: projectId(project),
        labelConfig: label_config || null,
        context: params?.context ?? null,
        model: model === undefined ? null : decode(model),
        gone,
      });
      return answer;
    } finally {
      afterwards(answer, () => batch.release());
    }
  }

  async #parse(pieces: Buffer[]): Promise<LargeBody> {
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    if (size > LARGE_BYTES) return this.#deps.largeBodies.parse(pieces);
    const { tasks, ...head } = predictBody(
      parseBody(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)),
    );
    return { ...head, batch: new TaskList(tasks) };
  }

  #write(response: ServerResponse, { texts, modelVersion }: ItemTexts, exchange: Exchange): void {
    const end = `],"model_version":${JSON.stringify(modelVersion)}}`;
    if (texts.length <= 1) {
      const text = `{"results":[${texts.length === 0 ? '' : texts[0]!.toString()}${end}`;
      response.writeHead(200, this.#headers(exchange, Buffer.byteLength(text))).end(text);
      return;
    }
    const parts = texts.map(text => (typeof text === 'string' ? Buffer.from(text) : text));
    const last = Buffer.from(end);
    const separators = SEPARATOR.length * (parts.length - 1);
    const length = parts.reduce((sum, part) => sum + part.length, START.length + separators + last.length);
    response.writeHead(200, this.#headers(exchange, length));
    // Written one by one, and in one go: putting them together first would copy a large answer, and hold the thread.
    response.cork();
    parts.forEach((part, index) => {
      response.write(index === 0 ? START : SEPARATOR);
      response.write(part);
    });
    response.end(last);
    response.uncork();
  }

  #headers({ id }: Exchange, length: number): Record<string, string | number> {
    return {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': length,
      'X-Request-Id': id,
    };
  }
}

/** Does what is to be done when nobody works on an answer any more. */
function afterwards(answer: ItemTexts | undefined, work: () => void): void {
  if (answer?.over) void answer.over.then(work);
  else work();
}
