import { crc32, deflateSync } from 'node:zlib';
import type { Mask } from './mask.js';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const ONE_BIT_PALETTE = [1, 3, 0, 0, 0];

/** A chunk: https://www.w3.org/TR/png-3/#5Chunk-layout */
function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(data.length);
  numbers.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([numbers.subarray(0, 4), body, numbers.subarray(4)]);
}

/** A mask as a PNG with one bit a pixel: black where it is, transparent elsewhere. */
export function maskPng({ width, height, data }: Mask): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width);
  size.writeUInt32BE(height, 4);
  const stride = 1 + Math.ceil(width / 8);
  const rows = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] === 1) rows[y * stride + 1 + (x >> 3)]! |= 0x80 >> (x & 7);
    }
  }
  const black = new Uint8Array(6);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', Buffer.concat([size, Uint8Array.from(ONE_BIT_PALETTE)])),
    chunk('PLTE', black),
    chunk('tRNS', Uint8Array.of(0, 255)),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array(0)),
  ]);
}
