import { serve } from '../../src/main.js';

/** A server with the kind of `slow-kind.mjs`. */
await serve([], { kinds: [new URL('./slow-kind.mjs', import.meta.url)] });
