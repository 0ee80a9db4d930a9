import type Router from '@koa/router';
import type { Context } from 'koa';
import { AppError } from '../errors.js';
import type { Versions } from '../registry/versions.js';
import { projectOf } from './wire.js';

/** The versions of a model: listed, chosen, removed; those of a project with `?project=`. */
export function versionRoutes(router: Router, versions: () => Versions | null): void {
  const path = '/api/models/:model/versions';
  const asked = (ctx: Context) => {
    const { model, version } = ctx.params as { model: string; version: string };
    const all = versions();
    if (!all) throw new AppError('model_unknown', 'the models of this server are code, and have no versions');
    return { all, slot: { project: projectOf(ctx.query), model }, version };
  };

  router.get(path, async ctx => {
    const { all, slot } = asked(ctx);
    ctx.body = { ...slot, versions: await all.list(slot) };
  });

  router.post(`${path}/:version/activate`, async ctx => {
    const { all, slot, version } = asked(ctx);
    ctx.body = await all.activate(slot, version);
  });

  router.delete(`${path}/:version`, async ctx => {
    const { all, slot, version } = asked(ctx);
    await all.remove(slot, version);
    ctx.body = { status: 'ok' };
  });
}
