import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { EventStreams } from '../../src/http/job-routes.js';
import { type RouteDeps, routes } from '../../src/http/routes.js';
import { bodyFor, VALID } from './bodies.js';

/** A request as it will be sent. */
export interface FuzzRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

const pathPart = fc.oneof(
  fc.constantFrom(
    '..',
    '%2e%2e%2f',
    '%00',
    '%zz',
    '%',
    '__proto__',
    'constructor',
    'sentiment',
    'a'.repeat(300),
    '.',
    '%F0%9F%98%80',
    '',
  ),
  fc.string({ maxLength: 8 }).map(text => encodeURIComponent(text)),
);

const query = fc.oneof(
  { weight: 5, arbitrary: fc.constant('') },
  fc.constantFrom(
    '?',
    '?project=4',
    '?project=../x',
    '?project[]=1&project=2',
    '?%',
    '?x=%zz&project=%00',
    '??/predict',
  ),
);

function pathOf(path: string): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 25, arbitrary: fc.constant(path) },
    fc.constant(`/models/sentiment${path}`),
    fc.constant(`${path}/`),
    fc.constant(`/${path}`),
    fc.constant(path.toUpperCase()),
    pathPart.map(part => `/models/${part}${path}`),
    pathPart.map(part => `${path}/${part}`),
    pathPart.map(part => `/${part}`),
  );
}

const type = fc.oneof(
  { weight: 6, arbitrary: fc.constant<string | null>('application/json') },
  fc.constantFrom<string | null>(
    null,
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
    'application/json; charset=nonsense',
    'multipart/form-data; boundary=x',
    'application/json;;;',
    'x',
  ),
);

/** Encodings, right and pretended. */
const encoding = fc.oneof(
  { weight: 40, arbitrary: fc.constant({ name: '', encode: (body: Buffer) => body }) },
  fc.constantFrom(
    { name: 'identity', encode: (body: Buffer) => body },
    { name: 'gzip', encode: (body: Buffer) => gzipSync(body) },
    { name: 'GZIP', encode: (body: Buffer) => gzipSync(body) },
    { name: 'deflate', encode: (body: Buffer) => deflateSync(body) },
    { name: 'br', encode: (body: Buffer) => brotliCompressSync(body) },
    { name: 'gzip', encode: (body: Buffer) => body },
    { name: 'br', encode: (body: Buffer) => body },
    { name: 'gzip', encode: (body: Buffer) => gzipSync(body).subarray(0, 20) },
    { name: 'zstd', encode: (body: Buffer) => body },
    { name: 'gzip, gzip', encode: (body: Buffer) => gzipSync(gzipSync(body)) },
  ),
);

const extra: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  fc.constantFrom<Record<string, string>>(
    { authorization: 'Basic' },
    { authorization: 'Basic %%%' },
    { authorization: 'Bearer x' },
    { 'x-request-id': '../../x' },
    { 'x-request-id': 'a'.repeat(5_000) },
    { 'x-http-method-override': 'DELETE' },
    { accept: 'text/html' },
    { 'accept-encoding': 'nonsense' },
    { 'if-none-match': '*' },
    { range: 'bytes=0-1' },
    { host: 'evil.example' },
    { cookie: '='.repeat(500) },
    { expect: '100-continue' },
    { upgrade: 'websocket', connection: 'upgrade' },
    { 'x-forwarded-for': '127.0.0.1' },
  ),
);

const method = fc.oneof(
  { weight: 60, arbitrary: fc.constant('POST') },
  fc.constantFrom('GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'PROPFIND', 'TRACE', 'SEARCH'),
);

const asked = fc.constantFrom(...Object.keys(VALID), '/predict', '/predict', '/setup');

/** A request with such a body. */
function requestOf(
  verb: fc.Arbitrary<string>,
  path: fc.Arbitrary<string>,
  text: fc.Arbitrary<string>,
): fc.Arbitrary<FuzzRequest> {
  return fc.record({ method: verb, path, query, type, encoding, extra, text }).map(parts => {
    const { name, encode } = parts.encoding;
    return {
      method: parts.method,
      path: parts.path + parts.query,
      headers: {
        ...(parts.type === null ? {} : { 'content-type': parts.type }),
        ...(name === '' ? {} : { 'content-encoding': name }),
        ...parts.extra,
      },
      body: encode(Buffer.from(parts.text)),
    };
  });
}

/** A request of Label Studio that is wrong in some way, or right. */
export const fuzzRequest: fc.Arbitrary<FuzzRequest> = asked.chain(path =>
  requestOf(method, pathOf(path), bodyFor(path)),
);

/** A webhook that is wrong in some way, or right. */
export const fuzzWebhook: fc.Arbitrary<FuzzRequest> = requestOf(
  fc.constant('POST'),
  fc.oneof(
    { weight: 8, arbitrary: fc.constant('/webhook') },
    fc.constant('/models/sentiment/webhook'),
    pathPart.map(part => `/webhook/${part}`),
  ),
  bodyFor('/webhook'),
);

/** What stands in the place of a part of a route's path. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  model: ['sentiment', 'wine', 'digits'],
  project: ['4', '5', '8', '4.1', '0', '-1', '1e9'],
  id: ['00000000-0000-0000-0000-000000000000', '0', 'events'],
  version: ['20261130-012251-c265e1', '20990101-000000-abcdef', 'active', 'untrained'],
  secret: ['x'],
};

/** A path of a route: its parts in braces are filled. */
function filled(path: string): fc.Arbitrary<string> {
  const parts = path.split('/').map(part => {
    const name = /^\{(.*)\}$/.exec(part)?.[1];
    if (name === undefined) return fc.constant(part);
    return fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...PARTS[name]!) }, pathPart);
  });
  return fc.tuple(...parts).map(each => each.join('/'));
}

const ROWS = routes({} as RouteDeps, {} as EventStreams, () => ({ json: null }));

/** A request of any route of the server. */
export const fuzzRoute: fc.Arbitrary<FuzzRequest> = fc.constantFrom(...ROWS).chain(row => {
  const [known] = Object.keys(VALID).filter(path => row.path.startsWith(path));
  const own = filled(row.path);
  return requestOf(
    fc.oneof({ weight: 8, arbitrary: fc.constant<string>(row.method) }, method),
    row.perModel ? fc.oneof(own, filled(`/models/{model}${row.path}`)) : own,
    fc.oneof({ weight: row.body ? 0 : 5, arbitrary: fc.constant('') }, bodyFor(known ?? '/delete')),
  );
});
