import type { MakeSharp } from './source.js';

/** Loads the library that decodes. The server itself never does. */
export async function loadSharp(): Promise<MakeSharp> {
  const { default: sharp } = await import('sharp');
  // The processes that decode are as many as the cores; and no image comes twice.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}
