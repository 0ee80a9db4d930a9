import { serve } from '../../src/main.js';
import { Learner, Simple } from './fit-models.js';

/** A backend of one's own, as a server and as the process of its `fit`. */
await serve([Learner, Simple]);
