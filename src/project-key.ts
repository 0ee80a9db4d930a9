/** How a request names a project of Label Studio. */
export interface ProjectName {
  /** Label Studio's id, which the projects of two installations have in common. */
  id: string;
  /** When it was created, in whole seconds since 1970; null: the request does not tell. */
  created: number | null;
}

/** Eleven digits of seconds are three thousand years. */
const KEY = /^([A-Za-z0-9_-]{1,64})(?:\.(\d{1,11}))?$/;

/** What a project's name looks like, for messages. */
export const PROJECT_PATTERN =
  '[A-Za-z0-9_-]{1,64}, with .<seconds since 1970> after it where its creation is known';

/**
 * Reads a project's name: `4.1795520884`, which Label Studio makes of the id and the time of creation
 * (`_create_project_uid` of its `ml/api_connector.py`), or the id alone.
 * @returns undefined for a text that could not be the name of a folder
 */
export function readProjectName(text: string): ProjectName | undefined {
  const [, id, created] = KEY.exec(text) ?? [];
  if (id === undefined) return undefined;
  return { id, created: created === undefined ? null : Number(created) };
}

/** What Label Studio writes as `created_at`, as far as it is read. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * The seconds since 1970 of a project's `created_at`, as Label Studio counts them in its name.
 * @returns null for what is no such time
 */
export function createdOf(created_at: unknown): number | null {
  if (typeof created_at !== 'string' || !TIME.test(created_at)) return null;
  const seconds = Math.floor(Date.parse(created_at) / 1_000);
  return seconds > 0 ? seconds : null;
}

/**
 * The key that a project has on this server: in the state, as a folder's name, in jobs and logs.
 * @example
 * projectKey({ id: '4', created: 1795520884 }); // '4.1795520884'
 */
export function projectKey({ id, created }: ProjectName): string {
  return created === null ? id : `${id}.${created}`;
}

/** Whether a project's key has the time of its creation. */
export function isDated(key: string): boolean {
  return key.includes('.');
}

/** Label Studio's id of a project, given its key. */
export function projectIdOf(key: string): string {
  return key.split('.', 1)[0]!;
}
