import type { LabelStudio } from '../label-studio/source.js';
import { presignPath, type Source } from './resolve.js';
import { known } from './told.js';

/** A value that has to be fetched, or lies on this machine's disk. */
export type Remote = Exclude<Source, { kind: 'inline' | 'data' }>;

const MINUTE = 60_000;
/** How long a copy is taken for what its address holds. An upload gets a new name when it is uploaded again. */
export const MAX_AGE: Readonly<Record<Remote['kind'], number>> = {
  http: 10 * MINUTE,
  local: 10 * MINUTE,
  cloud: 24 * 60 * MINUTE,
  'label-studio': 24 * 60 * MINUTE,
};

/** Which host is asked for a source, before it redirects. */
export function hostAsked(source: Remote, labelStudio: LabelStudio | null): string {
  const url = source.kind === 'http' ? source.url : labelStudio?.url;
  return url === undefined ? '' : new URL(url).host;
}

/** What is read for a source. An object of a cloud storage is its task's: two storages may call theirs the same. */
export function addressOf(source: Remote, taskId: string | number | null): string {
  switch (source.kind) {
    case 'http':
    case 'local':
      return source.url;
    case 'label-studio':
      return source.path;
    case 'cloud':
      return presignPath(known(taskId), source.uri);
  }
}
