import type { Logger } from 'pino';
import { abortable } from '../abortable.js';
import { messageOf } from '../errors.js';
import { LruMap } from '../lru-map.js';
import type { State } from '../state.js';
import type { LabelStudioClient } from './client.js';
import {
  isElsewhere,
  isKnownAt,
  type LabelStudio,
  type LabelStudioSource,
  ofSetup,
  shownUrl,
} from './source.js';

export interface AccessDeps {
  client: Pick<LabelStudioClient, 'hasProject'>;
  labelStudio: LabelStudioSource;
  /** The Label Studio of the settings; null: none is named. */
  settings: LabelStudio | null;
  state: Pick<State, 'project' | 'setProject'>;
  log: Logger;
  /** Ends what is asked. */
  signal: AbortSignal;
  /** Milliseconds by a clock that nobody sets. */
  now?(): number;
}

/** What was found out of a project. */
interface Finding {
  /** Whose token was tried where. */
  place: string;
  /** Why its tasks cannot be read; null: they can. */
  problem: string | null;
  at: number;
}

/** How long `/setup` waits: Label Studio gives it three seconds, and may be busy with waiting for that. */
const WAIT_MS = 1_500;
/** How long Label Studio may take to answer. */
const ANSWER_MS = 10_000;
/** How long a webhook waits, which Label Studio gives one second, as an annotator waits for it. */
const WEBHOOK_WAIT_MS = 700;
/** How long a finding holds, in milliseconds. Label Studio sends `/setup` before each bulk of predictions. */
const GOOD_FOR = 600_000;
const BAD_FOR = 30_000;
const KEPT = 1_000;

/**
 * Tries whether this server can read a project from Label Studio, as training and uploaded files need it: at `/setup`, where
 * somebody looks, and not first in a job that fails.
 */
export class Access {
  readonly #deps: AccessDeps;
  readonly #now: () => number;
  readonly #findings = new LruMap<string, Finding>(KEPT);
  readonly #looking = new Map<string, { done: Promise<void>; begin: number }>();

  constructor(deps: AccessDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? (() => performance.now());
  }

  /**
   * Looks whether a project can be read, unless that was done just now.
   * @returns why it cannot, as far as is known after a moment; null when it can, or nobody knows where its Label Studio is
   */
  async look(project: string): Promise<string | null> {
    const place = this.#place(project);
    if (place === null) return null;
    const known = this.#findings.get(project);
    const age = this.#now() - (known?.at ?? Number.NEGATIVE_INFINITY);
    if (known?.place === place && age < (known.problem === null ? GOOD_FOR : BAD_FOR)) return known.problem;
    let looking = this.#looking.get(project);
    if (!looking) {
      const done = this.#look(project).finally(() => this.#looking.delete(project));
      looking = { done, begin: this.#now() };
      this.#looking.set(project, looking);
    }
    // It goes on, and is known at the next one; those that come meanwhile do not wait as long.
    const left = Math.ceil(Math.max(0, looking.begin + WAIT_MS - this.#now()));
    await abortable(looking.done, AbortSignal.timeout(left)).catch(() => {});
    return this.problem(project);
  }

  /** Why a project cannot be read, as it was found last; null when it can, or was not tried. */
  problem(project: string): string | null {
    return this.#findings.get(project)?.problem ?? null;
  }

  /**
   * Whether a project's Label Studio has it no more: the one where it was found, asked just now, said so at once.
   * @param orUnknown what is said where nobody knows which Label Studio to ask
   */
  async isGone(project: string, orUnknown: boolean): Promise<boolean> {
    const { client, state, settings, signal } = this.#deps;
    const known = state.project(project);
    const own = ofSetup(known);
    if (settings === null && own === null) return orUnknown;
    const has = settings === null ? false : isKnownAt(known, settings);
    // While nobody knows which of the two has it, none of them is believed.
    const at = has === false ? own : has || own === null ? settings : null;
    if (!known || at === null) return false;
    const soon = AbortSignal.any([signal, AbortSignal.timeout(WEBHOOK_WAIT_MS)]);
    return await client.hasProject(project, soon, at).then(
      isThere => !isThere,
      () => false,
    );
  }

  /** Forgets what was found of a project. */
  forget(project: string): void {
    this.#findings.delete(project);
  }

  async #look(project: string): Promise<void> {
    const { log, signal, labelStudio } = this.#deps;
    const late = AbortSignal.timeout(ANSWER_MS);
    let problem: string | null;
    try {
      problem = await this.#ask(project, AbortSignal.any([signal, late]));
    } catch (error) {
      if (signal.aborted) return;
      problem = late.aborted
        ? `Label Studio at ${shownUrl(labelStudio(project)!)} did not answer within ${ANSWER_MS / 1_000} s`
        : messageOf(error);
    }
    const place = this.#place(project);
    if (place === null) return;
    const before = this.#findings.get(project);
    this.#findings.set(project, { place, problem, at: this.#now() });
    if (problem !== null && problem !== before?.problem)
      log.warn({ project }, `project ${project} cannot be read from Label Studio: ${problem}`);
    if (problem === null && before && before.problem !== null)
      log.info({ project }, `project ${project} can be read from Label Studio again`);
  }

  /**
   * Asks for a project: the Label Studio of the settings, and, where that has none, the project's own.
   * @returns why it cannot be read, or null
   * @throws AppError as `hasProject`
   */
  async #ask(project: string, signal: AbortSignal): Promise<string | null> {
    const { client, state, settings } = this.#deps;
    const own = ofSetup(state.project(project));
    if (settings === null) {
      const isFound = own === null || (await client.hasProject(project, signal, own));
      return isFound ? null : missing(own, project);
    }
    const other = own !== null && isElsewhere(own, settings) ? own : null;
    let isThere: boolean | null = null;
    try {
      isThere = await client.hasProject(project, signal, settings);
    } catch (error) {
      // Where it was found in its own, that one is asked for now.
      if (other === null || isKnownAt(state.project(project), settings) !== false) throw error;
    }
    if (isThere) {
      this.#note(project, true);
      return null;
    }
    if (other === null) return missing(settings, project);
    if (isThere === false) this.#note(project, false);
    try {
      return (await client.hasProject(project, signal, other)) ? null : missing(settings, project);
    } catch (error) {
      return `Label Studio at ${shownUrl(settings)} has no project ${project}, and its own: ${messageOf(error)}`;
    }
  }

  /** Keeps whether the Label Studio of the settings has a project: else its own is asked from now on. */
  #note(project: string, has: boolean): void {
    const { state, settings } = this.#deps;
    const known = state.project(project);
    if (known && settings) state.setProject(project, { ...known, setting: { url: settings.url, has } });
  }

  #place(project: string): string | null {
    const labelStudio = this.#deps.labelStudio(project);
    return labelStudio && [labelStudio.url, labelStudio.token].join('\n');
  }
}

function missing(labelStudio: LabelStudio, project: string): string {
  return `Label Studio at ${shownUrl(labelStudio)} has no project ${project}; set LABEL_STUDIO_URL to the address of the one that has it, as this machine sees it, and LABEL_STUDIO_API_KEY to the token of a user who may read it`;
}
