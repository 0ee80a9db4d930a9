import { AppError } from '../errors.js';
import { reasonOf } from '../task-data/reasons.js';
import { USER_AGENT } from '../user-agent.js';
import { type LabelStudio, shownUrl, unreachableSentence, urlOf } from './source.js';

export interface RequestOptions {
  method?: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body?: string;
  signal?: AbortSignal | undefined;
  /** How long the request may take until the last byte, in milliseconds. */
  timeoutMs: number;
  /** The most that is read of the body. */
  maxBytes: number;
}

/** An answer as it came. */
export interface Reply {
  status: number;
  headers: Headers;
  body: Buffer;
}

/** An answer that is longer than it may be. */
export class AnswerTooLarge extends AppError {
  constructor(labelStudio: LabelStudio, maxBytes: number) {
    super(
      'label_studio_unexpected',
      `Label Studio at ${shownUrl(labelStudio)} answers with more than ${maxBytes} bytes`,
    );
  }
}

/**
 * Sends one request to a Label Studio and reads the answer within its limits. Redirects are not followed: they could
 * carry the token elsewhere.
 *
 * @param path below Label Studio's address, with its query
 * @throws AppError `label_studio_unreachable` when there is no whole answer in time; AnswerTooLarge; the
 *   signal's reason
 */
export async function request(
  send: typeof fetch,
  labelStudio: LabelStudio,
  path: string,
  { signal, timeoutMs, maxBytes, ...init }: RequestOptions,
): Promise<Reply> {
  signal?.throwIfAborted();
  const url = urlOf(labelStudio, path);
  // `fetch` takes no URL with credentials, and the header has room for one kind.
  url.username = '';
  url.password = '';
  let late = false;
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, timeoutMs);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const response = await send(url, {
      ...init,
      headers: { 'user-agent': USER_AGENT, ...init.headers },
      redirect: 'manual',
      signal: controller.signal,
    });
    const body = await readBody(response, maxBytes);
    if (body === null) throw new AnswerTooLarge(labelStudio, maxBytes);
    return { status: response.status, headers: response.headers, body };
  } catch (error) {
    if (error instanceof AnswerTooLarge) throw error;
    signal?.throwIfAborted();
    if (late) {
      const place = `Label Studio at ${shownUrl(labelStudio)}`;
      throw unreachable(`${place} did not answer within ${timeoutMs / 1000} s`, error);
    }
    throw unreachable(unreachableSentence(labelStudio, reasonOf(error)), error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** The error of a Label Studio that may answer later. */
export function unreachable(message: string, cause?: unknown): AppError {
  return new AppError('label_studio_unreachable', message, { cause });
}

/** Whether an answer says that the same request may succeed later. */
export function isPassing(status: number): boolean {
  return status === 429 || status >= 500;
}

/** The whole body; null when it is longer than the limit. */
async function readBody(response: Response, maxBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    // Leaving the loop ends the connection.
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
