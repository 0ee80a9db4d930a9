import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './folder.js';

/** A certificate of an authority that no machine knows. */
export interface PrivateCertificate {
  key: string;
  cert: string;
  /** The file of the authority's certificate. */
  authority: string;
}

/** Makes an authority, and a certificate of it for some hosts: names, or addresses as `IP:127.0.0.1`. */
export async function privateCertificate(...hosts: string[]): Promise<PrivateCertificate> {
  const folder = await temporaryFolder();
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=An authority');
  await openssl('req', ...key, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=A server');
  const names = hosts.map(host => (host.includes(':') ? host : `DNS:${host}`));
  await writeFile(join(folder, 'names'), `subjectAltName=${names.join(',')}`);
  const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'request.pem', ...authority, '-out', 'cert.pem');
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  return { key: await read('key.pem'), cert: await read('cert.pem'), authority: join(folder, 'ca.pem') };
}
