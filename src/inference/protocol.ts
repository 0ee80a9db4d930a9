import type { ErrorData } from '../errors.js';
import type { TaskFailure, TaskValue } from '../inputs/contract.js';
import type { Region, Relation } from '../regions/contract.js';
import type { OutputSpec } from '../registry/version.js';
import type { ProviderChoice } from './providers/contract.js';

/** What a child needs to load a version. Plain JSON, as everything here: it crosses a process border. */
export interface VersionSource {
  /** Names this load of the version in the server and its children. */
  key: string;
  /** What Label Studio sees: `<model>:<version>`. */
  label: string;
  /** The absolute path of `versions/<version>/`. */
  folder: string;
  /** SHA-256 (hex) of its files, which are compared when it is loaded; absent: they are taken as they are. */
  files?: Readonly<Record<string, string>>;
  /** The manifest's `input`. */
  input: Readonly<{ kind: string; [option: string]: unknown }>;
  outputs: readonly OutputSpec[];
}

/** Regions by what they are labelled with. */
export interface RegionFilter {
  /** A label that they have, or several with commas. */
  label?: string;
  /** The control that labels them. */
  control?: string;
}

/** How one control is filled: what the child needs to write its results. */
export interface ControlBinding {
  /** `from_name`. */
  control: string;
  /** The row of the table of regions. */
  row: string;
  toName: string;
  /** Index into the version's `outputs`. */
  output: number;
  /** Which regions it describes, of a control of regions that is not for all of them; absent: all. */
  regions?: RegionFilter;
  /** What region ids of this control begin with; the same for the same model and control. */
  idPrefix: string;
  /** What the region kind's `bind` returned. */
  data: unknown;
}

/** A model bound to a project's config. */
export interface Binding {
  id: string;
  controls: readonly ControlBinding[];
}

/** One of a prediction's results. */
export type ResultItem = Region | Relation;

/** One task's item in `results`. */
export type Answer =
  | { result: ResultItem[]; score: number | null; model_version: string }
  | { error: TaskFailure; model_version: string };

/** Tasks of one request that go to a child together. The server makes its text once and then only passes it on. */
export interface ValueGroup {
  /** The id of the binding. */
  binding: string;
  /** One a task; whatever stands where `failures` has an entry is not read. */
  values: readonly TaskValue[];
  /** Tasks that have no value, by index, and why. */
  failures?: Readonly<Record<number, TaskFailure>>;
}

/** The header of a frame to a child. A `run` is followed by one line of JSON for each `ValueGroup`. */
export type ChildRequest =
  /** `background`: it gives way to the server and to the child that serves annotators. */
  | { type: 'start'; id: number; providers: readonly ProviderChoice[]; background: boolean }
  | { type: 'load'; id: number; version: VersionSource }
  | { type: 'unload'; id: number; key: string }
  /**
   * `bindings` are those of the groups that this child does not know; `renew`: it forgets the others; `limit`: milliseconds after
   * which the run is taken to hang.
   */
  | { type: 'run'; id: number; key: string; bindings: readonly Binding[]; renew?: true; limit: number };

/** What is known of a version when its graph has run. */
export interface LoadFacts {
  /** Its outputs with classes of regions that another output lists, by name. */
  ofRegions: readonly string[];
}

/** What each request answers with. */
export interface ChildResults {
  /** `reasons`: why each provider before it in the list was passed over. */
  start: { provider: string; reasons: readonly string[] };
  load: LoadFacts & { milliseconds: number };
  unload: null;
  run: RunResult;
}

export interface RunResult {
  /**
   * The length in bytes of each group's answers in the frame's body. The answers of a group are the JSON texts of its
   * items, joined by `ITEM_SEPARATOR`: ready to be written between the brackets of `results`.
   */
  bytes: number[];
  /** How long the run took, in milliseconds. */
  milliseconds: number;
  /** The child's resident memory in bytes, when it was looked at. */
  memory?: number;
}

/** `progress`: a run goes on, and tasks of it are done. */
export type ChildReply =
  | { id: number; result: unknown }
  | { id: number; error: ErrorData }
  | { id: number; progress: true };

/** JSON allows a line break between items, and no JSON text of an item has one inside. */
export const ITEM_SEPARATOR = ',\n';

const SEPARATOR = Buffer.from(ITEM_SEPARATOR);

/** The texts of items that are joined, each a text of its own: a slice of the whole would keep the whole in memory. */
export function splitItems(joined: Buffer): string[] {
  const items: string[] = [];
  let start = 0;
  for (;;) {
    const end = joined.indexOf(SEPARATOR, start);
    if (end < 0) break;
    items.push(joined.toString('utf8', start, end));
    start = end + SEPARATOR.length;
  }
  items.push(joined.toString('utf8', start));
  return items;
}

const FAILURE_START = '{"error":';

/** The text of an item for a task that has no prediction. */
export function failureText(failure: TaskFailure, label: string): string {
  return `${FAILURE_START}${JSON.stringify(failure)},"model_version":${JSON.stringify(label)}}`;
}

/** Why the task of an item has no prediction; undefined when it has one. Of joined items it tells of the first. */
export function failureOf(items: string | Buffer): TaskFailure | undefined {
  const start = Buffer.isBuffer(items) ? items.toString('latin1', 0, FAILURE_START.length) : items;
  if (!start.startsWith(FAILURE_START)) return undefined;
  const [first] = items.toString().split(ITEM_SEPARATOR, 1);
  return (JSON.parse(first!) as { error: TaskFailure }).error;
}
