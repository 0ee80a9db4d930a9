// Loaded by inference processes before their own entry: sessions fail to be released, but for the one that tries the provider.
import { createRequire } from 'node:module';

const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node');
const { create } = InferenceSession;
InferenceSession.create = async (...args) => {
  const session = await create.apply(InferenceSession, args);
  if (typeof args[0] === 'string')
    session.release = async () => {
      throw new Error('the memory of the graph cannot be freed');
    };
  return session;
};
