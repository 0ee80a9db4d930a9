import { AppError } from '../../src/errors.js';
import type { InputPlace } from '../../src/inputs/contract.js';
import { INPUTS } from '../../src/inputs/index.js';
import { fetchedPlace, isFetched } from '../../src/inputs/shown/fetched.js';
import { takeValue } from '../../src/inputs/values.js';
import { bindModel } from '../../src/label-config/bind.js';
import type { LabelConfig, TagInfo } from '../../src/label-config/parse.js';
import { placesOf } from '../../src/label-config/places.js';
import type { Manifest } from '../../src/registry/manifest.js';
import { locate } from '../../src/task-data/resolve.js';
import { FILES } from './files.js';

const LABEL_STUDIO = { url: 'https://label-studio.example' };
const KIND_OF: Readonly<Record<string, string>> = {
  Text: 'text',
  HyperText: 'text',
  Paragraphs: 'tokens',
  Image: 'image',
  Audio: 'audio',
  Video: 'video',
  TimeSeries: 'time-series',
  Table: 'tabular',
  List: 'list',
};

/** What this server makes of the task's object, or how it refuses. */
export type Ours = { value: unknown } | { refused: AppError };

/** Binds a model to the config, as when it is connected. @throws AppError why it cannot be */
export function connect(config: LabelConfig): void {
  const [{ tag }] = [...config.controls.values()] as [TagInfo];
  const [{ tag: object }] = [...config.objects.values()] as [TagInfo];
  // Spans need an input that knows where something is.
  const kind = object === 'Text' || object === 'HyperText' ? spanning(tag) : KIND_OF[object]!;
  const manifest = {
    format: 1,
    title: '',
    input: { kind },
    outputs: [{ name: 'control', control: tag, ...(tag === 'Choices' && { choice: 'single' }) }],
  };
  bindModel({ name: 'model', manifest: manifest as Manifest, outputs: null }, config);
}

/** Reads the value of an object out of a task, as for a prediction. */
export async function read(
  config: LabelConfig,
  object: string,
  data: Record<string, unknown>,
): Promise<Ours> {
  const kind = INPUTS[KIND_OF[config.objects.get(object)!.tag]!]!;
  const place = placesOf(config, 'control', kind.objectTags).find(each => each.object === object)!;
  try {
    return { value: await valueAt(place, kind.kind, data) };
  } catch (refused) {
    if (refused instanceof AppError && /^task_/.test(refused.code)) return { refused };
    throw refused;
  }
}

async function valueAt(place: InputPlace, kind: string, data: Record<string, unknown>): Promise<unknown> {
  const task = { id: 1, data };
  if (kind === 'tabular') return INPUTS.tabular!.learnt!(data, place);
  const input = { kind };
  if (!isFetched(INPUTS[kind]!, place)) return takeValue(task, { place, input, context: null });
  const fetched = await fetchedPlace(data, place, textAt);
  return takeValue(task, { place: fetched, input, context: null });
}

/** What is behind an address, in the place of the network. */
async function textAt(address: string): Promise<string> {
  const source = locate(address, LABEL_STUDIO);
  const found = Object.entries(FILES).find(([url]) => {
    if (source.kind === 'http') return new URL(url, LABEL_STUDIO.url).href === new URL(source.url).href;
    return source.kind === 'label-studio' && url === source.path;
  });
  if (found === undefined && source.kind !== 'data')
    throw new AppError('task_unreadable', `no file: ${address}`);
  return source.kind === 'data' ? source.bytes.toString() : found![1].body;
}

function spanning(control: string): string {
  return /Labels$/.test(control) ? 'tokens' : 'text';
}
