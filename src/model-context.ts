import type { Logger } from 'pino';
import type { LabelConfig } from './label-config/parse.js';
import type { ModelContext } from './model.js';
import type { State } from './state.js';
import type { TaskData } from './task-data/fetch.js';

export interface ContextDeps {
  state: State;
  taskData: TaskData;
  log: Logger;
}

/** What the instance of a model for a project is made with, in the server and where it learns. */
export function modelContext(
  { state, taskData, log }: ContextDeps,
  name: string,
  project: string,
  labelConfig: LabelConfig,
): ModelContext {
  return {
    name,
    projectId: project,
    labelConfig,
    get extraParams() {
      return state.project(project)?.extraParams ?? {};
    },
    state: state.model(name, project),
    taskData,
    log: log.child({ model: name, project }),
  };
}
