import { AppError, clip } from '../errors.js';
import { rowsOf } from '../regions/index.js';
import type { Candidate } from './bind-control.js';
import { reasonOfTarget, UnfillableError } from './fillable.js';
import type { LabelConfig } from './parse.js';

/** Characters of what a config has, in a message: Label Studio shows 300 of that, which must say more. */
const TOLD_LENGTH = 110;

/** A labeling config has no control of the tag, or none on such an object. */
export class NoControlError extends AppError {
  readonly model: string;
  /** What the model fills, such as `Choices on Text or HyperText`. */
  readonly fills: string;
  /** What the config has. */
  readonly has: string;
  /** How near the config comes: 2 for such an object, 1 for such a control, 3 for both, though not together. */
  readonly nearness: number;

  constructor(model: string, fills: string, has: string, nearness = 0) {
    const told = clip(has, TOLD_LENGTH);
    super(
      'no_model_fits',
      `the model '${model}' fills ${fills}; the labeling config has ${told}: change it, or use another model`,
    );
    this.model = model;
    this.fills = fills;
    this.has = told;
    this.nearness = nearness;
  }
}

/** How near a config comes to what a model fills, see `NoControlError`. */
function nearnessOf(config: LabelConfig, control: string, objects: readonly string[]): number {
  const hasObject = [...config.objects.values()].some(({ tag }) => objects.includes(tag));
  const hasControl = [...config.controls.values()].some(({ tag }) => tag === control);
  return (hasObject ? 2 : 0) + (hasControl ? 1 : 0);
}

/** What the config offers, for an error's message; of many controls the first. */
function summary(config: LabelConfig, among: ReadonlySet<string> | undefined): string {
  let told = '';
  for (const { name, tag } of config.controls.values()) {
    if (!isAmong(among, name)) continue;
    const objects = config.parsed[name]!.to_name.map(object => config.objects.get(object)?.tag ?? object);
    told += `${told === '' ? '' : '; '}${tag} '${name}' on ${[...new Set(objects)].join(', ')}`;
    if (told.length > TOLD_LENGTH) return told;
  }
  if (told !== '') return told;
  return among === undefined ? 'no control tag' : 'no other control tag';
}

interface Model {
  name: string;
  /** The controls that it may fill; absent: all. */
  among?: ReadonlySet<string> | undefined;
}

/** Why a model finds no control of a tag in a config. All objects may lack it: it is made once, whichever they are. */
export class Lacking {
  readonly #errors = new Map<string, AppError>();
  readonly #model: Model;
  readonly #config: LabelConfig;
  readonly #objectTags: readonly string[];

  constructor(model: Model, config: LabelConfig, objectTags: readonly string[]) {
    this.#model = model;
    this.#config = config;
    this.#objectTags = objectTags;
  }

  /** That there is no control of a tag. */
  of(tag: string): AppError {
    return this.#once(tag, () => {
      const { name, among } = this.#model;
      const target = targetless(this.#config, tag, among);
      if (target !== undefined) return new UnfillableError(target, name);
      const objects = objectsOf(tag, this.#objectTags);
      const fills = objects.length === 0 ? tag : `${tag} on ${objects.join(' or ')}`;
      const nearness = nearnessOf(this.#config, tag, objects);
      return new NoControlError(name, fills, summary(this.#config, among), nearness);
    });
  }

  /** That nothing is filled that makes the regions which a control is about. */
  regionsFor({ control, place }: Candidate): AppError {
    const { name, among } = this.#model;
    const fills = `${control.tag} on ${place.tag} beside its regions`;
    return this.#once(fills, () => new NoControlError(name, fills, summary(this.#config, among), 3));
  }

  #once(key: string, make: () => AppError): AppError {
    const error = this.#errors.get(key) ?? make();
    this.#errors.set(key, error);
    return error;
  }
}

/** Whether a model may fill a control. */
export function isAmong(among: ReadonlySet<string> | undefined, control: string): boolean {
  return among?.has(control) ?? true;
}

/** The object tags on which a model fills controls of a tag, each once; none: any. */
function objectsOf(tag: string, objectTags: readonly string[]): string[] {
  const rows = rowsOf(tag);
  if (objectTags.length === 0 && rows.some(row => row.objectTags === undefined)) return [];
  const tags = rows.flatMap(row => row.objectTags ?? objectTags);
  return [...new Set(tags)].filter(each => objectTags.length === 0 || objectTags.includes(each));
}

/** Why controls of a tag have no object, if one of them has none. */
function targetless(
  config: LabelConfig,
  tag: string,
  among: ReadonlySet<string> | undefined,
): string | undefined {
  const own = [...config.controls.values()].filter(each => each.tag === tag && isAmong(among, each.name));
  return own.flatMap(each => reasonOfTarget(each, config) ?? [])[0];
}
