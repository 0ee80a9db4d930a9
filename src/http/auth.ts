import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config.js';
import { AppError } from '../errors.js';
import { decodeBytes } from './path.js';
import type { Access } from './route.js';

/** What an expected text may look like on the wire: clients write it as UTF-8, or as Latin-1 as Python's requests does. */
function formsOf(text: string): readonly Buffer[] {
  const utf8 = Buffer.from(text);
  return /[\u0100-\uffff]/.test(text) ? [utf8] : [utf8, Buffer.from(text, 'latin1')];
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest();

/**
 * Makes a comparison with an expected text, in a time that tells nothing of where the texts differ, or of their lengths.
 */
function comparison(expected: string): (given: Buffer) => boolean {
  const forms = formsOf(expected).map(digest);
  return given => {
    const found = digest(given);
    return forms.map(form => timingSafeEqual(form, found)).includes(true);
  };
}

const BASIC = /^Basic +(\S+) *$/i;

/**
 * Lets a request in or throws; tells whether it came with Basic auth.
 * @param inPath the secret at the end of a webhook's path, as it was sent
 */
export type Auth = (headers: IncomingHttpHeaders, access: Access, inPath?: string) => boolean;

/**
 * Basic auth for all routes but the open ones; webhooks may come with `WEBHOOK_SECRET` instead, as the header
 * `X-Webhook-Secret` or at the end of the path, since those that Label Studio makes by itself carry no credentials.
 *
 * @returns a check that throws AppError `unauthorized`
 */
export function createAuth(
  config: Pick<Config, 'BASIC_AUTH_USER' | 'BASIC_AUTH_PASS' | 'WEBHOOK_SECRET'>,
): Auth {
  const { BASIC_AUTH_USER: user, BASIC_AUTH_PASS: pass, WEBHOOK_SECRET: secret } = config;
  const isExpected = user === null ? null : comparison(`${user}:${pass}`);
  const isSecret = secret === null ? null : comparison(secret);

  const hasCredentials = ({ authorization = '' }: IncomingHttpHeaders): boolean => {
    const encoded = BASIC.exec(authorization)?.[1];
    return isExpected !== null && encoded !== undefined && isExpected(Buffer.from(encoded, 'base64'));
  };
  const hasSecret = (headers: IncomingHttpHeaders, inPath: string | undefined): boolean => {
    if (isSecret === null) return false;
    // Node reads a header as Latin-1, whatever its bytes mean.
    if (!inPath) return isSecret(Buffer.from(String(headers['x-webhook-secret'] ?? ''), 'latin1'));
    return isSecret(decodeBytes(inPath));
  };

  return (headers, access, inPath) => {
    if (isExpected === null && isSecret === null) return false;
    const webhook = access === 'webhook';
    const guarded = webhook || (access === 'basic' && isExpected !== null);
    const authenticated = hasCredentials(headers);
    if (guarded && !authenticated && !(webhook && hasSecret(headers, inPath))) {
      throw new AppError(
        'unauthorized',
        webhook ? webhookRefusal(headers, inPath, isExpected !== null) : refusal(headers),
      );
    }
    return authenticated;
  };
}

/** What is wrong, and what to do: whoever typed a wrong password looks elsewhere than who typed none. */
function refusal({ authorization }: IncomingHttpHeaders): string {
  if (authorization === undefined)
    return 'this server wants Basic auth: set user and password of the ML backend in Label Studio';
  if (!BASIC.test(authorization))
    return 'the request has an Authorization that is not Basic auth, which this server wants: set user and password of the ML backend in Label Studio';
  return 'the user or the password is wrong: compare those of the ML backend in Label Studio with BASIC_AUTH_USER and BASIC_AUTH_PASS of this server';
}

const ADD_HEADER =
  "add the header X-Webhook-Secret with it to the webhook in Label Studio's Settings > Webhooks";

function webhookRefusal(headers: IncomingHttpHeaders, inPath: string | undefined, basic: boolean): string {
  if (headers.authorization !== undefined && basic) return refusal(headers);
  if (inPath)
    return 'the webhook secret at the end of the path is wrong: compare it with WEBHOOK_SECRET of this server';
  if (headers['x-webhook-secret'] !== undefined)
    return 'the X-Webhook-Secret of the webhook is wrong: compare it with WEBHOOK_SECRET of this server';
  return basic
    ? `the webhook carries neither Basic auth nor the webhook secret: set WEBHOOK_SECRET on this server, and ${ADD_HEADER}`
    : `the webhook does not carry the webhook secret: ${ADD_HEADER}`;
}
