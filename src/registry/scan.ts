import { basename, join } from 'node:path';
import { AppError } from '../errors.js';
import { type Manifest, readManifest } from './manifest.js';
import type { Look } from './problems.js';
import { listModels, listProjects, projectModels, type Trouble } from './repository.js';
import type { Slot } from './shelf.js';

/** The part of the repository's problems that no slot has: names, links and manifests. */
export const ALL = '';

/** What a repository has. */
export interface Scan {
  manifests: ReadonlyMap<string, Manifest>;
  /** Of models that have a manifest. */
  slots: readonly Slot[];
}

/**
 * Reads which models there are, and which projects have versions of them.
 * @param before what the last look found, which stands for what cannot be read; null: this is the first one
 * @throws AppError `setting_invalid` when the first look cannot read `modelDir`
 */
export async function scanRepository(
  modelDir: string,
  dataDir: string,
  before: { manifests: ReadonlyMap<string, Manifest>; slots: ReadonlyMap<string, Slot> } | null,
  { report }: Pick<Look, 'report'>,
): Promise<Scan> {
  const tell = ({ path, message }: Trouble, place: string) => report(place, basename(path), message);

  const shipped = await listModels(modelDir);
  // Problems of a model are found by its name.
  for (const each of shipped.troubles) tell(each, each.path === modelDir ? each.path : basename(each.path));
  if (shipped.isUnknown && !before)
    throw new AppError('setting_invalid', `MODEL_DIR=${shipped.troubles[0]!.message}`);
  const manifests = new Map(shipped.isUnknown ? before?.manifests : []);
  for (const name of shipped.names) {
    try {
      manifests.set(name, await readManifest(join(modelDir, name, 'model.json')));
    } catch (error) {
      report(name, name, error);
      const last = before?.manifests.get(name);
      if (last) manifests.set(name, last);
    }
  }

  const slots: Slot[] = [...manifests.keys()].map(model => ({ project: null, model }));
  const known = (project?: string) =>
    [...(before?.slots.values() ?? [])].filter(
      slot => slot.project !== null && slot.project === (project ?? slot.project),
    );
  const projects = await listProjects(dataDir);
  for (const each of projects.troubles) tell(each, each.path);
  if (projects.isUnknown) slots.push(...known());
  for (const project of projects.names) {
    const own = await listModels(projectModels(dataDir, project));
    for (const each of own.troubles) tell(each, each.path);
    if (own.isUnknown) slots.push(...known(project));
    else for (const model of own.names) slots.push({ project, model });
  }
  return { manifests, slots: slots.filter(({ model }) => manifests.has(model)) };
}
