import { AppError, clip } from '../errors.js';
import type { LabelConfig } from '../label-config/parse.js';
import type { Target } from '../regions/contract.js';
import type { Candidate } from '../registry/loader.js';
import type { Registry, ServedVersion } from '../registry/registry.js';
import type { GateScores } from '../registry/training-record.js';
import { type AnswerDeps, Examinee } from './answers.js';
import type { DatasetCounts } from './dataset.js';
import { heldOutRows } from './held-out.js';
import { type Score, score, standardError } from './score.js';

export interface GateDeps extends AnswerDeps {
  registry: Pick<Registry, 'tryOut' | 'lease'>;
}

export interface GateOptions {
  candidate: Candidate & { project: string };
  config: LabelConfig;
  /** The controls that it was trained for; absent: any. */
  controls?: ReadonlySet<string>;
  /** The `tasks.jsonl` that the candidate was trained with. */
  tasks: string;
  /** The labels in it. */
  used: DatasetCounts['labels'];
  /** Whether its scores decide; otherwise it is enough that it runs. */
  on: boolean;
  /** How much less than the serving version's its score may be. */
  tolerance: number;
  signal: AbortSignal;
}

/** What is decided about a new version. */
export interface Verdict {
  accepted: boolean;
  /** Why, as the rest of a sentence. */
  reason: string;
  /** Null: there was nothing to score it on. */
  gate: GateScores | null;
}

const CHUNK = 200;
const NO_COMPARISON = 'with nothing to compare it with';
/** Characters of a list of labels in a sentence. */
const LIST_LENGTH = 200;
/** A standard error needs two. */
const LEAST_ROWS = 2;
/** Sums of the same numbers in another order. */
const ROUNDING = 1e-9;

/** One output's targets and both versions' answers, row by row. */
interface Sheet {
  /** Which of the held-out rows these are. */
  rows: number[];
  targets: Target[];
  candidate: (Target | null)[];
  serving: (Target | null)[];
}

/**
 * Decides whether a new version may serve: it is loaded in the inference processes beside the one that serves, and both
 * answer the held-out tasks as they would answer `/predict`.
 *
 * It is accepted when its score is at least the serving version's, less `tolerance` or one standard error of the
 * difference, whichever is more (see `standardError`). A version that cannot be compared counts as none: one that no longer
 * fits, and one that lacks labels which annotations use now. That one has an easier question to answer, and its score would
 * keep the new labels away for good.
 *
 * @throws AppError `version_invalid` when it cannot be loaded; those of the pool when it has no room or time
 */
export async function judge(deps: GateDeps, options: GateOptions): Promise<Verdict> {
  return deps.registry.tryOut(options.candidate, version => examine(deps, version, options));
}

async function examine(deps: GateDeps, version: ServedVersion, options: GateOptions): Promise<Verdict> {
  const { config, controls, tasks, signal } = options;
  const { project, model } = options.candidate;
  let candidate: Examinee;
  try {
    candidate = new Examinee(deps, version, config, true, controls);
  } catch (error) {
    return { accepted: false, reason: misfit(error), gate: null };
  }
  const lease = deps.registry.lease(model, project);
  try {
    const last = lease && examineeOrNone(() => new Examinee(deps, lease.version, config, false, controls));
    const missing = candidate.unknown(options.used);
    const learnt = last?.unknown(options.used).filter(label => !missing.includes(label)) ?? [];
    const serving = learnt.length === 0 ? last : undefined;
    const sheets = new Map<string, Sheet>();
    let rows = 0;
    let answered = 0;
    for await (const chunk of heldOutRows(tasks, CHUNK)) {
      const own = await candidate.answer(chunk, signal);
      const others = serving && (await serving.answer(chunk, signal));
      chunk.forEach(({ targets }, index) => {
        for (const [name, target] of Object.entries(targets)) {
          const sheet = sheets.get(name) ?? { rows: [], targets: [], candidate: [], serving: [] };
          sheets.set(name, sheet);
          sheet.rows.push(rows);
          sheet.targets.push(target);
          sheet.candidate.push(own[index]![name] ?? null);
          sheet.serving.push(others?.[index]?.[name] ?? null);
        }
        if (Object.keys(own[index]!).length > 0) answered++;
        rows++;
      });
    }
    if (rows > 0 && answered === 0)
      return { accepted: false, reason: `it answers none of the ${rows} held-out tasks`, gate: null };
    const label = lease?.version.label;
    const apart =
      learnt.length === 0
        ? NO_COMPARISON
        : `not compared with ${label}, which never answers ${clip(learnt.join(', '), LIST_LENGTH)}`;
    return decide(sheets, rows, serving && label ? { label } : { apart }, options);
  } finally {
    lease?.release();
  }
}

/** @param serving the version that the other answers are of, or why there are none */
function decide(
  sheets: ReadonlyMap<string, Sheet>,
  rows: number,
  serving: { label: string } | { apart: string },
  { on, tolerance: least }: Pick<GateOptions, 'on' | 'tolerance'>,
): Verdict {
  if (rows < LEAST_ROWS) {
    const reason = `too few annotations to compare it: ${rows} held out, and ${LEAST_ROWS} are needed`;
    return { accepted: true, reason, gate: null };
  }
  const own = combine(sheets, rows, 'candidate');
  const others = 'apart' in serving ? null : combine(sheets, rows, 'serving');
  const isSame = own.scores.every(({ metric }) => metric === own.scores[0]!.metric);
  const metric = isSame ? own.scores[0]!.metric : 'mean';
  const said = `${metric} ${shown(own.value)} on ${rows} held-out tasks`;
  if (!Number.isFinite(own.value)) return { accepted: false, reason: said, gate: null };
  const compared = others !== null && Number.isFinite(others.value) ? others : null;
  const tolerance = compared ? Math.max(least, standardError(own.influence, compared.influence)) : least;
  const outputs = own.scores.map((each, index) => ({
    name: each.name,
    metric: each.metric,
    candidate: each.value,
    serving: compared ? compared.scores[index]!.value : null,
  }));
  const gate = { metric, rows, candidate: own.value, serving: compared?.value ?? null, tolerance, outputs };
  if (gate.serving === null || 'apart' in serving) {
    const apart = 'apart' in serving ? serving.apart : NO_COMPARISON;
    return { accepted: true, reason: `${said}, ${apart}`, gate };
  }
  const versus = `${said}, against ${shown(gate.serving)} of ${serving.label}`;
  if (gate.candidate >= gate.serving - tolerance - ROUNDING) return { accepted: true, reason: versus, gate };
  if (!on) return { accepted: true, reason: `${versus}, which GATE=off lets pass`, gate };
  return { accepted: false, reason: `${versus} (at most ${shown(tolerance)} less is accepted)`, gate };
}

/** The scores of one version: each output's, and their mean with each row's influence on it. */
function combine(sheets: ReadonlyMap<string, Sheet>, rows: number, whose: 'candidate' | 'serving') {
  const influence = new Array<number>(rows).fill(0);
  const scores: (Omit<Score, 'influence'> & { name: string })[] = [];
  for (const [name, sheet] of sheets) {
    const { influence: own, ...rest } = score(sheet.targets, sheet[whose]);
    scores.push({ name, ...rest });
    own.forEach((each, index) => {
      influence[sheet.rows[index]!]! += each / sheets.size;
    });
  }
  const value = scores.reduce((total, each) => total + each.value, 0) / scores.length;
  return { value, influence, scores };
}

function examineeOrNone(make: () => Examinee): Examinee | undefined {
  try {
    return make();
  } catch (error) {
    misfit(error);
    return undefined;
  }
}

/** Why a version does not fit the config; anything else is thrown on. */
function misfit(error: unknown): string {
  if (error instanceof AppError && (error.code === 'label_mismatch' || error.code === 'no_model_fits'))
    return error.message;
  throw error;
}

function shown(value: number): string {
  return String(Number(value.toFixed(3)));
}
