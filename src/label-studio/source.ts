import type { Config } from '../config.js';
import type { Project, State } from '../state.js';
import { trimEnd } from '../trim-end.js';

/** A Label Studio and the token to read from it. */
export interface LabelStudio {
  /** Its address; may have a path, as behind a proxy. */
  url: string;
  /** A legacy token, or a personal access token (a JWT); empty: none. */
  token: string;
  /**
   * The address that Label Studio itself gave at the project's `/setup`, where that is another one: tasks may hold it, and it may have
   * a path. Nothing is asked there.
   */
  outer?: string;
  /** Where its address comes from, for messages: `LABEL_STUDIO_URL`, by default, or the project's `/setup`. */
  told?: 'setting' | 'setup';
}

/** The Label Studio that a project belongs to; null when its address is not known. */
export type LabelStudioSource = (project: string | null) => LabelStudio | null;

/**
 * Where Label Studio is: `LABEL_STUDIO_URL` with `LABEL_STUDIO_API_KEY`, else the project's own, as its `/setup` told. The latter
 * too where `LABEL_STUDIO_URL` was asked and has no such project.
 * A token is never paired with the other's address.
 *
 * @param needsProof whether a project with an address of its own belongs to `LABEL_STUDIO_URL` only once that was found to have
 *   it: files of one Label Studio, which nobody can tell from those of another, are not to be read for the other
 */
export function labelStudioSource(
  config: Pick<Config, 'LABEL_STUDIO_URL' | 'LABEL_STUDIO_API_KEY'>,
  state: Pick<State, 'project'>,
  needsProof = false,
): LabelStudioSource {
  const set = ofSettings(config);
  return key => {
    const project = key === null ? undefined : state.project(key);
    const own = ofSetup(project);
    if (set === null || own === null) return set ?? own;
    if (own.url === set.url) return set;
    const isHere = isKnownAt(project, set) ?? !needsProof;
    return isHere || !isElsewhere(own, set) ? { ...set, outer: own.url } : own;
  };
}

/** Whether the Label Studio of the settings has a project, as it said when it was asked; undefined: nobody knows. */
export function isKnownAt(project: Project | undefined, settings: LabelStudio): boolean | undefined {
  return project?.setting?.url === settings.url ? project.setting.has : undefined;
}

/** Whether two addresses are those of different servers. */
export function isElsewhere(one: LabelStudio, other: LabelStudio): boolean {
  return new URL(one.url).origin !== new URL(other.url).origin;
}

/** The Label Studio of the settings; null: none is named. */
export function ofSettings({
  LABEL_STUDIO_URL: url,
  LABEL_STUDIO_API_KEY: token,
}: Pick<Config, 'LABEL_STUDIO_URL' | 'LABEL_STUDIO_API_KEY'>): LabelStudio | null {
  return url === null ? null : { url, token: token ?? '' };
}

/** The Label Studio that a project's `/setup` told of; null: it told no address. */
export function ofSetup(project: Project | undefined): LabelStudio | null {
  // Label Studio fills in its own address, and may have none or one without a scheme.
  const url = project?.hostname ?? '';
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return null;
  return { url, token: project?.accessToken ?? '', told: 'setup' };
}

/** The URL of something of a Label Studio, given the path below its address. */
export function urlOf({ url }: Pick<LabelStudio, 'url'>, path: string): URL {
  return new URL(withoutSlashes(url) + path);
}

/** A Label Studio's address as messages may show it. */
export function shownUrl({ url }: Pick<LabelStudio, 'url'>): string {
  const { origin, pathname } = new URL(url);
  return origin + withoutSlashes(pathname);
}

/**
 * What is said when a Label Studio cannot be reached, and what to do.
 * @param reason may say what to do by itself, after a semicolon
 */
export function unreachableSentence(labelStudio: LabelStudio, reason: string): string {
  const check =
    labelStudio.told === 'setup'
      ? 'check that it runs; the address came with /setup: set LABEL_STUDIO_URL to its address'
      : 'check that it runs, and that LABEL_STUDIO_URL is its address';
  const what = `Label Studio at ${shownUrl(labelStudio)} cannot be reached: ${reason}`;
  if (reason.includes('; ')) return what;
  return `${what}; ${check} as this machine sees it (inside of a container, localhost is the container)`;
}

/** An address, or its path, without the slashes at its end. */
export function withoutSlashes(address: string): string {
  return trimEnd(address, /\//);
}
