import { expect } from 'chai';
import { differences, type Fitted, fitted } from './sklearn.js';

/** What scikit-learn computes in float32 is compared with what that can hold. */
const SINGLE = new Set(['single-precision', 'hashing-char-wb']);

describe('text features compared with scikit-learn', function () {
  this.timeout(180_000);
  let made: Fitted | undefined;

  before(async () => {
    made = await fitted('sklearn_features.py');
  });
  after(() => made?.remove());

  it('gives the same rows in every configuration', async () => {
    expect(made!.cases).to.have.length.above(40);
    const found = await differences(made!, name => (SINGLE.has(name) ? 1e-6 : 1e-12));
    expect(found.slice(0, 10)).to.deep.equal([]);
  });
});
