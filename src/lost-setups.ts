import type { Logger } from 'pino';
import type { Config } from './config.js';
import { AppError, messageOf } from './errors.js';
import type { LabelStudioClient } from './label-studio/client.js';
import { listProjects } from './registry/repository.js';
import type { State } from './state.js';

export interface LostSetupsDeps {
  config: Pick<Config, 'DATA_DIR' | 'LABEL_STUDIO_URL'>;
  state: Pick<State, 'project'>;
  client: Pick<LabelStudioClient, 'requestSetup'>;
  log: Logger;
}

const BY_ITSELF =
  'it is known again when Label Studio sends /setup next, as when its page Settings, Model is opened';

/**
 * Lets Label Studio send `/setup` again for projects that have trained versions here and whose setup is not known any more,
 * as after a damaged state. To be called when the server listens, because Label Studio asks it at once.
 *
 * @param signal ends it, without an error
 * @example
 * await askForLostSetups({ config, state, client, log }, AbortSignal.timeout(60_000));
 */
export async function askForLostSetups(
  { config, state, client, log }: LostSetupsDeps,
  signal: AbortSignal,
): Promise<void> {
  const isLost = (project: string) => state.project(project) === undefined;
  for (const project of (await listProjects(config.DATA_DIR)).names.filter(isLost)) {
    const lost = `the setup of project ${project} is lost`;
    if (config.LABEL_STUDIO_URL === null) {
      log.warn({ project }, `${lost}: ${BY_ITSELF}. With LABEL_STUDIO_URL, this server asks for it`);
      continue;
    }
    try {
      await client.requestSetup(project, signal);
      if (isLost(project)) log.warn({ project }, `${lost}, and Label Studio did not send it: ${BY_ITSELF}`);
      else
        log.info({ project }, `the setup of project ${project} was lost, and Label Studio has sent it again`);
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ project }, `${lost}: ${BY_ITSELF}. ${messageOf(error)}`);
      // The others are in the same Label Studio.
      if (error instanceof AppError && error.code === 'label_studio_unreachable') return;
    }
  }
}
