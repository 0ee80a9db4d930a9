import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { type Logger, pino } from 'pino';
import { type Backend, type BackendOptions, createBackend, isLoopback } from './backend.js';
import { inBackground } from './background.js';
import { type Config, readConfig, SETTINGS } from './config.js';
import { AppError, clip, MESSAGE_LENGTH, messageOf } from './errors.js';
import { connectionsFor } from './http/connections.js';
import { createHttpServer, type HttpServer, TIME_LIMITS } from './http/server.js';
import { LogLines, outputOf } from './log-lines.js';
import { misspelt } from './misspelt.js';
import type { ModelClass } from './model.js';
import { NO_TELEMETRY } from './no-telemetry.js';
import { descriptorLimit } from './proc.js';
import { readable } from './readable-log.js';
import { shownError } from './shown-error.js';
import { onStopSignals } from './stop-signals.js';
import type { Entry } from './training/fit.js';
import { FIT_VARIABLE, type FitMessage, type FitRequest, runFit } from './training/fit-child.js';
import { surviveUncaught } from './uncaught.js';

export interface ServeOptions {
  /** Settings; the process's environment by default. */
  env?: Readonly<Record<string, string | undefined>>;
  log?: Logger;
  /** The script that `fit` is run by, in a process of its own; by default the one that this process runs. */
  entry?: Entry;
  /** Modules of input and region kinds, beside those of the server; see CONTRIBUTING.md. */
  kinds?: readonly (string | URL)[];
}

export interface Server {
  /** Where it listens, such as `http://127.0.0.1:9090`. */
  url: string;
  /** Stops listening, lets requests in flight finish, ends the inference processes. */
  close(): Promise<void>;
}

/**
 * Starts a backend for Label Studio and listens; SIGTERM and SIGINT stop it, also while it starts, SIGHUP reads the model
 * repository again. A server that was stopped so ends its process with exit code 0; a second signal ends it at once, with 1.
 *
 * @param models your classes; none: the models of the folder `MODEL_DIR`
 * @throws AppError when a setting is invalid, the execution provider does not work here, or the port is taken
 * @example
 * await serve(MyModel);
 */
export async function serve(
  models: ModelClass | readonly ModelClass[] = [],
  options: ServeOptions = {},
): Promise<Server> {
  if (process.env[FIT_VARIABLE] !== undefined && process.send) return learn([models].flat());
  // A class may bring an ONNX Runtime of its own.
  Object.assign(process.env, NO_TELEMETRY);
  const { env = process.env } = options;
  const config = readConfig(env);
  const log = (options.log ?? createLog(config.LOG_LEVEL)).child({}, { serializers: { err: shownError } });
  for (const { given, nearest } of misspelt(env, Object.keys(SETTINGS)))
    log.warn(
      `${clip(given, 100)} is not a setting of this server and changes nothing: ${nearest} is, if that was meant`,
    );
  const entry = options.entry ?? ownEntry();
  // What this process and its programs write is nobody else's, wherever it lies.
  const umask = process.umask(0o077);
  const starting = new AbortController();
  const leaveSignals = onStopSignals({
    async stop() {
      starting.abort(new AppError('shutting_down', 'the server was stopped while it started'));
      await started.then(close, () => {});
    },
    timeout: config.DRAIN_TIMEOUT,
    failed: error => log.fatal({ err: error }, messageOf(error)),
  });
  const reload = () => {
    // One that starts reads it anyway.
    void started.then(({ backend }) => backend.reload()).catch(unreadable);
  };
  const unreadable = (error: unknown) => {
    if (!starting.signal.aborted) log.error({ err: error }, 'the model repository could not be read');
  };
  process.on('SIGHUP', reload);
  const leave = () => {
    leaveSignals();
    process.off('SIGHUP', reload);
    process.umask(umask);
  };
  const started = start(config, {
    config,
    log,
    models: [models].flat(),
    signal: starting.signal,
    lost(error) {
      log.fatal(messageOf(error));
      process.exit(1);
    },
    ...(entry ? { entry } : {}),
    ...(options.kinds ? { kinds: options.kinds } : {}),
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= started.then(async ({ backend, drain }) => {
      log.info('stopping: requests in flight are finished first');
      process.off('SIGHUP', reload);
      // Jobs have the same time as requests.
      backend.leaving();
      await drain(config.DRAIN_TIMEOUT);
      await backend.close();
      dieAgain();
      leave();
    });
    return closing;
  };
  let running: Started;
  try {
    running = await started;
  } catch (error) {
    // It was asked to end, and has given up what it had.
    if (starting.signal.aborted) {
      log.info('stopped while it started');
      return process.exit(0);
    }
    leave();
    throw error;
  }
  const { backend, server } = running;
  const dieAgain = surviveUncaught(process, log);
  const { port } = server.address() as AddressInfo;
  const url = `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${port}`;
  announce(config, log, url, backend);
  log.flush();
  inBackground(log, 'the projects below DATA_DIR could not be read', backend.askForLostSetups());
  return { url, close };
}

/** A backend that listens. */
interface Started {
  backend: Backend;
  server: NetServer;
  drain: HttpServer['drain'];
}

async function start(config: Config, options: BackendOptions): Promise<Started> {
  // One that is taken is told before the models are loaded, which takes long, and after another server of the folder has left it.
  const opened = async () => {
    const probe = createServer();
    await listen(probe, config);
    await once(probe.close(), 'close');
  };
  const backend = await createBackend({ ...options, opened });
  const { server, drain } = createHttpServer(backend.app, {
    ...TIME_LIMITS,
    connections: connectionsFor(descriptorLimit()),
  });
  try {
    await listen(server, config);
  } catch (error) {
    await backend.close();
    throw error;
  }
  return { backend, server, drain };
}

/** What this process was started with. */
function ownEntry(): Entry | undefined {
  const [, script, ...args] = process.argv;
  return script === undefined ? undefined : { script, args, execArgv: process.execArgv };
}

/** Learns in the place of serving, as the server that started this process asks, and ends it. */
function learn(models: readonly ModelClass[]): Promise<never> {
  // Servers that `fit` starts are none of ours.
  delete process.env[FIT_VARIABLE];
  const send = (message: FitMessage) =>
    new Promise<void>(resolve => process.send!(message, undefined, {}, () => resolve()));
  const fail = (error: unknown) => {
    process.stderr.write(`${shownError(error).stack}\n`);
    process.stdout.write(`\n${JSON.stringify({ error: clip(messageOf(error), MESSAGE_LENGTH) })}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  // Node puts an error of its own in the place of one that is no Error.
  process.on('unhandledRejection', fail);
  // The server has ended, however it did.
  process.once('disconnect', () => process.exit(1));
  process.once('message', async (request: FitRequest) => {
    try {
      await send(await runFit(models, request, pino({ level: request.logLevel })));
      process.exit(0);
    } catch (error) {
      fail(error);
    }
  });
  void send({ ready: true });
  return new Promise(() => {});
}

/** JSON lines for programs, sentences for somebody at a terminal. */
function createLog(level: Config['LOG_LEVEL']): Logger {
  // Without listeners, an error of what a class prints would end the process: nobody may read it any more.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const lines = new LogLines(outputOf(process.stdout), process.stdout.isTTY ? readable : undefined);
  process.on('exit', () => lines.end());
  return pino({ level }, lines);
}

async function listen(server: NetServer, { PORT, HOST }: Config): Promise<void> {
  try {
    server.listen(PORT, HOST);
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE'
        ? `PORT=${PORT}: another server listens on ${HOST}:${PORT}; stop it or set PORT`
        : `HOST=${HOST}, PORT=${PORT}: this server cannot listen there: ${messageOf(error)}`;
    throw new AppError('setting_invalid', why, { cause: error });
  }
}

function announce(config: Config, log: Logger, url: string, { provider, describe }: Backend): void {
  const { models, problems } = describe();
  const served = models.filter(({ versions }) => versions.length > 0).map(({ name }) => name);
  log.info(
    { models: served, provider: provider ?? undefined },
    `serving ${served.join(', ') || 'no model'} on ${url}`,
  );
  // What is wrong with the others has been told.
  const told = new Set([...served, ...problems.map(({ model }) => model)]);
  const without = models.map(({ name }) => name).filter(name => !told.has(name));
  if (without.length > 0)
    log.info(
      { models: without },
      `without a version, so not served: ${without.join(', ')}; the README of each says how to get one, such as \`make models\``,
    );
  if (config.LABEL_STUDIO_API_KEY !== null && config.LABEL_STUDIO_URL === null)
    log.warn(
      'LABEL_STUDIO_API_KEY is set and not used, as it goes to LABEL_STUDIO_URL alone: set that as well',
    );
  if (models.length === 0)
    log.warn(`there is no model in ${config.MODEL_DIR}: put one there, it is found without a restart`);
  if (!isLoopback(config.HOST) && config.BASIC_AUTH_USER === null) {
    log.warn(
      `anybody who reaches ${config.HOST} may use this server: set BASIC_AUTH_USER and BASIC_AUTH_PASS`,
    );
  }
}
