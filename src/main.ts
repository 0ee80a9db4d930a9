import { once } from 'node:events';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { type Logger, pino } from 'pino';
import { createBackend, isLoopback } from './backend.js';
import { inBackground } from './background.js';
import { type Config, readConfig } from './config.js';
import { AppError, messageOf } from './errors.js';
import { createHttpServer } from './http/server.js';
import { LogLines, outputOf } from './log-lines.js';
import type { ModelClass } from './model.js';
import { NO_TELEMETRY } from './no-telemetry.js';
import { readable } from './readable-log.js';
import { shownError } from './shown-error.js';
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
 * Starts a backend for Label Studio and listens; SIGTERM and SIGINT stop it, SIGHUP reads the model repository again.
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
  const config = readConfig(options.env ?? process.env);
  const log = (options.log ?? createLog(config.LOG_LEVEL)).child({}, { serializers: { err: shownError } });
  const entry = options.entry ?? ownEntry();
  // What this process and its programs write is nobody else's, wherever it lies.
  const umask = process.umask(0o077);
  const backend = await createBackend({
    config,
    log,
    models: [models].flat(),
    lost(error) {
      log.fatal(messageOf(error));
      process.exit(1);
    },
    ...(entry ? { entry } : {}),
    ...(options.kinds ? { kinds: options.kinds } : {}),
  });
  const { server, drain } = createHttpServer(backend.app);
  try {
    await listen(server, config);
  } catch (error) {
    await backend.close();
    process.umask(umask);
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const url = `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${port}`;

  const reload = () => {
    inBackground(log, 'the model repository could not be read', backend.reload());
  };
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      log.info('stopping: requests in flight are finished first');
      process.off('SIGHUP', reload);
      backend.leaving();
      await drain(config.DRAIN_TIMEOUT);
      await backend.close();
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, stop);
      dieAgain();
      process.umask(umask);
    })();
    return closing;
  };
  const stop = () => {
    // Whoever signals again does not want to wait.
    if (closing) process.exit(1);
    close().catch(error => {
      log.fatal({ err: error }, messageOf(error));
      process.exitCode = 1;
    });
  };
  const dieAgain = surviveUncaught(process, log);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', reload);
  // Only now: whoever waits for this line may send a signal at once.
  announce(
    config,
    log,
    url,
    backend.provider,
    backend.describe().models.map(({ name }) => name),
  );
  log.flush();
  inBackground(log, 'the projects below DATA_DIR could not be read', backend.askForLostSetups());
  return { url, close };
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
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.stdout.write(`\n${JSON.stringify({ error: messageOf(error) })}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', fail);
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

function announce(
  config: Config,
  log: Logger,
  url: string,
  provider: string | null,
  models: readonly string[],
): void {
  log.info(
    { models, provider: provider ?? undefined },
    `serving ${models.join(', ') || 'no model'} on ${url}`,
  );
  if (models.length === 0)
    log.warn(`there is no model in ${config.MODEL_DIR}: put one there, it is found without a restart`);
  if (!isLoopback(config.HOST) && config.BASIC_AUTH_USER === null) {
    log.warn(
      `anybody who reaches ${config.HOST} may use this server: set BASIC_AUTH_USER and BASIC_AUTH_PASS`,
    );
  }
}
