import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Cell, median } from './cells.js';
import { CONTESTANTS, type ContestantName, TITLES } from './contestants.js';
import type { Latencies } from './latency.js';
import type { Media } from './media.js';
import { PYTHON, ROOT } from './paths.js';
import type { ModelInfo } from './prepare.js';
import type { Ratio } from './ratio.js';

/** All that was measured; what was left out is missing. */
export interface Results {
  model: ModelInfo;
  cells: Cell[];
  /** Megabytes of one inference process while it serves 1,000 texts a request. */
  child: number;
  ratio?: Ratio;
  latencies?: Latencies;
  startSeconds?: number;
  media?: Media;
}

interface Target {
  what: string;
  target: string;
  measured: string;
  met: boolean;
}

const AT_LEAST: readonly [tasks: number, against: ContestantName, times: number][] = [
  [1, 'echo', 0.8],
  [1, 'flask1', 12],
  [1, 'flaskN', 5.5],
  [25, 'flask1', 6],
  [25, 'flaskN', 2.8],
  [1_000, 'flask1', 5],
  [1_000, 'flaskN', 2.5],
];
const SHORT: Readonly<Record<ContestantName, string>> = {
  ours: 'this server',
  flask1: 'the 1-worker baseline',
  flaskN: 'the all-cores baseline',
  echo: 'the bare echo',
};

const number = (value: number, digits = 1) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const rate = (value: number) => number(value, value < 100 ? 1 : 0);
const milliseconds = (value: number) => `${number(value, value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;

const MEDIA: Readonly<Record<keyof Media, string>> = {
  image: 'JPEGs of 1280 x 720 (decoded, fitted, run, answered)',
  audio: 'WAVs of 10 s (decoded, log-mel, run, answered)',
};

/** A Markdown table. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function of(cells: readonly Cell[], name: ContestantName, tasks: number): Cell[] {
  return cells.filter(cell => cell.name === name && cell.tasks === tasks);
}

/** The ratios of the rounds, each of two measurements that were made one behind the other. */
function ratios(cells: readonly Cell[], tasks: number, against: ContestantName): number[] {
  const others = of(cells, against, tasks);
  return of(cells, 'ours', tasks).flatMap(({ round, perSecond }) =>
    others.filter(other => other.round === round).map(other => perSecond / other.perSecond),
  );
}

/** The most that a contestant took at any size, as a median over the rounds. */
function memory(cells: readonly Cell[], name: ContestantName): number {
  const sizes = new Set(cells.map(({ tasks }) => tasks));
  return Math.max(...[...sizes].map(tasks => median(of(cells, name, tasks).map(cell => cell.memory))));
}

function targets({ model, cells, child, ratio, latencies, startSeconds, media }: Results): Target[] {
  const rows: Target[] = [];
  for (const [tasks, against, times] of AT_LEAST) {
    const found = ratios(cells, tasks, against);
    if (found.length === 0) continue;
    const value = median(found);
    const spread = `${number(Math.min(...found), 2)} - ${number(Math.max(...found), 2)}`;
    rows.push({
      what: `requests/s with ${number(tasks, 0)} ${tasks === 1 ? 'task' : 'tasks'}, times ${SHORT[against]}`,
      target: `at least ${times}`,
      measured: `${number(value, 2)} (${spread})`,
      met: value >= times,
    });
  }
  for (const [what, rates] of Object.entries(media ?? {})) {
    rows.push({
      what: `${MEDIA[what as keyof Media]} a second, times a plain Python loop`,
      target: 'at least 0.9',
      measured: number(rates.ratio, 2),
      met: rates.ratio >= 0.9,
    });
  }
  const most = (what: string, value: number, limit: number, show: (value: number) => string) => {
    if (!Number.isFinite(value)) return;
    rows.push({ what, target: `at most ${show(limit)}`, measured: show(value), met: value <= limit });
  };
  const times = (value: number) => number(value, 2);
  most(
    `memory of all processes together, times ${SHORT.flaskN}'s`,
    memory(cells, 'ours') / memory(cells, 'flaskN'),
    1.3,
    times,
  );
  if (latencies) {
    const { healthBusy, interactiveBusy, interactiveIdle } = latencies;
    most(
      '`/health` p99 while saturated by bulk requests, one of them 60 MB',
      healthBusy.p99,
      50,
      milliseconds,
    );
    most('interactive p99 while saturated by bulk requests', interactiveBusy.p99, 250, milliseconds);
    most('the same, times the idle p50', interactiveBusy.p99 / interactiveIdle.p50, 5, times);
  }
  const seconds = (value: number) => `${number(value, 2)} s`;
  most('start to first answer (set up already)', startSeconds ?? Number.NaN, 2, seconds);
  if (ratio) {
    const value = ratio.ratios['1000']!;
    const what = "1,000 texts in one inference process, times scikit-learn's `predict_proba`, one core each";
    rows.push({ what, target: 'at least 2.5', measured: times(value), met: value >= 2.5 });
  }
  most('memory of one inference process', child, 150, value => `${number(value, 0)} MB`);
  most('export of the model', model.exportSeconds, 5, seconds);
  return rows;
}

/** The targets, met or not. */
export function targetTable(results: Results): string {
  const rows = targets(results).map(each => [
    each.what,
    each.target,
    each.measured,
    each.met ? 'yes' : '**no**',
  ]);
  return table(['', 'target', 'measured', 'met'], rows);
}

/** What each contestant does, medians of the rounds. */
export function cellTable(cells: readonly Cell[]): string {
  const sizes = [...new Set(cells.map(({ tasks }) => tasks))];
  const head = ['', 'tasks', 'requests/s', 'p50', 'p99', 'memory (PSS)', 'CPU a request'];
  const rows = CONTESTANTS.flatMap(name =>
    sizes.flatMap(tasks => {
      const own = of(cells, name, tasks);
      if (own.length === 0) return [];
      const middle = (value: (cell: Cell) => number) => median(own.map(value));
      return [
        [
          TITLES[name],
          number(tasks, 0),
          rate(middle(cell => cell.perSecond)),
          milliseconds(middle(cell => cell.p50)),
          milliseconds(middle(cell => cell.p99)),
          `${number(
            middle(cell => cell.memory),
            0,
          )} MB`,
          milliseconds(middle(cell => cell.cpuMs)),
        ],
      ];
    }),
  );
  return table(head, rows);
}

/** Texts a second on one core. */
export function ratioTable({ ours, sklearn, ratios: found, featuresMs, allMs, difference }: Ratio): string {
  const rows = Object.keys(ours).map(size => [
    number(Number(size), 0),
    number(ours[size]!, 0),
    number(sklearn[size]!, 0),
    number(found[size]!, 2),
  ]);
  const head = ['texts a run', 'features and `session.run`', "scikit-learn's `predict_proba`", 'ratio'];
  return [
    table(head, rows),
    '',
    `1,000 texts take ${milliseconds(allMs)}; their features alone, measured apart, ${milliseconds(featuresMs)}. ` +
      `The largest difference of a probability is ${difference.toExponential(1)}.`,
  ].join('\n');
}

/** What the latencies were measured beside. */
export function latencyTable({
  interactiveIdle,
  interactiveBusy,
  healthBusy,
  bulk,
  bulkWithLarge,
}: Latencies): string {
  const row = (what: string, { requests, p50, p99, max, statuses }: Latencies['bulk']) => [
    what,
    number(requests, 0),
    milliseconds(p50),
    milliseconds(p99),
    milliseconds(max),
    Object.entries(statuses)
      .map(([status, count]) => `${count} x ${status}`)
      .join(', '),
  ];
  const large = bulkWithLarge.bulk;
  const lines = [
    row('interactive, idle', interactiveIdle),
    row('interactive beside bulk', interactiveBusy),
    row('that bulk: 8 connections, 1,000 tasks a request', bulk),
    row('`/health` beside bulk and a request of 60 MB', healthBusy),
    row('that bulk', bulkWithLarge),
  ];
  return [
    table(['', 'requests', 'p50', 'p99', 'max', 'statuses'], lines),
    '',
    large
      ? `The request of 60 MB (${number(large.tasks, 0)} tasks) was answered with ${large.status} after ${number(large.seconds)} s.`
      : 'The request of 60 MB was not answered.',
  ].join('\n');
}

const PACKAGES = ['scikit-learn', 'numpy', 'flask', 'gunicorn'];

function machine(): string {
  const script = `import platform, importlib.metadata as m; print(platform.python_version(), *[f"{p} {m.version(p)}" for p in ${JSON.stringify(PACKAGES)}], sep=", ")`;
  const python = execFileSync(PYTHON, ['-c', script], { encoding: 'utf8' }).trim();
  const version = (name: string) =>
    (
      JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as {
        version: string;
      }
    ).version;
  const [cpu] = cpus();
  return [
    `- ${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpu?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`,
    `- Node ${process.versions.node}, onnxruntime-node ${version('onnxruntime-node')}, koa ${version('koa')}; Python ${python}`,
  ].join('\n');
}

/** From so many cores on, what else ran is worth a word. */
const QUIET = 0.1;

/** What else took the cores meanwhile. */
function disturbance(cells: readonly Cell[]): string[] {
  const others = median(cells.map(cell => cell.others));
  if (!(others > QUIET)) return [];
  return [
    `Other work took ${number(others)} cores meanwhile (median): figures and ratios are off, in either direction. Measure again on a quiet machine.`,
  ];
}

/** The file that the README quotes. */
export function mediaTable(media: Media): string {
  return table(
    ['files a second', 'this server, HTTP included', 'a plain Python loop', 'ratio'],
    Object.entries(media).map(([what, { ours, python, ratio }]) => [
      MEDIA[what as keyof Media],
      rate(ours),
      rate(python),
      number(ratio, 2),
    ]),
  );
}

export function markdown(results: Results, rounds: number): string {
  const { model, cells, ratio, latencies } = results;
  const parts = [
    '# Results of `make bench`',
    `${machine()}\n- ${number(model.terms, 0)} terms (words and pairs of words, logistic regression); texts of ${number(model.meanWords, 0)} words on average, ${number(model.meanTermsKnown, 0)} terms known`,
    ...disturbance(cells),
    '## Targets',
    targetTable(results),
    '## Throughput, latency, memory',
    `8 connections; the median of ${rounds} interleaved rounds, all on the same cores, which the load shares. This server runs with validation, request ids and logs on and its result cache off. Answers were compared with scikit-learn's.`,
    cellTable(cells),
    'Memory is that of all processes together: what is private or shared by forking as PSS, and pages of files once.',
  ];
  if (latencies) parts.push('## Latency under bulk requests', latencyTable(latencies));
  if (ratio) parts.push('## One core, no HTTP: texts a second', ratioTable(ratio));
  if (results.media) parts.push('## Images and recordings', mediaTable(results.media));
  return `${parts.join('\n\n')}\n`;
}
