import { messageOf } from '../../errors.js';
import { answerOfThread } from '../../threads.js';
import type { TrainingValue } from '../contract.js';
import type { SeriesMeta, SeriesValue } from './contract.js';
import { filled, readSeries, type Series } from './table.js';

/** A text that takes so long to parse that other requests would notice it. */
const LARGE = 200_000;

/** What a thread reads, and what it says. */
export interface SeriesRequest {
  text: string | null;
  value: SeriesValue;
  names: readonly string[];
}
export type SeriesReply = { series: Series } | { error: string };

/** Reads a series as the encoder does, missing values filled; never throws. */
export function answer({ text, value, names }: SeriesRequest): SeriesReply {
  try {
    const { channels, ...rest } = readSeries(text, value, names);
    return { series: { channels: channels.map((channel, at) => filled(channel, names[at]!)), ...rest } };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/**
 * Reads a series for trainers: its channels and times as lists, which `time-series` reads again; a large text on a thread
 * of its own.
 *
 * @throws Error with a reason for people
 */
export async function readForTraining(request: SeriesRequest): Promise<TrainingValue> {
  const { text, value, names } = request;
  const reply =
    text !== null && text.length > LARGE
      ? await answerOfThread<SeriesReply>(import.meta.url, './training-thread', request)
      : answer(request);
  if ('error' in reply) throw new Error(reply.error);
  const { channels, timing, written } = reply.series;
  const columns = Object.fromEntries(channels.map((channel, at) => [names[at]!, [...channel]]));
  const { timeColumn } = value.tag;
  const count = timing.times.length;
  return {
    value: timeColumn ? { ...columns, [timeColumn]: written } : columns,
    meta: { first: 0, count, size: count, total: count, ...timing } satisfies SeriesMeta,
  };
}
