import { serve } from '../../src/main.js';
import { Simple } from '../training/fit-models.js';

/** A backend whose code has something to do for ever. */
setInterval(() => {}, 1_000);
await serve(Simple);
