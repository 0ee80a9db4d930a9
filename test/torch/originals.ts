import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { PlainTensor } from '../../src/inputs/contract.js';
import { ROOT } from '../support/python.js';
import { TORCH } from './python.js';

/** A tensor as the scripts write it: float32, base64. */
export interface Packed {
  dims: number[];
  data: string;
}

/** The cases of a script that runs the functions of other libraries. */
export async function originals<T>(script: string, ...words: readonly string[]): Promise<T[]> {
  const child = spawn(TORCH, [`${ROOT}${script}`, ...words], { cwd: ROOT });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [code, out, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${errors}`);
  return out
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as T);
}

export function unpacked({ dims, data }: Packed): PlainTensor {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  return { type: 'float32', data: new Float32Array(bytes.buffer), dims };
}
