import type { Logger } from 'pino';
import { AppError, clip, type ErrorCode, MESSAGE_LENGTH } from '../errors.js';
import type { Access } from '../label-studio/access.js';
import type { Metrics } from '../metrics.js';
import type { ProjectName } from '../project-key.js';
import type { ProjectKeys } from '../project-keys.js';
import type { Projects } from '../projects.js';
import type { Versions } from '../registry/versions.js';
import type { Service } from '../service.js';
import type { Jobs } from '../training/jobs.js';
import { isLearning } from '../training/triggers.js';
import { type EventStreams, jobRoutes } from './job-routes.js';
import type { Answer, Call, Route } from './route.js';
import { versionRoutes } from './versions.js';
import * as wire from './wire.js';

export interface RouteDeps {
  metrics: Metrics;
  log: Logger;
  service: Service;
  projects: Projects;
  keys: ProjectKeys;
  access: Pick<Access, 'isGone'>;
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

/** Label Studio asks for one job; where several models learn, the others are named beside it. */
function jobsOf(jobs: readonly string[]): { job?: string; jobs?: readonly string[] } {
  const [job] = jobs;
  if (job === undefined) return {};
  return jobs.length === 1 ? { job } : { job, jobs };
}

function keyOf({ keys }: RouteDeps, name: ProjectName | null): string | null {
  return name && keys.of(name);
}

const OK: Answer = { json: { status: 'ok' } };
const UP = {
  access: 'basic',
  metric: 'health',
  probe: true,
  handle: () => ({ json: { status: 'UP' } }),
} as const;

/**
 * The table of routes: who may call what, how, and what it does.
 * @param predict answers `POST /predict`
 */
export function routes(deps: RouteDeps, streams: EventStreams, predict: Route['handle']): Route[] {
  return [
    { ...UP, method: 'GET', path: '/', access: 'open' },
    { ...UP, method: 'GET', path: '/health', access: 'anyone', meaning: 'says that the server is up' },
    { ...UP, method: 'GET', path: '/models/{model}' },
    { ...UP, method: 'GET', path: '/models/{model}/health' },
    {
      method: 'GET',
      path: '/ready',
      access: 'anyone',
      metric: 'ready',
      probe: true,
      meaning: '200 when a model can serve, else 503',
      handle() {
        if (!deps.ready()) throw new AppError('not_ready', 'no model can serve yet');
        return { json: { status: 'READY' } };
      },
    },
    ...labelStudioRoutes(deps, predict),
    {
      method: 'GET',
      path: '/metrics',
      access: 'basic',
      metric: 'metrics',
      probe: true,
      meaning: 'counts and times, for Prometheus',
      handle: () => deps.metrics.page(),
    },
    ...jobRoutes(deps, streams),
    {
      method: 'GET',
      path: '/api/projects/{project}',
      access: 'basic',
      metric: 'api',
      meaning:
        'which models answer a project, as the last `/setup` chose them: their versions and controls, which controls no model fills and why, and notes',
      async handle({ params }) {
        return { json: await deps.service.describe(deps.keys.of(wire.requiredProject(params.project))) };
      },
    },
    {
      method: 'GET',
      path: '/api/models',
      access: 'basic',
      metric: 'api',
      meaning: 'the models, their versions, and what is wrong with any of them',
      handle: () => ({ json: deps.describe() }),
    },
    ...versionRoutes(deps),
  ];
}

/** The calls of Label Studio, each also below `/models/{model}`. */
function labelStudioRoutes(deps: RouteDeps, predict: Route['handle']): Route[] {
  const call = { method: 'POST', perModel: true, access: 'basic', body: 'json' } as const;
  const modelOf = ({ params }: Call) => params.model ?? null;
  return [
    {
      ...call,
      path: '/setup',
      metric: 'setup',
      meaning: 'connects a project: `project`, `schema` (the labeling config), `extra_params`',
      async handle(setup) {
        const body = wire.setupBody(setup.body);
        // Whoever may name the host decides where the token of a later setup would go.
        const believed = deps.loopback || setup.authenticated;
        const project = {
          labelConfig: body.schema,
          hostname: believed ? (body.hostname ?? null) : null,
          accessToken: believed ? (body.access_token ?? null) : null,
          extraParams: wire.extraParams(body.extra_params),
        };
        const name = wire.projectName(body.project);
        // One that is refused names no project.
        deps.service.checkConfig(project.labelConfig);
        const id = name === null ? '' : deps.keys.ofSetup(name, project.hostname);
        return { json: await deps.service.setup(id, project, modelOf(setup)) };
      },
    },
    {
      ...call,
      path: '/predict',
      metric: 'predict',
      body: 'own',
      meaning:
        "predicts `tasks`; the config is the request's `label_config`, else the project's, else that of the last project set up. It takes no extra params: those of the project's last `/setup` hold",
      handle: predict,
    },
    {
      ...call,
      method: 'GET',
      path: '/versions',
      metric: 'versions',
      meaning:
        "every `model_version` that can be answered, newest first. With `?project=`, one for each model, whether it answers that project or not: the project's own, the shipped one, or `untrained` for a recipe",
      handle(versions) {
        const project = keyOf(deps, wire.projectOf(versions.query));
        return { json: { versions: deps.service.versions(modelOf(versions), project) } };
      },
    },
    {
      ...call,
      path: '/webhook',
      access: 'webhook',
      metric: 'webhook',
      meaning: "takes Label Studio's events",
      handle: webhook => handleWebhook(deps, webhook),
    },
    {
      ...call,
      path: '/webhook/{secret}',
      access: 'webhook',
      metric: 'webhook',
      meaning: 'the same, for webhooks that carry `WEBHOOK_SECRET` in their URL',
      handle: webhook => handleWebhook(deps, webhook),
    },
    {
      ...call,
      path: '/train',
      metric: 'train',
      meaning:
        "starts training; the answer's `job` is what `/job_status` asks for. When several models learn, `jobs` lists all",
      async handle(train) {
        const body = wire.trainBody(train.body);
        const project = keyOf(deps, wire.projectName(body.project));
        const config = body.label_config || null;
        const jobs = await deps.service.learn('START_TRAINING', body, project, config, modelOf(train));
        return { status: 201, json: jobsOf(jobs) };
      },
    },
    {
      ...call,
      path: '/job_status',
      metric: 'job_status',
      meaning: 'whether a `job` is queued, started, finished or failed, and how far it is',
      handle({ body }) {
        const { status, created, progress, message, error } = deps.service.job(wire.jobBody(body).job);
        return { json: { job_status: status, created_at: created, progress, message, error } };
      },
    },
    {
      ...call,
      path: '/validate',
      metric: 'validate',
      meaning: 'whether a labeling `config` can be served',
      handle(validate) {
        deps.service.validate(wire.validateBody(validate.body).config, modelOf(validate));
        return OK;
      },
    },
    {
      ...call,
      path: '/duplicate_model',
      metric: 'duplicate_model',
      meaning: 'gives the project `project_dst` a copy of what `project_src` has here',
      async handle({ body }) {
        const { project_src, project_dst } = wire.duplicateBody(body);
        const [source, target] = [project_src, project_dst].map(wire.requiredProject);
        await deps.projects.duplicate(deps.keys.of(source!), deps.keys.of(target!));
        return OK;
      },
    },
    {
      ...call,
      path: '/delete',
      metric: 'delete',
      meaning: 'removes what a `project` has here',
      async handle({ body }) {
        await deps.projects.remove(deps.keys.exactly(wire.requiredProject(wire.deleteBody(body).project)));
        return OK;
      },
    },
  ];
}

const LOST: readonly ErrorCode[] = ['data_dir_unwritable', 'overloaded', 'request_invalid'];

/** Takes an event. Label Studio shows nobody what a webhook answers, and gives up on one that fails. */
async function handleWebhook(deps: RouteDeps, { body: sent, exchange, params }: Call): Promise<Answer> {
  const { service, projects, access, log } = deps;
  const body = wire.webhookBody(sent);
  const { action } = body;
  const name = wire.projectName(body.project);
  const project = keyOf(deps, name);
  const labelConfig = (body.project as { label_config?: unknown } | null | undefined)?.label_config;
  const config = typeof labelConfig === 'string' && labelConfig !== '' ? labelConfig : null;
  // The log is where it helps, unless the event is lost: for want of room, or because it cannot be kept.
  const warn = (error: unknown) => {
    if (!(error instanceof AppError) || LOST.includes(error.code)) throw error;
    log.warn({ request_id: exchange.id, code: error.code, action }, clip(error.message, MESSAGE_LENGTH));
    return OK;
  };
  if (project !== null && action === 'PROJECT_UPDATED' && config !== null) {
    try {
      service.updateProject(deps.keys.exactly(name!), config);
    } catch (error) {
      return warn(error);
    }
  }
  if (project !== null && action === 'PROJECT_DELETED') {
    // It comes with the id alone, and to all webhooks of an organization: another Label Studio may mean its own.
    if (await access.isGone(project, deps.keys.isUndated(project))) await projects.remove(project);
    else
      log.warn(
        { request_id: exchange.id, project },
        `${action} came with the id alone, and Label Studio does not say that project ${project} is gone: nothing is removed; to remove it, POST /delete {"project": "${project}"}`,
      );
  }
  // The button's event is sent whole whatever the webhook's settings are; clients written by hand may leave this out.
  if (project === null && action !== 'START_TRAINING') {
    log.warn({ request_id: exchange.id, action }, `${action} ${NO_PAYLOAD}`);
    return OK;
  }
  if (!isLearning(action)) return OK;
  try {
    const jobs = await service.learn(action, body, project, config, params.model ?? null);
    return { json: { status: 'ok', ...jobsOf(jobs) } };
  } catch (error) {
    return warn(error);
  }
}
