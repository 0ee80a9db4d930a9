import type { Logger } from 'pino';
import { inBackground } from '../background.js';
import { AppError, clip, type ErrorCode, MESSAGE_LENGTH } from '../errors.js';
import { ITEM_SEPARATOR } from '../inference/protocol.js';
import type { ItemTexts } from '../onnx-model.js';
import type { ProjectKeys } from '../project-keys.js';
import type { Service } from '../service.js';
import { TaskList } from '../tasks.js';
import type { Bodies } from './bodies.js';
import type { LargeBody } from './body-thread.js';
import { parseBody } from './errors.js';
import type { LargeBodies } from './large-body.js';
import type { Answer, Call } from './route.js';
import { predictBody, projectName } from './wire.js';

export interface PredictDeps {
  service: Service;
  keys: ProjectKeys;
  bodies: Bodies;
  /** The size of one body in bytes. */
  bodyLimit: number;
  largeBodies: LargeBodies;
  log: Logger;
}

/** Parsing this much takes about half a millisecond, which is what a hop to another thread and back costs. */
const LARGE_BYTES = 100_000;
const START = Buffer.from('{"results":[');
const SEPARATOR = Buffer.from(ITEM_SEPARATOR);

/**
 * Errors that are about the project and not about the request: they stay until somebody changes something. Label Studio shows its
 * users nothing of the status of a `/predict`, but all of its items ("Send Test Request").
 */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'label_mismatch',
  'no_model_fits',
  'model_ambiguous',
  'version_unusable',
  'untrained',
]);

/** What is answered: `modelVersion` is null where no model answers. */
type Answered = Omit<ItemTexts, 'modelVersion'> & { modelVersion: string | null };

/** `POST /predict`, the one call that has to be fast: its answer is put together from texts that the inference children wrote. */
export class Predict {
  readonly #deps: PredictDeps;

  constructor(deps: PredictDeps) {
    this.#deps = deps;
  }

  async handle(call: Call): Promise<Answer> {
    const { bodies, bodyLimit } = this.#deps;
    const { pieces, release } = await bodies.read(call.request, bodyLimit);
    let answer: Answered | undefined;
    try {
      answer = await this.#predict(call, pieces);
      return { pieces: piecesOf(answer) };
    } finally {
      this.#afterwards(answer, release);
    }
  }

  async #predict(call: Call, pieces: Buffer[]): Promise<Answered> {
    const { exchange, params: asked, gone } = call;
    const { batch, project, label_config, params } = await this.#parse(pieces, call);
    exchange.tasks = batch.count;
    const context = params?.context ?? null;
    let answer: ItemTexts | undefined;
    try {
      const name = projectName(project);
      answer = await this.#deps.service.predict({
        batch,
        project: name && this.#deps.keys.of(name),
        labelConfig: label_config || null,
        context,
        model: asked.model ?? null,
        gone,
      });
      return answer;
    } catch (error) {
      // An annotator who waits for an answer is shown the status line alone.
      const isRefusal = error instanceof AppError && REFUSALS.has(error.code) && context === null;
      const told = isRefusal && refused(error, batch.count, this.#deps.bodyLimit);
      if (!told) throw error;
      exchange.refused = error;
      return told;
    } finally {
      this.#afterwards(answer, () => batch.release());
    }
  }

  async #parse(pieces: Buffer[], { exchange: { begin }, gone }: Call): Promise<LargeBody> {
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    if (size > LARGE_BYTES) return this.#deps.largeBodies.parse(pieces, { begin, gone });
    const { tasks, ...head } = predictBody(
      parseBody(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)),
    );
    return { ...head, batch: new TaskList(tasks) };
  }

  /** Does what is to be done when nobody works on an answer any more. */
  #afterwards(answer: Pick<ItemTexts, 'over'> | undefined, work: () => void): void {
    const { log } = this.#deps;
    inBackground(log, 'a request could not be released', (answer?.over ?? Promise.resolve()).then(work));
  }
}

/**
 * The error as the item of each task. Label Studio stores nothing of such items, and asks no more often than it does after a status;
 * were there fewer than tasks, it would ask for one task after the other.
 *
 * @param most bytes of all items
 * @returns undefined when there is no task, or too many of them
 */
function refused({ code, message }: AppError, count: number, most: number): Answered | undefined {
  const error = { code, message: clip(message, MESSAGE_LENGTH) };
  const item = Buffer.from(JSON.stringify({ error }));
  if (count === 0 || count * item.length > most) return undefined;
  return { texts: new Array(count).fill(item), modelVersion: null };
}

function piecesOf({ texts, modelVersion }: Answered): (string | Buffer)[] {
  const end = `],"model_version":${JSON.stringify(modelVersion)}}`;
  if (texts.length <= 1) return [`{"results":[${texts.length === 0 ? '' : texts[0]!.toString()}${end}`];
  return [...texts.flatMap((text, index) => [index === 0 ? START : SEPARATOR, text]), end];
}
