import type { PlainTensor } from '../inputs/contract.js';
import type { Graph } from './runtime.js';
import { lacksRows } from './tensors.js';

/** Tensors by name. */
export type Tensors = Readonly<Record<string, PlainTensor>>;

/** Some rows of a batch that went through the graph together. */
export interface RowsPart {
  /** The first of them. */
  first: number;
  count: number;
  outputs: Tensors;
}

/** Gives a graph as many rows at a time as it takes. */
export class GraphRows {
  readonly #graph: Graph;
  /** Outputs without an axis of rows. */
  readonly #lists: ReadonlySet<string>;
  #single = false;

  /** @param lists the outputs that list things of all rows, and have no axis of rows */
  constructor(graph: Graph, lists: ReadonlySet<string> = new Set()) {
    this.#graph = graph;
    this.#lists = lists;
  }

  get graph(): Graph {
    return this.#graph;
  }

  /** From now on it gets one row at a time: it answers for its first one alone. */
  useSingleRows(): void {
    this.#single = true;
  }

  /**
   * The rows of a run, whatever comes: a graph of a fixed batch has a number as its first side; undefined: any.
   */
  rowsOf(feeds: Tensors): number | undefined {
    const known = this.#graph.inputs.filter(({ name }) => Object.hasOwn(feeds, name));
    if (this.#single || known.some(info => lacksRows(feeds[info.name]!, info))) return 1;
    for (const { name, shape } of known) {
      const [side] = shape;
      const isFixed = shape.length === feeds[name]!.dims.length && typeof side === 'number' && side > 0;
      if (isFixed) return side;
    }
    return undefined;
  }

  /**
   * Runs all rows, in several parts where the graph does not take them at once; what is missing of a fixed batch is filled
   * up with the last row.
   *
   * @param rows how many there are, along the first axis of the feeds
   * @throws Error as `Graph.run` does
   */
  async parts(feeds: Tensors, rows: number): Promise<RowsPart[]> {
    const size = this.rowsOf(feeds) ?? rows;
    const names = this.#graph.inputs.map(({ name }) => name).filter(name => Object.hasOwn(feeds, name));
    // What has no axis of rows, such as the state of a stream, goes as it is.
    if (size === rows || names.some(name => feeds[name]!.dims[0] !== rows))
      return [{ first: 0, count: rows, outputs: await this.#graph.run(feeds) }];
    const parts: RowsPart[] = [];
    for (let first = 0; first < rows; first += size) {
      const count = Math.min(size, rows - first);
      const own = names.map(name => [name, taken(feeds[name]!, first, count, size)]);
      const outputs = await this.#graph.run(Object.fromEntries(own));
      const kept = Object.entries(outputs).map(([name, tensor]) => [
        name,
        count < size && this.#hasRows(name, tensor, size) ? taken(tensor, 0, count, count) : tensor,
      ]);
      parts.push({ first, count, outputs: Object.fromEntries(kept) });
    }
    return parts;
  }

  #hasRows(name: string, { dims }: PlainTensor, size: number): boolean {
    return dims[0] === size && !this.#lists.has(name);
  }
}

/**
 * Parts as if they had been one run.
 *
 * @throws Error when an output has no axis of rows, or rows of several lengths
 */
export function joined(parts: readonly RowsPart[]): Tensors {
  const [head] = parts;
  if (parts.length === 1) return head!.outputs;
  return Object.fromEntries(
    Object.entries(head!.outputs).map(([name, { type, dims }]) => {
      const all = parts.map(({ outputs, count }) => ({ ...outputs[name]!, count }));
      const isAlike = all.every(
        each => each.dims[0] === each.count && each.dims.slice(1).join() === dims.slice(1).join(),
      );
      if (!isAlike) {
        throw new Error(
          `its graph runs one row at a time and gives [${dims.join(', ')}] for '${name}', so that rows of one task cannot be put together: export it with a dynamic first axis`,
        );
      }
      const rows = all.reduce((sum, { count }) => sum + count, 0);
      return [
        name,
        { type, data: concatenated(all.map(({ data }) => data)), dims: [rows, ...dims.slice(1)] },
      ];
    }),
  );
}

/** Some rows of a tensor, the last one repeated until there are as many as asked for. */
export function taken(
  { type, data, dims }: PlainTensor,
  first: number,
  count: number,
  size: number,
): PlainTensor {
  const length = data.length / dims[0]!;
  const part = data.slice(first * length, (first + count) * length) as typeof data;
  const last = part.slice((count - 1) * length) as typeof data;
  const filled = size === count ? part : concatenated([part, ...new Array(size - count).fill(last)]);
  return { type, data: filled, dims: [size, ...dims.slice(1)] };
}

/** The data of several tensors of one type, one after the other. */
function concatenated(parts: readonly PlainTensor['data'][]): PlainTensor['data'] {
  const [head] = parts;
  if (Array.isArray(head)) return (parts as string[][]).flat();
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const Data = head!.constructor as new (length: number) => Float32Array;
  const data = new Data(length);
  let at = 0;
  for (const part of parts as Float32Array[]) {
    data.set(part, at);
    at += part.length;
  }
  return data;
}
