import { NO_TELEMETRY } from '../no-telemetry.js';

/** What the programs that a job runs get of the server's environment. */

export type Environment = Readonly<Record<string, string | undefined>>;

const NEEDED =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|LD_LIBRARY_PATH|CUDA_VISIBLE_DEVICES|[A-Z]+_NUM_THREADS|PYTHON\w*)$/;
/** What installing packages needs beyond that: where they come from, and the way there. */
const INSTALLING = /^(?:(?:PIP|UV)_\w+|\w+_proxy|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE)$/i;
/** What lets others into this server, or this server into Label Studio. */
const SECRETS = new Set(['BASIC_AUTH_USER', 'BASIC_AUTH_PASS', 'WEBHOOK_SECRET', 'LABEL_STUDIO_API_KEY']);

function only(environment: Environment, wanted: (name: string) => boolean): Record<string, string> {
  const kept = Object.entries(environment).filter(([name, value]) => value !== undefined && wanted(name));
  return { ...Object.fromEntries(kept as [string, string][]), ...NO_TELEMETRY };
}

/** What a trainer gets: where programs and its home are, the language, and no word of the server's own settings. */
export function trainerEnvironment(environment: Environment): Record<string, string> {
  return only(environment, name => NEEDED.test(name));
}

/** What pip and uv get as well. */
export function installerEnvironment(environment: Environment): Record<string, string> {
  return only(environment, name => INSTALLING.test(name));
}

/** What the user's own class gets, which may rely on any variable: all but the server's secrets. */
export function fitEnvironment(environment: Environment): Record<string, string> {
  return only(environment, name => !SECRETS.has(name));
}
