import { isDeepStrictEqual } from 'node:util';
import { AppError, messageOf } from './errors.js';
import type { InputKind } from './inputs/contract.js';
import { addInput, INPUTS } from './inputs/index.js';
import type { RegionKind } from './regions/contract.js';
import { addRegion, REGIONS, rowsOf } from './regions/index.js';

/** What a module of kinds exports; each is what a row of the server's own tables is. */
export interface KindsModule {
  inputs?: readonly InputKind[];
  regions?: readonly RegionKind[];
}

const INPUT_PARTS = ['kind', 'objectTags', 'optionsSchema', 'read', 'load', 'example'];
const REGION_PARTS = 'tag type optionsSchema outputKinds check bind encode reader example'.split(' ');

const loaded: string[] = [];

/**
 * The addresses of the modules whose kinds this process knows. The threads and processes that it starts load the same ones,
 * because each of them reads tasks or answers in the words of a kind.
 */
export function loadedKinds(): readonly string[] {
  return loaded;
}

/**
 * Adds the kinds of modules to the tables of this process; a module that was loaded already adds nothing.
 *
 * @param modules addresses of JavaScript modules, such as `new URL('./my-kind.js', import.meta.url)`
 * @throws AppError `setting_invalid` when one cannot be loaded, or exports a kind that is not whole or stands in the way of
 *   another one
 */
export async function loadKinds(modules: readonly (string | URL)[]): Promise<void> {
  for (const module of modules) {
    const address = String(module);
    if (loaded.includes(address)) continue;
    const { inputs = [], regions = [] } = await importKinds(address);
    if (inputs.length + regions.length === 0)
      throw invalid(address, 'exports neither `inputs` nor `regions`');
    for (const input of inputs) checkInput(address, input);
    for (const region of regions) checkRegion(address, region);
    inputs.forEach(addInput);
    regions.forEach(addRegion);
    loaded.push(address);
  }
}

async function importKinds(address: string): Promise<KindsModule> {
  try {
    return (await import(address)) as KindsModule;
  } catch (error) {
    throw new AppError('setting_invalid', `the kinds of ${address} cannot be loaded: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function checkInput(address: string, input: InputKind): void {
  const { kind } = input;
  checkParts(address, `the input kind '${kind}'`, input, INPUT_PARTS);
  if (Object.hasOwn(INPUTS, kind)) throw invalid(address, `has an input kind '${kind}', as the server has`);
}

function checkRegion(address: string, region: RegionKind): void {
  const { tag, name = tag, objectTags, outputKinds, perRegion, labeling } = region;
  checkParts(address, `the region kind '${name}'`, region, REGION_PARTS);
  if (Object.hasOwn(REGIONS, name)) throw invalid(address, `has a region kind '${name}', as the server has`);
  const other = rowsOf(tag).find(
    row =>
      row.perRegion === perRegion &&
      row.labeling === labeling &&
      (!row.objectTags || !objectTags || objectTags.some(each => row.objectTags!.includes(each))),
  );
  if (other)
    throw invalid(address, `fills ${tag} where '${other.name ?? tag}' does: give it other objectTags`);
  for (const [kind, schema] of Object.entries(outputKinds)) {
    const twin = Object.values(REGIONS).find(row => Object.hasOwn(row.outputKinds, kind));
    if (twin && !isDeepStrictEqual(twin.outputKinds[kind], schema))
      throw invalid(address, `has an output '${kind}' that is another one in '${twin.name ?? twin.tag}'`);
  }
}

function checkParts(address: string, what: string, row: object, parts: readonly string[]): void {
  const missing = parts.filter(part => (row as Record<string, unknown>)[part] === undefined);
  if (missing.length > 0) throw invalid(address, `has ${what}, which lacks ${missing.join(', ')}`);
}

function invalid(address: string, what: string): AppError {
  return new AppError('setting_invalid', `the module ${address} ${what}`);
}
