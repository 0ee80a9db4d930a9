/** A generator of whole numbers from 0 to below `most`: the same ones for the same seed, which Math.random cannot do. */
export type Random = (most: number) => number;

const MODULUS = 2_147_483_647;

/** @param seed from 1 on */
export function seeded(seed: number): Random {
  let state = seed % MODULUS || 1;
  return most => {
    state = (state * 48_271) % MODULUS;
    return state % most;
  };
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)]!;
}

export function shuffled<T>(random: Random, values: readonly T[]): T[] {
  const rest = [...values];
  return values.map(() => rest.splice(random(rest.length), 1)[0]!);
}
