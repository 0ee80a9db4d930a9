import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../src/registry/manifest.js';
import { Markdown } from '../markdown.js';
import { ROOT, runPython } from '../support/python.js';

/** A section of a page in models/. */
export interface Example {
  title: string;
  /** Its Python, with what all of them begin and end with. */
  code: string;
  /** The words of the export command after the script; null: its Python writes the version itself. */
  options: string[] | null;
  name: string;
  /** The labeling config. */
  config: string;
  /** model.json, the task's data, the prediction. */
  json: string[];
  /** What the annotator did, of a model that answers to that. */
  context: unknown;
}

/** What an example's model says of some of its rows. */
export interface Told {
  tasks: Record<string, unknown>[];
  /** `predict` for each task. */
  predicted: unknown[];
  /** The classes of each output; none for values. */
  classes: unknown[][];
}

/** The pages about models: README.md, which begins, and those beside it. */
export async function readPages(): Promise<string[]> {
  const names = (await readdir(`${ROOT}models`)).filter(name => name.endsWith('.md') && name !== 'README.md');
  const pages = ['README.md', ...names.sort()].map(name => Markdown.read(`models/${name}`));
  return (await Promise.all(pages)).map(({ text }) => text);
}

/** Reads the examples of all pages. */
export async function readExamples(): Promise<Example[]> {
  const texts = await readPages();
  const intro = texts[0]!.split(/^## /m)[0];
  const sections = texts
    .flatMap(text => text.split(/^## /m).slice(1))
    // Those of PyTorch are run by test/torch.
    .filter(section => section.includes('```python') && !section.includes('export_torch.py'));
  const blocks = (part: string, language: string) =>
    [...part.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
      .filter(([, word]) => word === language)
      .map(([, , code]) => code!);
  const [begin, end] = blocks(intro!, 'python');
  return sections.map(section => {
    const [code] = blocks(section, 'python');
    const [command] = blocks(section, 'bash');
    const json = blocks(section, 'json');
    const words = command?.replaceAll('\\\n', ' ').trim().split(/\s+/) ?? null;
    if (words && words.splice(0, 2).join(' ') !== 'python scripts/export_sklearn.py')
      throw new Error(command);
    return {
      title: section.slice(0, section.indexOf('\n')),
      code: begin! + code! + (words ? end! : ''),
      options: words,
      name: words
        ? words[words.indexOf('--name') + 1]!
        : /staged\(Path\("models"\) \/ "(.*?)"/.exec(code!)![1]!,
      config: blocks(section, 'xml')[0]!,
      json: json.length > 3 ? json.toSpliced(2, 1) : json,
      context: json.length > 3 ? JSON.parse(json[2]!) : undefined,
    };
  });
}

/**
 * Fits the models of the examples and exports them with the commands that they show.
 *
 * @param root a model repository
 * @param scratch a folder for files
 */
export async function buildExamples(
  examples: readonly Example[],
  root: string,
  scratch: string,
): Promise<Told[]> {
  const folders = examples.map(({ name }) => join(scratch, name));
  await Promise.all(folders.map(folder => mkdir(folder)));
  await Promise.all(folders.map(folder => symlink(root, join(folder, 'models'))));
  return runPython<Told>(
    'test/models/examples.py',
    examples.map(({ code, options }, index) => ({
      folder: folders[index],
      code,
      export: options && [...options, '--repository', root],
    })),
  );
}

/** A prediction without what differs from one export to the next. */
export function comparable(prediction: unknown): unknown {
  return JSON.parse(
    JSON.stringify(prediction, (key, value) =>
      /^(score|model_version|id)$/.test(key) ? typeof value : value,
    ),
  );
}

/** The manifests of the models in the repository that have a README, which shows what they answer. */
export async function shippedManifests(): Promise<Manifest[]> {
  const entries = await readdir(`${ROOT}models`, { withFileTypes: true });
  const folders = entries.filter(entry => entry.isDirectory()).map(({ name }) => `${ROOT}models/${name}`);
  const all = await Promise.all(
    folders.map(async folder => {
      if (!(await readdir(folder)).includes('README.md')) return [];
      return [JSON.parse(await readFile(`${folder}/model.json`, 'utf8')) as Manifest];
    }),
  );
  return all.flat();
}
