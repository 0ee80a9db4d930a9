import { AppError, clip } from '../errors.js';
import { tooDense } from '../json-density.js';
import { type Reply, unreachable } from './request.js';
import { type LabelStudio, shownUrl } from './source.js';

const DETAIL_LENGTH = 200;
/** A refusal that is longer than this says nothing to people. */
const DETAIL_BYTES = 100_000;

/** What an answer with an error of the server itself comes to. */
export function failing(labelStudio: LabelStudio, reply: Reply): AppError {
  const what = `answers HTTP ${reply.status}${detailOf(reply)}; check that it works, and try again`;
  return unreachable(`${placeOf(labelStudio)} ${what}`);
}

export function placeOf(labelStudio: LabelStudio): string {
  return `Label Studio at ${shownUrl(labelStudio)}`;
}

export function unexpected(labelStudio: LabelStudio, what: string): AppError {
  return new AppError('label_studio_unexpected', `${placeOf(labelStudio)} ${what}`);
}

/**
 * What Label Studio answers. In messages its own words stand at the end: what to do is to be seen even where they are cut.
 * @throws AppError for any answer but JSON with a status of success
 */
export function contentOf(reply: Reply, labelStudio: LabelStudio, project: string): unknown {
  const { status, headers, body } = reply;
  const isRefusal = status < 200 || status > 299;
  const detail = isRefusal ? detailOf(reply) : '';
  const unauthorized = (what: string) =>
    new AppError('label_studio_unauthorized', `${placeOf(labelStudio)} ${what}`);
  if (status === 401) {
    const what = labelStudio.token === '' ? 'wants a token' : 'does not take the token';
    const settings = 'set LABEL_STUDIO_URL to its address, and LABEL_STUDIO_API_KEY to an access token of it';
    throw unauthorized(`${what}; ${settings}${detail}`);
  }
  if (status === 403) {
    const who = 'LABEL_STUDIO_API_KEY to the token of a user who may';
    throw unauthorized(`does not let the token's user read project ${project}; set ${who}${detail}`);
  }
  if (status === 404) {
    const where = 'check LABEL_STUDIO_URL, and that the user of LABEL_STUDIO_API_KEY can see the project';
    throw unexpected(labelStudio, `has no project ${project}; ${where}${detail}`);
  }
  if (status >= 300 && status <= 399) {
    const location = headers.get('location') ?? '';
    const target = URL.canParse(location, labelStudio.url) ? new URL(location, labelStudio.url).origin : '';
    throw unexpected(
      labelStudio,
      `redirects${target && ` to ${target}`}, where its token must not go; set LABEL_STUDIO_URL to where it is`,
    );
  }
  if (isRefusal) throw unexpected(labelStudio, `answers HTTP ${status}${detail}`);
  const dense = tooDense(body);
  if (dense !== null)
    throw unexpected(labelStudio, `answers with more than ${dense}, which would take long to read`);
  try {
    return JSON.parse(body.toString());
  } catch {
    throw unexpected(labelStudio, 'answers something that is not JSON; is LABEL_STUDIO_URL its address?');
  }
}

/** What Label Studio says of a refusal, in brackets; empty: it says nothing that its API would. */
export function detailOf({ body }: Reply): string {
  if (body.length > DETAIL_BYTES) return '';
  try {
    const { detail } = JSON.parse(body.toString()) as { detail?: unknown };
    if (typeof detail !== 'string') return '';
    // Cut before the end is looked for: a server may send megabytes of blanks.
    const start = detail.slice(0, 2 * DETAIL_LENGTH);
    return ` (${clip(start.replace(/[\s.]+$/, ''), DETAIL_LENGTH)})`;
  } catch {
    return '';
  }
}

/** The milliseconds that `Retry-After` asks for. */
export function askedPause({ headers }: Reply): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const pause = /^\d+$/.test(text)
    ? Number(text) * 1000
    : Date.parse(text) - (Date.parse(headers.get('date') ?? '') || Date.now());
  return Number.isNaN(pause) ? undefined : Math.max(pause, 0);
}
