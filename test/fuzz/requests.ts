import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
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

/** A request that is wrong in some way, or right. */
export const fuzzRequest: fc.Arbitrary<FuzzRequest> = asked
  .chain(path => fc.record({ method, path: pathOf(path), query, type, encoding, extra, text: bodyFor(path) }))
  .map(
    ({
      method: verb,
      path,
      query: search,
      type: contentType,
      encoding: { name, encode },
      extra: more,
      text,
    }) => ({
      method: verb,
      path: path + search,
      headers: {
        ...(contentType === null ? {} : { 'content-type': contentType }),
        ...(name === '' ? {} : { 'content-encoding': name }),
        ...more,
      },
      body: encode(Buffer.from(text)),
    }),
  );
