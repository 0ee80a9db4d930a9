import { decode } from './path.js';
import type { Route } from './route.js';

/** What a path leads to. */
export interface Place {
  /** By method. */
  routes: ReadonlyMap<string, Route>;
  /** The parts of the path that stand in braces in the routes', as they were sent. */
  raw: Readonly<Record<string, string | undefined>>;
}

type Routes = Map<string, Route>;
interface Pattern {
  pattern: RegExp;
  routes: Routes;
}

const NONE = Object.freeze({});

/** Finds routes by their path. Case matters, and a slash at the end counts for nothing. */
export class RouteTable {
  readonly rows: readonly Route[];
  /** Those without braces. */
  readonly #fixed = new Map<string, Routes>();
  readonly #patterns = new Map<string, Pattern>();

  constructor(rows: readonly Route[]) {
    this.rows = rows;
    for (const row of rows) {
      this.#add(row.path, row);
      if (row.perModel) this.#add(`/models/{model}${row.path}`, row);
    }
  }

  /** @param path without the query */
  find(path: string): Place | undefined {
    const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const fixed = this.#fixed.get(plain);
    if (fixed) return { routes: fixed, raw: NONE };
    for (const { pattern, routes } of this.#patterns.values()) {
      const match = pattern.exec(plain);
      if (match) return { routes, raw: match.groups ?? NONE };
    }
    return undefined;
  }

  #add(path: string, row: Route): void {
    this.#at(path).set(row.method, row);
  }

  #at(path: string): Routes {
    const routes: Routes = this.#fixed.get(path) ?? this.#patterns.get(path)?.routes ?? new Map();
    if (!path.includes('{')) this.#fixed.set(path, routes);
    else this.#patterns.set(path, { pattern: patternOf(path), routes });
    return routes;
  }
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
}

/** The methods that a place takes, as the header `Allow` has them. */
export function allowed({ routes }: Place): string {
  const methods = [...routes.keys()];
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}

/** The parts of a path, as they were meant. */
export function decoded(raw: Place['raw']): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(raw).map(([name, part]) => [name, part === undefined ? part : decode(part)]),
  );
}
