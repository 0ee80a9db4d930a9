import type { Logger } from 'pino';
import { dataLayout } from './data-folder/layout.js';
import { isDated } from './project-key.js';
import { listModels, listProjects, listVersions, projectModels } from './registry/repository.js';
import type { State } from './state.js';

export interface UndatedProjectsDeps {
  dataDir: string;
  state: Pick<State, 'newlyUndated' | 'undated' | 'setUndated' | 'jobs'>;
  log: Logger;
}

/**
 * Takes over what earlier releases kept below `DATA_DIR`, which knew projects by their ids alone: notes since when each is
 * known, at the latest, so that no project which Label Studio created after that is taken for it.
 * @throws AppError `data_dir_unwritable`
 */
export async function takeOverUndated({ dataDir, state, log }: UndatedProjectsDeps): Promise<void> {
  const folders = (await listProjects(dataDir)).names.filter(key => !isDated(key) && !state.undated(key));
  const projects = [...new Set([...state.newlyUndated(), ...folders])].sort();
  if (projects.length === 0) return;
  const since = new Map(projects.map(project => [project, Date.now()]));
  const sign = (project: string, time: number) => {
    const known = since.get(project);
    if (known !== undefined && time < known) since.set(project, time);
  };
  for (const { project, created } of state.jobs()) sign(project, Date.parse(created));
  for (const project of folders) for (const time of await versionTimes(dataDir, project)) sign(project, time);
  // One change for all of them: each waits for the disk.
  state.setUndated(
    new Map([...since].map(([project, time]) => [project, { since: new Date(time).toISOString() }])),
  );
  log.info(
    { projects: projects.length },
    `${dataLayout(dataDir).root} knows ${projects.length} projects by their ids alone (${shown(projects)}), as earlier releases did: each takes on its time of creation when Label Studio tells it next`,
  );
}

/** When the versions of a project were made, in milliseconds since 1970. */
async function versionTimes(dataDir: string, project: string): Promise<number[]> {
  const root = projectModels(dataDir, project);
  const { names: models } = await listModels(root);
  const versions = await Promise.all(models.map(model => listVersions(`${root}/${model}`)));
  return versions.flatMap(({ names }) => names.map(timeOf));
}

/** The time in a version's name. */
function timeOf(version: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/.exec(version) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) || Number.POSITIVE_INFINITY;
}

/** Some of many names. */
function shown(names: readonly string[]): string {
  const few = names.slice(0, 10).join(', ');
  return names.length > 10 ? `${few}, …` : few;
}
