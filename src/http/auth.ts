import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config.js';
import { AppError } from '../errors.js';
import { decode } from './path.js';

/** Compares in a time that tells nothing of where the texts differ, or of their lengths. */
function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

const OPEN = new Set(['/health', '/ready', '/']);
/** A slash at the end counts for nothing, as in the router. */
const WEBHOOK = /^(?:\/models\/[^/]+)?\/webhook(?:\/([^/]*))?\/?$/;

/** Lets a request in or throws; tells whether it came with Basic auth. */
export type Auth = (headers: IncomingHttpHeaders, path: string) => boolean;

/**
 * Basic auth for everything but `/health` and `/ready`; webhooks may come with `WEBHOOK_SECRET` instead, as the header
 * `X-Webhook-Secret` or at the end of the path, since those that Label Studio makes by itself carry no credentials.
 *
 * @returns a check that throws AppError `unauthorized`
 */
export function createAuth(
  config: Pick<Config, 'BASIC_AUTH_USER' | 'BASIC_AUTH_PASS' | 'WEBHOOK_SECRET'>,
): Auth {
  const { BASIC_AUTH_USER: user, BASIC_AUTH_PASS: pass, WEBHOOK_SECRET: secret } = config;
  const expected = user === null ? null : `${user}:${pass}`;

  const hasCredentials = ({ authorization = '' }: IncomingHttpHeaders): boolean => {
    const [scheme = '', encoded = ''] = authorization.split(' ');
    return (
      expected !== null &&
      scheme.toLowerCase() === 'basic' &&
      same(Buffer.from(encoded, 'base64').toString(), expected)
    );
  };
  const hasSecret = (headers: IncomingHttpHeaders, webhook: RegExpExecArray): boolean => {
    if (secret === null) return false;
    if (!webhook[1]) return same(String(headers['x-webhook-secret'] ?? ''), secret);
    return same(decode(webhook[1]), secret);
  };

  return (headers, path) => {
    if (expected === null && secret === null) return false;
    const webhook = WEBHOOK.exec(path);
    const guarded = !OPEN.has(path) && (expected !== null || webhook !== null);
    const authenticated = hasCredentials(headers);
    if (guarded && !authenticated && !(webhook && hasSecret(headers, webhook))) {
      throw new AppError(
        'unauthorized',
        webhook
          ? 'the webhook carries neither Basic auth nor the webhook secret: give Label Studio the URL as http://user:pass@host:port'
          : 'this server wants Basic auth: set user and password of the ML backend in Label Studio',
      );
    }
    return authenticated;
  };
}
