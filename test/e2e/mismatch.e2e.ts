import { assert } from 'chai';
import { labelStudio, modelDir, SENTIMENT_CONFIG, startBackend, stopAll } from './world.js';

const SPAM_CONFIG = SENTIMENT_CONFIG.replace('"Positive"', '"Spam"').replace('"Negative"', '"Ham"');
const RANKER_CONFIG = '<View><List name="list" value="$items"/><Ranker name="rank" toName="list"/></View>';

const MISMATCH =
  "the model 'sentiment' predicts Negative, Positive; the config's Choices 'sentiment' has Spam, Ham, Neutral";
const NO_CHOICES = "the model 'sentiment' fills Choices on Text or HyperText";

describe('a project that no model fits', () => {
  let url: string;

  before(async () => {
    ({ url } = await startBackend());
  });
  after(stopAll);

  /** What Label Studio tells a user whose backend it does not take. */
  async function refusal(config: string, address = url): Promise<string> {
    const project = await labelStudio().createProject(config);
    const { status, body } = await labelStudio().connect(project, address);
    assert.equal(status, 400);
    return JSON.stringify(body).replaceAll('\\"', '"');
  }

  it('is told which labels the model and which the config has', async () => {
    assert.include(await refusal(SPAM_CONFIG), MISMATCH);
  });

  it('is told that the model does not fill its tags', async () => {
    assert.include(await refusal(RANKER_CONFIG), NO_CHOICES);
  });

  it('is told so on the page of models when its config changes later', async () => {
    const project = await labelStudio().createProject(SENTIMENT_CONFIG);
    assert.equal((await labelStudio().connect(project, url)).status, 201);
    await labelStudio().ask('PATCH', `/projects/${project}/`, { label_config: SPAM_CONFIG });
    const [backend] = await labelStudio().backends(project);
    assert.equal(backend!.readable_state, 'Error');
    assert.include(backend!.error_message, MISMATCH);

    await labelStudio().ask('PATCH', `/projects/${project}/`, { label_config: SENTIMENT_CONFIG });
    const [again] = await labelStudio().backends(project);
    assert.include(again, { readable_state: 'Connected', error_message: null });
  });

  it('is told which models there are when several fit, and when the one that it names is not there', async () => {
    const several = await startBackend({ MODEL_DIR: await modelDir('reviews', 'sentiment') });
    const ambiguous = await refusal(SENTIMENT_CONFIG, several.url);
    assert.include(ambiguous, 'several models fit this labeling config: reviews, sentiment; choose one');
    const unknown = await refusal(SENTIMENT_CONFIG, `${several.url}/models/reviewz`);
    assert.include(unknown, "there is no model 'reviewz'; there is reviews, sentiment");
  });
});
