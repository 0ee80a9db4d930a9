import Koa from 'koa';
import bodyParser from 'koa-bodyparser';

/** The ceiling: what Koa alone can do with the same JSON. No model, no validation, no log. */
const app = new Koa();
app.use(bodyParser({ jsonLimit: '64mb' }));
app.use(ctx => {
  ctx.body = ctx.request.body;
});
app.listen(Number(process.env.PORT), '127.0.0.1');
