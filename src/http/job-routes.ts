import { PassThrough } from 'node:stream';
import type { ProjectKeys } from '../project-keys.js';
import type { Job } from '../training/job.js';
import type { Jobs } from '../training/jobs.js';
import type { Call, Route } from './route.js';
import * as wire from './wire.js';

/** Bytes of a job's log that are shown with it. */
const LOG_SHOWN = 65_536;
/** Proxies give up on an answer that says nothing for a minute. */
const HEARTBEAT_MS = 15_000;

/** A job as others see it. */
function shown({ process: _, attempts: __, ...job }: Job): Omit<Job, 'process' | 'attempts'> {
  return job;
}

const one = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

const COMMON = { access: 'basic', metric: 'api' } as const;

/** What people and scripts ask of jobs, beside Label Studio's own calls. */
export function jobRoutes({ jobs, keys }: { jobs: Jobs; keys: ProjectKeys }, streams: EventStreams): Route[] {
  const asked = ({ params }: Call) => jobs.job(params.id!);
  return [
    {
      ...COMMON,
      method: 'GET',
      path: '/api/jobs',
      meaning:
        'what was trained or is to be, newest first; of one project with `?project=`, of one model with `?model=`',
      handle({ query }) {
        const name = wire.projectOf(query);
        const project = name ? keys.of(name) : undefined;
        return {
          json: {
            jobs: jobs.list({ project, model: one(query.model) }).map(shown),
          },
        };
      },
    },
    {
      ...COMMON,
      method: 'GET',
      path: '/api/jobs/{id}',
      meaning: 'one job, with the end of its `log`',
      async handle(call) {
        const job = asked(call);
        return { json: { ...shown(job), log: await jobs.logEnd(job.id, LOG_SHOWN) } };
      },
    },
    {
      ...COMMON,
      method: 'GET',
      path: '/api/jobs/{id}/events',
      meaning: 'the same as it changes, as server-sent events, until the job ends',
      handle(call) {
        const { id } = asked(call);
        // A server that stops waits for connections, and this one has told its client already that it stays.
        const headers = { 'Cache-Control': 'no-cache', Connection: 'close' };
        return { type: 'text/event-stream; charset=utf-8', headers, stream: streams.open(jobs, id) };
      },
    },
    {
      ...COMMON,
      method: 'POST',
      path: '/api/jobs/{id}/cancel',
      meaning: 'ends a job',
      handle(call) {
        const { id } = asked(call);
        return { json: shown(jobs.cancel(id, `POST /api/jobs/${id}/cancel`)) };
      },
    },
  ];
}

/** The answers that go on until their job ends: server-sent events, https://html.spec.whatwg.org/#server-sent-events */
export class EventStreams {
  readonly #open = new Set<PassThrough>();
  readonly #heartbeat: number;
  #draining = false;

  /** @param heartbeat milliseconds between two signs of life */
  constructor(heartbeat = HEARTBEAT_MS) {
    this.#heartbeat = heartbeat;
  }

  /** A stream of what a job is, now and after each change; it ends with the job, and when nobody reads it any more. */
  open(jobs: Jobs, id: string): PassThrough {
    const stream = new PassThrough();
    let late = false;
    const send = () => {
      const job = jobs.job(id);
      // A client that reads slowly gets the newest state when it is ready for it, not all that were.
      if (stream.writableNeedDrain) late = true;
      else stream.write(`event: job\ndata: ${JSON.stringify(shown(job))}\n\n`);
      if (job.ended !== undefined && !late) stream.end();
    };
    stream.on('drain', () => {
      if (!late) return;
      late = false;
      send();
    });
    const unwatch = jobs.watch(id, () => {
      try {
        send();
      } catch (error) {
        // Whoever changes a job is not to fail for its watchers.
        stream.destroy(error as Error);
      }
    });
    const beat = setInterval(() => {
      if (!stream.writableNeedDrain) stream.write(': still here\n\n');
    }, this.#heartbeat);
    this.#open.add(stream);
    stream.once('close', () => {
      unwatch();
      clearInterval(beat);
      this.#open.delete(stream);
    });
    send();
    if (this.#draining) stream.end();
    return stream;
  }

  /** Ends all of them, and those that are still asked for after their first event. */
  drain(): void {
    this.#draining = true;
    for (const stream of this.#open) stream.end();
  }
}
