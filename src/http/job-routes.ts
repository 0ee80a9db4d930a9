import { PassThrough } from 'node:stream';
import type Router from '@koa/router';
import type { Job } from '../training/job.js';
import type { Jobs } from '../training/jobs.js';
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

/** What people and scripts ask of jobs, beside Label Studio's own calls. */
export function jobRoutes(router: Router, jobs: Jobs, streams: EventStreams): void {
  router.get('/api/jobs', ctx => {
    const project = wire.projectOf(ctx.query) ?? undefined;
    ctx.body = { jobs: jobs.list({ project, model: one(ctx.query.model) }).map(shown) };
  });

  router.get('/api/jobs/:id', async ctx => {
    const job = jobs.job(ctx.params.id!);
    ctx.body = { ...shown(job), log: await jobs.logEnd(job.id, LOG_SHOWN) };
  });

  router.get('/api/jobs/:id/events', ctx => {
    const job = jobs.job(ctx.params.id!);
    ctx.type = 'text/event-stream';
    ctx.set('Cache-Control', 'no-cache');
    // A server that stops waits for connections, and this one has told its client already that it stays.
    ctx.set('Connection', 'close');
    ctx.body = streams.open(jobs, job.id);
  });

  router.post('/api/jobs/:id/cancel', ctx => {
    const { id } = jobs.job(ctx.params.id!);
    ctx.body = shown(jobs.cancel(id, `POST /api/jobs/${id}/cancel`));
  });
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
    const unwatch = jobs.watch(id, send);
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
