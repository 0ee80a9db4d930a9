import Router from '@koa/router';
import type { Context } from 'koa';
import type { Logger } from 'pino';
import { AppError, clip } from '../errors.js';
import type { Metrics } from '../metrics.js';
import type { Projects } from '../projects.js';
import type { Versions } from '../registry/versions.js';
import type { Service } from '../service.js';
import type { Jobs } from '../training/jobs.js';
import { isLearning } from '../training/triggers.js';
import { MESSAGE_LENGTH } from './errors.js';
import { type EventStreams, jobRoutes } from './job-routes.js';
import { versionRoutes } from './versions.js';
import * as wire from './wire.js';

export interface RouteDeps {
  metrics: Metrics;
  log: Logger;
  service: Service;
  projects: Projects;
  jobs: Jobs;
  /** Whether a model can serve. */
  ready(): boolean;
  /** What `/api/models` tells. */
  describe(): unknown;
  /** Null: the models are classes, which have no versions of that kind. */
  versions: Versions | null;
  /** Whether the address that this server listens on can be reached from this machine alone. */
  loopback: boolean;
}

const NO_PAYLOAD =
  "came without its payload, so that nothing can be learnt from it: in Label Studio's Settings > Webhooks, open the webhook and switch on 'Send payload'";

function modelOf(ctx: Context): string | null {
  return (ctx.params as { model?: string }).model ?? null;
}

/** Label Studio asks for one job; where several models learn, the others are named beside it. */
function jobsOf(jobs: readonly string[]): { job?: string; jobs?: readonly string[] } {
  const [job] = jobs;
  if (job === undefined) return {};
  return jobs.length === 1 ? { job } : { job, jobs };
}

/** The calls of Label Studio, each also below `/models/<name>`. */
export function routes(deps: RouteDeps, streams: EventStreams): Router {
  const { service, projects } = deps;
  // Case matters, as it does to what decides by the path who may call.
  const router = new Router({ sensitive: true });
  const label = (path: string) => [path, `/models/:model${path}`];

  router.get(['/', ...label('/health'), '/models/:model'], ctx => {
    ctx.body = { status: 'UP' };
  });

  router.get('/ready', ctx => {
    if (!deps.ready()) throw new AppError('not_ready', 'no model can serve yet');
    ctx.body = { status: 'READY' };
  });

  router.post(label('/setup'), async ctx => {
    const body = wire.setupBody(ctx.request.body);
    // Whoever may name the host decides where the token of a later setup would go.
    const believed = deps.loopback || ctx.state.authenticated === true;
    ctx.body = await service.setup(
      wire.projectId(body.project) ?? '',
      {
        labelConfig: body.schema,
        hostname: believed ? (body.hostname ?? null) : null,
        accessToken: believed ? (body.access_token ?? null) : null,
        extraParams: wire.extraParams(body.extra_params),
      },
      modelOf(ctx),
    );
  });

  // `PredictRoute` answers POST before this router is asked; here it is only known to exist.
  router.post(label('/predict'), () => {});

  router.get(label('/versions'), ctx => {
    ctx.body = { versions: service.versions(modelOf(ctx), wire.projectOf(ctx.query)) };
  });

  router.post([...label('/webhook'), ...label('/webhook/:secret')], async ctx => {
    const body = wire.webhookBody(ctx.request.body);
    const project = wire.projectId(body.project);
    const labelConfig = (body.project as { label_config?: unknown } | null | undefined)?.label_config;
    const config = typeof labelConfig === 'string' && labelConfig !== '' ? labelConfig : null;
    ctx.body = { status: 'ok' };
    const warn = (error: unknown) => {
      // Label Studio shows nobody what a webhook answers, and gives up on one that fails; the log is where it helps.
      if (!(error instanceof AppError) || error.code === 'data_dir_unwritable') throw error;
      deps.log.warn(
        { request_id: ctx.state.exchange.id, code: error.code, action: body.action },
        clip(error.message, MESSAGE_LENGTH),
      );
    };
    if (project !== null && body.action === 'PROJECT_UPDATED' && config !== null) {
      try {
        service.updateProject(project, config);
      } catch (error) {
        warn(error);
      }
    }
    if (project !== null && body.action === 'PROJECT_DELETED') await projects.remove(project);
    // The button's event is sent whole whatever the webhook's settings are; clients written by hand may leave this out.
    if (project === null && body.action !== 'START_TRAINING') {
      deps.log.warn(
        { request_id: ctx.state.exchange.id, action: body.action },
        `${body.action} ${NO_PAYLOAD}`,
      );
      return;
    }
    if (!isLearning(body.action)) return;
    try {
      ctx.body = {
        status: 'ok',
        ...jobsOf(await service.learn(body.action, body, project, config, modelOf(ctx))),
      };
    } catch (error) {
      warn(error);
    }
  });

  router.post(label('/train'), async ctx => {
    const body = wire.trainBody(ctx.request.body);
    const jobs = await service.learn(
      'START_TRAINING',
      body,
      wire.projectId(body.project),
      body.label_config || null,
      modelOf(ctx),
    );
    ctx.status = 201;
    ctx.body = jobsOf(jobs);
  });

  router.post(label('/job_status'), ctx => {
    const { job } = wire.jobBody(ctx.request.body);
    const found = service.job(job);
    ctx.body = {
      job_status: found.status,
      created_at: found.created,
      progress: found.progress,
      message: found.message,
      error: found.error,
    };
  });

  router.post(label('/validate'), ctx => {
    service.validate(wire.validateBody(ctx.request.body).config, modelOf(ctx));
    ctx.body = { status: 'ok' };
  });

  router.post(label('/duplicate_model'), async ctx => {
    const body = wire.duplicateBody(ctx.request.body);
    await projects.duplicate(wire.requiredProject(body.project_src), wire.requiredProject(body.project_dst));
    ctx.body = { status: 'ok' };
  });

  router.post(label('/delete'), async ctx => {
    await projects.remove(wire.requiredProject(wire.deleteBody(ctx.request.body).project));
    ctx.body = { status: 'ok' };
  });

  router.get('/metrics', async ctx => {
    const { type, text } = await deps.metrics.page();
    ctx.type = type;
    ctx.body = text;
  });

  router.get('/api/models', ctx => {
    ctx.body = deps.describe();
  });
  router.get('/api/projects/:project', async ctx => {
    ctx.body = await service.describe(wire.requiredProject(ctx.params.project));
  });
  versionRoutes(router, () => deps.versions);

  jobRoutes(router, deps.jobs, streams);
  return router;
}
