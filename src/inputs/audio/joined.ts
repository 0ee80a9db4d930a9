import type { PlainTensor } from '../contract.js';

type Outputs = Readonly<Record<string, PlainTensor>>;

/**
 * What several runs of a graph answered, as if one had: their rows one behind the other.
 *
 * @param runs at least one
 * @throws Error when an output is of another shape in another run
 */
export function joinedRuns(runs: readonly Outputs[]): Record<string, PlainTensor> {
  return Object.fromEntries(
    Object.keys(runs[0]!).map(name => {
      const tensors = runs.map(outputs => outputs[name]!);
      const [, ...rest] = tensors[0]!.dims;
      if (tensors.some(({ dims }) => dims.length === 0 || dims.slice(1).join() !== rest.join()))
        throw new Error(`its output ${name} is not of the same shape for all parts of a recording`);
      const rows = tensors.reduce((sum, { dims }) => sum + dims[0]!, 0);
      return [name, { type: tensors[0]!.type, data: joinedData(tensors), dims: [rows, ...rest] }];
    }),
  );
}

function joinedData(tensors: readonly PlainTensor[]): PlainTensor['data'] {
  const lists = tensors.map(({ data }) => data);
  if (Array.isArray(lists[0])) return (lists as string[][]).flat();
  const Kind = lists[0]!.constructor as new (length: number) => Float32Array;
  const whole = new Kind(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    whole.set(list as Float32Array, at);
    at += list.length;
  }
  return whole;
}
