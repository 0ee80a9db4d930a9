import sharp from 'sharp';
import type { PredictionItem } from '../../src/model.js';
import type { InputSpec, OutputSpec } from '../../src/registry/version.js';
import { startBackend, type TestBackend } from './backend.js';
import { temporaryFolder } from './folder.js';
import { addModel } from './graphs.js';
import { runPython } from './python.js';

/** A model of one graph and one output. */
export interface GraphCase {
  /** The graph in ONNX's text syntax, without the versions before it. */
  graph: string;
  input: InputSpec;
  output: { kind: string } & Partial<OutputSpec>;
  /** Files beside the graph, by name. */
  files?: Readonly<Record<string, unknown>>;
  /** The entry of model.json beside the name; absent: Choices. */
  control?: { control: string; [option: string]: unknown };
  /** What the config shows; absent: `Image` or `Text`, by the input. */
  object?: string;
}

/** A backend that serves such models, each under its own name. */
export class ServedGraphs<Name extends string> {
  readonly backend: TestBackend;
  readonly #cases: Readonly<Record<Name, GraphCase>>;
  readonly #problems: ReadonlyMap<string, string>;

  private constructor(
    backend: TestBackend,
    cases: Readonly<Record<Name, GraphCase>>,
    problems: ReadonlyMap<string, string>,
  ) {
    this.backend = backend;
    this.#cases = cases;
    this.#problems = problems;
  }

  static async start<Name extends string>(
    cases: Readonly<Record<Name, GraphCase>>,
  ): Promise<ServedGraphs<Name>> {
    const entries = Object.entries<GraphCase>(cases);
    const graphs = await runPython<string>(
      'test/support/onnx-text.py',
      entries.map(([, { graph }]) => graph),
    );
    const root = await temporaryFolder();
    for (const [index, [name, each]] of entries.entries()) {
      await addModel(root, name, {
        manifest: { input: each.input, outputs: [{ name: 'out', ...controlOf(each) }] },
        outputs: [{ ...each.output, name: 'out' } as OutputSpec],
        graph: Buffer.from(graphs[index]!, 'base64'),
        files: each.files ?? {},
      });
    }
    const backend = await startBackend({ MODEL_DIR: root });
    const { body } = await backend.get<{ problems: { model: string; message: string }[] }>('/api/models');
    return new ServedGraphs(backend, cases, new Map(body.problems.map(each => [each.model, each.message])));
  }

  /** Why a model is not served, without the place of its folder; undefined: it is. */
  problem(name: Name): string | undefined {
    return this.#problems.get(name)?.replace(/^.* cannot be served: /s, '');
  }

  /** What a model answers to tasks, each of which shows one of these values. */
  async ask(name: Name, values: readonly unknown[]): Promise<PredictionItem[]> {
    const reply = await this.backend.post<{ results: PredictionItem[]; message?: string }>(
      `/models/${name}/predict`,
      {
        tasks: values.map((shown, id) => ({ id, data: { shown } })),
        label_config: configOf(this.#cases[name]),
      },
    );
    if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.body.message}`);
    return reply.body.results;
  }

  stop(): Promise<void> {
    return this.backend.stop();
  }
}

function controlOf({ control, output }: GraphCase): { control: string; [option: string]: unknown } {
  return (
    control ?? { control: 'Choices', choice: output.decision?.rule === 'threshold' ? 'multiple' : 'single' }
  );
}

function configOf(each: GraphCase): string {
  const { control, choice } = controlOf(each);
  const shown = each.object ?? (each.input.kind === 'image' ? 'Image' : 'Text');
  const tag = control === 'Choices' ? 'Choice' : 'Label';
  const names = (each.output.labels ?? []).map(name => name.replace(/^B-/, '')).filter(name => name !== 'O');
  const labels = [...new Set(names)].map(label => `<${tag} value="${label}"/>`).join('');
  const mode = choice === undefined ? '' : ` choice="${choice}"`;
  return `<View><${shown} name="object" value="$shown"/><${control} name="out" toName="object"${mode}>${labels}</${control}></View>`;
}

/** What a prediction of one choice or number says, with its score; of a task without one: why. */
export function told(item: PredictionItem): unknown {
  if (!('result' in item)) return (item as unknown as { error: { code: string; message: string } }).error;
  const [first] = item.result as unknown as { value: Record<string, unknown> }[];
  const { choices, number } = first?.value ?? {};
  return [choices ?? number, item.score];
}

/** A PNG of one colour as a data URI. */
export async function flat(
  [r, g, b]: readonly [number, number, number],
  width = 8,
  height = 8,
): Promise<string> {
  const background = { r, g, b };
  const png = await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}
