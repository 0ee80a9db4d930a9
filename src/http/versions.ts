import { AppError } from '../errors.js';
import type { ProjectKeys } from '../project-keys.js';
import type { Versions } from '../registry/versions.js';
import type { Call, Route } from './route.js';
import { projectOf } from './wire.js';

const PATH = '/api/models/{model}/versions';
const COMMON = { access: 'basic', metric: 'api' } as const;

/** The versions of a model: listed, chosen, removed; those of a project with `?project=`. */
export function versionRoutes({
  versions: all,
  keys,
}: {
  versions: Versions | null;
  keys: ProjectKeys;
}): Route[] {
  const asked = ({ params, query }: Call) => {
    const { model = '', version = '' } = params;
    if (!all) throw new AppError('model_unknown', 'the models of this server are code, and have no versions');
    const name = projectOf(query);
    return { all, slot: { project: name && keys.of(name), model }, version };
  };
  return [
    {
      ...COMMON,
      method: 'GET',
      path: PATH,
      meaning:
        'the versions of a project with `?project=`, else the shipped ones: scores, counts, and which one serves',
      async handle(call) {
        const { all, slot } = asked(call);
        return { json: { ...slot, versions: await all.list(slot) } };
      },
    },
    {
      ...COMMON,
      method: 'POST',
      path: `${PATH}/{version}/activate`,
      meaning: 'lets a version serve the project in `?project=`, an older or a rejected one too',
      async handle(call) {
        const { all, slot, version } = asked(call);
        return { json: await all.activate(slot, version) };
      },
    },
    {
      ...COMMON,
      method: 'DELETE',
      path: `${PATH}/{version}`,
      meaning: 'removes a version of the project in `?project=`, unless it serves',
      async handle(call) {
        const { all, slot, version } = asked(call);
        await all.remove(slot, version);
        return { json: { status: 'ok' } };
      },
    },
  ];
}
