import type { Logger } from 'pino';
import type { ModelContext } from './model.js';
import type { State } from './state.js';
import type { TaskData } from './task-data/fetch.js';

export interface ContextDeps {
  state: State;
  taskData: TaskData;
  log: Logger;
}

/** Whose instance it is, and what of a project it answers. */
export type Place = Pick<ModelContext, 'name' | 'project' | 'labelConfig' | 'controls'>;

/** What the instance of a model for a project is made with, in the server and where it learns. */
export function modelContext({ state, taskData, log }: ContextDeps, place: Place): ModelContext {
  const { name, project } = place;
  return {
    ...place,
    get extraParams() {
      return state.project(project)?.extraParams ?? {};
    },
    state: state.model(name, project),
    taskData,
    log: log.child({ model: name, project }),
  };
}
