import { abortable } from '../abortable.js';
import { AppError } from '../errors.js';
import { LruMap } from '../lru-map.js';
import { isPassing, request, unreachable } from './request.js';
import { type LabelStudio, shownUrl } from './source.js';

export interface LabelStudioAuth {
  /**
   * The `Authorization` header for requests to this Label Studio, null without a token. Who calls it sends the header
   * to that Label Studio's origin only.
   *
   * @param signal ends the waiting, not an exchange that others may share
   * @throws AppError `label_studio_unauthorized` when Label Studio does not take the personal access token,
   *   `label_studio_unreachable` when it does not answer; the signal's reason
   */
  header(labelStudio: LabelStudio, signal?: AbortSignal): Promise<string | null>;
  /**
   * Forgets a header that Label Studio refused.
   * @returns whether `header` may give another one now
   */
  renew(labelStudio: LabelStudio, refused: string | null): boolean;
}

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** A token is replaced so long before it expires, in milliseconds, that a request which starts now still ends in time. */
const MARGIN = 30_000;
/** More than any token. */
const MAX_BYTES = 2 ** 16;

/** Tokens that are kept, at most: of the Label Studios that are asked at a time, with some to spare. */
const KEPT = 100;

interface Entry {
  header: Promise<string>;
  /** The same, once it is there. */
  value?: string;
  until: number;
}

/**
 * Turns tokens into headers. A personal access token is exchanged for a short-lived one, which is kept until shortly
 * before it expires; callers that come during the exchange share it.
 *
 * @param deps.timeoutMs how long the exchange may take
 * @param deps.now milliseconds by a clock that nobody sets
 * @example
 * const auth = createLabelStudioAuth({ fetch, now: () => performance.now(), timeoutMs: 10_000 });
 * await auth.header({ url: 'http://localhost:8080', token: 'abc' }); // 'Token abc'
 */
export function createLabelStudioAuth(deps: {
  fetch: typeof fetch;
  now: () => number;
  timeoutMs: number;
}): LabelStudioAuth {
  const cache = new LruMap<string, Entry>(KEPT);

  async function exchange(labelStudio: LabelStudio): Promise<{ header: string; lifetime: number }> {
    const { status, headers, body } = await request(deps.fetch, labelStudio, '/api/token/refresh/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh: labelStudio.token }),
      timeoutMs: deps.timeoutMs,
      maxBytes: MAX_BYTES,
    });
    const access = accessOf(body);
    if (status !== 200 || access === undefined) {
      const what = `Label Studio at ${shownUrl(labelStudio)} did not exchange the personal access token (HTTP ${status})`;
      if (isPassing(status)) throw unreachable(what);
      throw new AppError(
        'label_studio_unauthorized',
        `${what}; check LABEL_STUDIO_URL, or create a new token and set LABEL_STUDIO_API_KEY to it`,
      );
    }
    // Against Label Studio's own clock, which need not agree with this one.
    const issued = Date.parse(headers.get('date') ?? '') || Date.now();
    return { header: `Bearer ${access}`, lifetime: expiryOf(access) - issued };
  }

  return {
    async header(labelStudio, signal) {
      const { url, token } = labelStudio;
      if (token === '') return null;
      if (!JWT.test(token)) return `Token ${token}`;
      const key = `${url} ${token}`;
      const started = deps.now();
      const known = cache.get(key);
      if (known && started < known.until) return await abortable(known.header, signal);
      const exchanged = exchange(labelStudio);
      const entry: Entry = {
        header: exchanged.then(({ header }) => header),
        until: Number.POSITIVE_INFINITY,
      };
      cache.set(key, entry);
      exchanged.then(
        ({ header, lifetime }) => {
          entry.value = header;
          entry.until = started + lifetime - MARGIN;
        },
        // Another one may have its place by now.
        () => void (cache.get(key) === entry && cache.delete(key)),
      );
      return await abortable(entry.header, signal);
    },

    renew({ url, token }, refused) {
      if (!JWT.test(token)) return false;
      const key = `${url} ${token}`;
      // Not one that another caller has renewed in the meantime.
      if (cache.get(key)?.value === refused) cache.delete(key);
      return true;
    },
  };
}

function accessOf(body: Buffer): string | undefined {
  try {
    const answer: unknown = JSON.parse(body.toString());
    return typeof answer === 'object' && answer !== null && 'access' in answer
      ? String(answer.access)
      : undefined;
  } catch {
    return undefined;
  }
}

/** When a JWT expires, in milliseconds since 1970; 0 when it does not say. */
function expiryOf(token: string): number {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    const claims: { exp?: unknown } = JSON.parse(payload);
    return Number(claims.exp) * 1000 || 0;
  } catch {
    return 0;
  }
}
