import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './folder.js';
import { addVersion, modelRepository, replaceFile, shippedVersion } from './models.js';
import { PYTHON, ROOT } from './python.js';

/** The words that harm the process of `poisonousModel`; each is in the shipped model's vocabulary. */
export const POISON = { crash: 'zombie', hang: 'crust', memory: 'verizon', fail: 'mexican' } as const;

/** A word of the text that a version is warmed up with. */
export const WARM_UP = 'up';

const graphs = new Map<string, Promise<Buffer>>();

async function makeGraph(words: Readonly<Record<keyof typeof POISON, string>>): Promise<Buffer> {
  const folder = await shippedVersion();
  const terms = JSON.parse(await readFile(join(folder, 'vocabulary.json'), 'utf8')) as string[];
  const made = join(await temporaryFolder(), 'model.onnx');
  const features = Object.keys(POISON).map(kind => String(terms.indexOf(words[kind as keyof typeof POISON])));
  const script = join(ROOT, 'test/inference/poison_graph.py');
  await promisify(execFile)(PYTHON, [script, join(folder, 'model.onnx'), made, ...features]);
  return readFile(made);
}

/**
 * A model repository with the shipped model, in a version whose graph ends its process over a text with one word,
 * never ends over one with another, and so on; to all other texts it answers what the shipped version does.
 * @param words other words than those of `POISON`
 */
export async function poisonousModel(
  words: Partial<Record<keyof typeof POISON, string>> = {},
): Promise<{ root: string; version: string }> {
  const all = { ...POISON, ...words };
  const graph = graphs.get(JSON.stringify(all)) ?? makeGraph(all);
  graphs.set(JSON.stringify(all), graph);
  const root = await modelRepository('sentiment');
  const name = '20990101-000000-abcdef';
  await addVersion(join(root, 'sentiment'), name, async folder =>
    replaceFile(folder, 'model.onnx', await graph),
  );
  return { root, version: join(root, 'sentiment', 'versions', name) };
}
