import { InferenceSession, Tensor } from 'onnxruntime-node';
import { AppError, messageOf } from '../errors.js';
import type { PlainTensor } from '../inputs/contract.js';
import { NO_TELEMETRY } from '../no-telemetry.js';
import type { ProviderChoice } from './providers/contract.js';
import { PROVIDERS } from './providers/index.js';
import { asInput, asOutput, type GraphTensor, type TensorInfo } from './tensors.js';

/**
 * The only file that imports onnxruntime-node: sessions in, plain tensors out.
 *
 * Its `create` and `run` hold the thread for as long as they take, so it is imported by inference children alone.
 */

// In every process that runs graphs, the server's children and the exporters' helpers alike.
Object.assign(process.env, NO_TELEMETRY);

/** A graph of one float in, the same float out (opset 13), to try a provider with. */
const IDENTITY_GRAPH = Buffer.from(
  'CAgSADo3ChAKAXgSAXkiCElkZW50aXR5EgFnWg8KAXgSCgoICAESBAoCCAFiDwoBeRIKCggIARIECgIIAUIECgAQDQ==',
  'base64',
);

/** The type of maps and sequences in `Graph.inputs` and `Graph.outputs`. */
export const NO_TENSOR = 'no tensor';

/** A loaded graph. */
export interface Graph {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Feeds that the graph has no input for are left out; the others are given in the type that it takes. Outputs that are no
   * tensors are left out too.
   * @throws Error with a reason for people when the feeds do not fit the graph; one of ONNX Runtime when a kernel fails
   */
  run(feeds: Readonly<Record<string, PlainTensor>>): Promise<Record<string, PlainTensor>>;
  /** Frees the native memory; without it sessions leak. */
  release(): Promise<void>;
}

/**
 * The first of the providers that works on this machine.
 *
 * ONNX Runtime itself does not fall back: with `['cuda', 'cpu']` creation throws when CUDA is missing.
 * @returns that one, and why each before it does not
 * @throws AppError `provider_unavailable` with what each lacked
 */
export async function chooseProvider(
  providers: readonly ProviderChoice[],
): Promise<{ choice: ProviderChoice; reasons: string[] }> {
  const reasons: string[] = [];
  for (const choice of providers) {
    const provider = PROVIDERS[choice.name]!;
    try {
      const session = await InferenceSession.create(IDENTITY_GRAPH, provider.sessionOptions(choice.device));
      await session.release();
      return { choice, reasons };
    } catch (error) {
      const message = messageOf(error);
      const cause = provider.cause?.exec(message)?.[0] ?? message;
      reasons.push(`${choice.name} (device ${choice.device}) does not work here: ${cause}. ${provider.hint}`);
    }
  }
  throw new AppError('provider_unavailable', reasons.join('\n'));
}

/**
 * Loads a graph from a file.
 * @throws Error of ONNX Runtime when the file is no model that this version can run
 */
export async function loadGraph(path: string, choice: ProviderChoice): Promise<Graph> {
  const session = await InferenceSession.create(path, PROVIDERS[choice.name]!.sessionOptions(choice.device));
  const inputs = session.inputMetadata.map(infoOf);
  const outputs = session.outputMetadata.map(infoOf);
  // The binding throws when it is to give anything else.
  const tensorNames = outputs.filter(({ type }) => type !== NO_TENSOR).map(({ name }) => name);
  return {
    inputs,
    outputs,
    async run(feeds) {
      const tensors: Record<string, Tensor> = Object.create(null);
      for (const info of inputs) {
        if (!Object.hasOwn(feeds, info.name)) throw unfed(inputs, feeds);
        const feed = feeds[info.name]!;
        const { type, data, dims } = asInput(feed, info);
        tensors[info.name] = new Tensor(type as 'float32', data as Float32Array, dims);
      }
      const given = await session.run(tensors, tensorNames);
      for (const tensor of Object.values(tensors)) tensor.dispose();
      const plain: Record<string, PlainTensor> = Object.create(null);
      for (const name of tensorNames) plain[name] = asOutput(given[name] as GraphTensor);
      return plain;
    },
    release: () => session.release(),
  };
}

function infoOf(value: InferenceSession.ValueMetadata): TensorInfo {
  return value.isTensor
    ? { name: value.name, type: value.type, shape: value.shape }
    : { name: value.name, type: NO_TENSOR, shape: [] };
}

function unfed(inputs: readonly TensorInfo[], feeds: Readonly<Record<string, PlainTensor>>): Error {
  const missing = inputs.map(({ name }) => name).filter(name => !Object.hasOwn(feeds, name));
  return new Error(
    `its graph has an input '${missing.join("', '")}', which its input kind does not give; it gives ${Object.keys(feeds).join(', ')}: export it with these alone, or name its input in "tensor" of "input" where the kind has that`,
  );
}
