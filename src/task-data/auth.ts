import { Unreadable } from './reasons.js';

/** A Label Studio and the token to read from it. */
export interface LabelStudio {
  /** Its address; may have a path, as behind a proxy. */
  url: string;
  /** A legacy token, or a personal access token (a JWT); empty: none. */
  token: string;
}

export interface LabelStudioAuth {
  /**
   * The `Authorization` header for requests to this Label Studio, null without a token. Who calls it sends the header
   * to that Label Studio's origin only.
   *
   * @throws Unreadable when Label Studio does not take the personal access token
   */
  header(labelStudio: LabelStudio): Promise<string | null>;
}

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** A token is replaced so long before it expires, in milliseconds, that a request which starts now still ends in time. */
const MARGIN = 30_000;

/**
 * Turns tokens into headers. A personal access token is exchanged for a short-lived one, which is kept until shortly
 * before it expires; callers that come during the exchange share it.
 *
 * @param deps.timeoutMs how long the exchange may take
 * @param deps.now the time in milliseconds
 * @example
 * const auth = createLabelStudioAuth({ fetch, now: Date.now, timeoutMs: 10_000 });
 * await auth.header({ url: 'http://localhost:8080', token: 'abc' }); // 'Token abc'
 */
export function createLabelStudioAuth(deps: {
  fetch: typeof fetch;
  now: () => number;
  timeoutMs: number;
}): LabelStudioAuth {
  const cache = new Map<string, { header: Promise<string>; until: number }>();

  async function exchange({ url, token }: LabelStudio): Promise<{ header: string; lifetime: number }> {
    const response = await deps.fetch(`${url.replace(/\/+$/, '')}/api/token/refresh/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh: token }),
      // A redirect followed would carry the token elsewhere.
      redirect: 'manual',
      signal: AbortSignal.timeout(deps.timeoutMs),
    });
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok || typeof body !== 'object' || body === null || !('access' in body)) {
      throw new Unreadable(
        `Label Studio did not exchange the personal access token (HTTP ${response.status}); check LABEL_STUDIO_URL, or create a new token and set LABEL_STUDIO_API_KEY to it`,
      );
    }
    const access = String(body.access);
    // Against Label Studio's own clock, which need not agree with this one.
    const issued = Date.parse(response.headers.get('date') ?? '') || deps.now();
    return { header: `Bearer ${access}`, lifetime: expiryOf(access) - issued };
  }

  return {
    async header(labelStudio) {
      const { url, token } = labelStudio;
      if (token === '') return null;
      if (!JWT.test(token)) return `Token ${token}`;
      const key = `${url} ${token}`;
      const started = deps.now();
      const known = cache.get(key);
      if (known && started < known.until) return await known.header;
      const exchanged = exchange(labelStudio);
      const entry = { header: exchanged.then(({ header }) => header), until: Number.POSITIVE_INFINITY };
      cache.set(key, entry);
      exchanged.then(
        ({ lifetime }) => {
          entry.until = started + lifetime - MARGIN;
        },
        () => cache.delete(key),
      );
      return await entry.header;
    },
  };
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
