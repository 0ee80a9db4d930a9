import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { clip } from '../errors.js';
import type { JobLog } from './job-log.js';

/** What a line of a trainer's stdout tells. */
export interface Report {
  /** 0..1. */
  progress?: number;
  message?: string;
  /** Why it fails. */
  error?: string;
}

/** Bytes of a line that are looked at; a longer one tells nothing. */
const LINE_BYTES = 65_536;
const MESSAGE_LENGTH = 500;
/** A program that prints without end must not keep the server busy: the pipe holds it back. */
const BYTES_A_SECOND = 4 * 2 ** 20;
const AHEAD_MS = 250;
const NEWLINE = 0x0a;

/**
 * Copies a stream into a log and tells of its lines, until it ends.
 * @param line called with each line that is not too long
 */
export async function readOutput(stream: Readable, log: JobLog, line: (text: string) => void): Promise<void> {
  let rest: Buffer[] = [];
  let length = 0;
  const take = (part: Buffer) => {
    length += part.length;
    if (length <= LINE_BYTES) rest.push(part);
    else rest = [];
  };
  const end = () => {
    if (length > 0 && length <= LINE_BYTES) line(Buffer.concat(rest).toString());
    rest = [];
    length = 0;
  };
  let due = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      await log.write(chunk);
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        take(chunk.subarray(from, at));
        end();
        from = at + 1;
      }
      take(chunk.subarray(from));
      const now = performance.now();
      due = Math.max(due, now) + (chunk.length / BYTES_A_SECOND) * 1000;
      if (due - now > AHEAD_MS) await setTimeout(due - now);
    }
  } catch {
    // It was closed from here: whoever holds its other end is no part of the job any more.
  }
  end();
}

/** A text as one line for people. */
export function oneLine(text: string): string {
  return clip(stripVTControlCharacters(text).replace(/\s+/g, ' ').trim(), MESSAGE_LENGTH);
}

/** What a line reports; undefined when it is output like any other. */
export function parseReport(line: string): Report | undefined {
  if (!line.startsWith('{')) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { progress, message, error } = value;
  const report: Report = {};
  if (typeof progress === 'number') report.progress = Math.min(1, Math.max(0, progress));
  if (typeof message === 'string') report.message = oneLine(message);
  if (typeof error === 'string' && error.trim() !== '') report.error = oneLine(error);
  return Object.keys(report).length === 0 ? undefined : report;
}
